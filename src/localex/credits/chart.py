"""The small chart of a balance over time: the points, and where the server draws them. Amounts are hundredths."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID

from localex.credits.statements import find_balances, find_first_moment
from localex.lib import clock

# Name in the address: (words, days or None for all of it). 91 points at most, whatever the history.
SPANS: Final = {"90": ("90 days", 90), "365": ("1 year", 365), "all": ("All", None)}
STEPS: Final = 90
SHORTEST: Final = timedelta(days=7)

# The drawing's own units; the page stretches it and keeps the strokes' width.
WIDTH: Final = 720
HEIGHT: Final = 200


@dataclass(frozen=True, slots=True)
class Point:
    """What the member had at a moment."""

    at: datetime
    balance: int


@dataclass(frozen=True, slots=True)
class Chart:
    """`line` and `area` are SVG paths, `end` is the last point; `ticks` are the amounts at its top, middle and bottom.

    `rows` are the points where the balance was another one than before, newest first, for the table beside it.
    """

    span: str
    first: Point
    last: Point
    lowest: int
    highest: int
    ticks: tuple[int, int, int]
    line: str
    area: str
    end: str
    zero: float | None
    rows: list[Point]


def build_chart(*, community_id: UUID, owner: UUID, span: str) -> Chart | None:
    """The balance at the end of each of 90 equal steps, or None before anything was booked. One or two queries."""
    now = clock.now()
    span = span if span in SPANS else "90"
    days = SPANS[span][1]
    if days is None:
        first = find_first_moment(community_id=community_id, owner=owner)
        length = max(SHORTEST, now - first) if first else SHORTEST
    else:
        length = timedelta(days=days)
    moments = [now - length + length * step / STEPS for step in range(STEPS)]
    # The last one lies ahead, so that it includes what the database, whose clock is another, has just booked.
    found = find_balances(community_id=community_id, owner=owner, moments=[*moments, now + timedelta(days=1)])
    points = [Point(at, balance) for at, balance in zip([*moments, now], (row[1] for row in found), strict=True)]
    return draw(span, points) if any(point.balance for point in points) else None


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
        ticks=(top, (top + bottom) // 2, bottom),
        line=line,
        area=f"{line}V{base:.1f}H0Z",
        end=f"M{x} {y}h0",
        zero=base if bottom < 0 else None,
        rows=changes[::-1],
    )


def _edges(lowest: int, highest: int) -> tuple[int, int]:
    """Round amounts round the values, with zero at the foot, so that a small change never looks like a large one.

    Below zero there is as much room as above it, so that zero is the line in the middle.
    """
    edge = _round_up(max(highest, -lowest, 0))
    return (-edge if lowest < 0 else 0), edge


def _round_up(amount: int) -> int:
    """The next round amount that can be halved, in hundredths; at least one credit."""
    unit = 100
    while amount > 10 * unit:
        unit *= 10
    steps = (1, 2, 4, 6, 8, 10) if unit == 100 else (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
    return next(int(unit * step) for step in steps if amount <= unit * step)
