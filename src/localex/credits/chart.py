"""The small chart of a balance over time: the points, and where the server draws them. Amounts are hundredths."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from localex.credits.statements import Place, add_up, find_first_moment, find_places
from localex.lib import clock

# Name in the address: (words, days or None for all of it). 92 points at most, whatever the history.
SPANS: Final = {"90": ("90 days", 90), "365": ("1 year", 365), "all": ("All", None)}
DAILY: Final = "90"
STEPS: Final = 91
WEEK: Final = 7

# The drawing's own units; the page stretches it and keeps the strokes' width.
WIDTH: Final = 720
HEIGHT: Final = 200


@dataclass(frozen=True, slots=True)
class Point:
    """What the member had at a moment."""

    at: datetime
    balance: int


@dataclass(frozen=True, slots=True)
class Course:
    """Where the member's accounts stood at the moments of a drawing, and at others that somebody asked for with them.

    `came_at` is when their first entry was booked; None before that.
    """

    span: str
    now: datetime
    zone: ZoneInfo
    came_at: datetime | None
    places: list[Place]


@dataclass(frozen=True, slots=True)
class Chart:
    """`line` and `area` are SVG paths, `end` is the last point; `ticks` are the amounts at its top, middle and bottom.

    The middle has none where the drawing goes below zero: the line at zero is drawn instead.

    `rows` are the points where the balance was another one than before, newest first, for the table beside it.
    """

    span: str
    first: Point
    last: Point
    lowest: int
    highest: int
    ticks: tuple[int, int | None, int]
    line: str
    area: str
    end: str
    zero: float | None
    rows: list[Point]


def find_course(*, community_id: UUID, owner: UUID, span: str, zone: ZoneInfo, also: Sequence[datetime] = ()) -> Course:
    """What a drawing of `span` needs, and the places of `also` (at most 100). One query for 90 days, else two."""
    now = clock.now()
    span = span if span in SPANS else DAILY
    came_at: datetime | None = now - timedelta(days=STEPS)
    if span != DAILY:
        # How far apart the points are depends on it; days stay where they are.
        came_at = find_first_moment(community_id=community_id, owner=owner)
    moments = list_moments(span, came_at or now, now, zone)
    places = find_places(community_id, owner, [*moments, _end(now), *also])
    came_at = min((place.came_at for place in places if place.came_at), default=None)
    return Course(span, now, zone, came_at, places)


def build_chart(course: Course) -> Chart | None:
    """The balance at the end of days or weeks, and now, or None on a member's first day.

    A step at the edge of an empty drawing says less than the balance beside it. It begins with the member's first entry
    when that is later than the span: nobody sees a time before they came.
    """
    if course.came_at is None or _day(course.came_at, course.zone) == _day(course.now, course.zone):
        return None
    moments = list_moments(course.span, course.came_at, course.now, course.zone)
    balances = add_up(course.places, [*moments, _end(course.now)])
    # The end of a day is the midnight after it, which is said as the day that it ends.
    points = [Point(at - timedelta(microseconds=1), balance) for at, balance in zip(moments, balances, strict=False)]
    return draw(course.span, [*points, Point(course.now, balances[-1])])


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def list_spans(course: Course) -> list[dict[str, str]]:
    """The lengths to choose from: none when the shortest shows all there is."""
    age = course.now - (course.came_at or course.now)
    shorter = [name for name, (_, days) in SPANS.items() if days and age > timedelta(days=days)]
    return [{"value": name, "label": SPANS[name][0]} for name in (*shorter, "all")] if shorter else []


def _end(now: datetime) -> datetime:
    """The last moment lies ahead, so that it includes what the database, whose clock is another, has just booked."""
    return now + timedelta(days=1)


def list_moments(span: str, first: datetime, now: datetime, zone: ZoneInfo) -> list[datetime]:
    """The ends of days before today, oldest first, at least one and at most 91; midnights in `zone`.

    The first of them is the day before the member's first entry, or the first of the span.
    """
    days = SPANS[span][1]
    today, came = now.astimezone(zone).date(), first.astimezone(zone).date()
    before = (today - came).days + 1
    length = before if days is None else min(days, before)
    step = 1
    if length > STEPS:
        # A year by weeks; of all of it as many days as fit, evenly.
        step = WEEK if days else -(-(length - 1) // (STEPS - 1))
    count = max(1, 1 - (1 - length) // step)
    # Backwards from yesterday, by weeks from the last Sunday, so that the points stay where they are from day to day.
    last = today - timedelta(days=today.weekday() if step == WEEK else 0)
    midnights = [last - timedelta(days=step * back) for back in range(count)]
    return [datetime.combine(day, time(), zone) for day in midnights[::-1]]


def draw(span: str, points: Sequence[Point]) -> Chart:
    """Lay out at least two points as steps: a balance stays until it changes."""
    lowest, highest = (pick(point.balance for point in points) for pick in (min, max))
    bottom, top = _edges(lowest, highest)

    def place(index: int) -> tuple[str, str]:
        x = WIDTH * index / (len(points) - 1)
        y = HEIGHT * (top - points[index].balance) / (top - bottom)
        return f"{x:.1f}", f"{y:.1f}"

    x, y = place(0)
    path = [f"M{x} {y}"]
    for index in range(1, len(points)):
        x, y = place(index)
        path.append(f"H{x}" if points[index].balance == points[index - 1].balance else f"H{x}V{y}")
    base = HEIGHT * top / (top - bottom)
    line = "".join(path)
    changes = [points[0], *(b for a, b in pairwise(points) if a.balance != b.balance)]
    return Chart(
        span=span,
        first=points[0],
        last=points[-1],
        lowest=lowest,
        highest=highest,
        ticks=(top, None if bottom < 0 else top // 2, bottom),
        line=line,
        area=f"{line}V{base:.1f}H0Z",
        end=f"M{x} {y}h0",
        zero=base if bottom < 0 else None,
        rows=changes[::-1],
    )


def _edges(lowest: int, highest: int) -> tuple[int, int]:
    """Round amounts round the values, with zero among them, so that a small change never looks like a large one."""
    return (-_round_up(-lowest) if lowest < 0 else 0), _round_up(max(highest, 0))


def _round_up(amount: int) -> int:
    """The next round amount that can be halved, in hundredths; at least one credit."""
    unit = 100
    while amount > 10 * unit:
        unit *= 10
    steps = (1, 2, 4, 6, 8, 10) if unit == 100 else (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
    return next(int(unit * step) for step in steps if amount <= unit * step)
