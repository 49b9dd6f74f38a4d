"""Five cron fields, in UTC: minute, hour, day of month, month, day of week (0 and 7 are Sunday).

Each is `*`, a number, a range `a-b`, a step `*/n` or `a-b/n`, or several of these with commas. As in cron, when both
days are restricted, either one suffices.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    is_either_day: bool

    def matches_day(self, moment: datetime) -> bool:
        """Whether it fires at all on the day of `moment`."""
        if moment.month not in self.months:
            return False
        by_date, by_weekday = moment.day in self.days, moment.isoweekday() % 7 in self.weekdays
        return (by_date or by_weekday) if self.is_either_day else (by_date and by_weekday)

    def next_after(self, moment: datetime) -> datetime:
        """The first minute after `moment` at which it fires; ValueError when that is not within four years."""
        candidate = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        limit = candidate + timedelta(days=4 * 366)
        while candidate < limit:
            if not self.matches_day(candidate):
                candidate = candidate.replace(hour=0, minute=0) + timedelta(days=1)
            elif candidate.hour not in self.hours:
                candidate = candidate.replace(minute=0) + timedelta(hours=1)
            elif candidate.minute not in self.minutes:
                candidate += timedelta(minutes=1)
            else:
                return candidate
        raise ValueError("this schedule never fires")


def parse(expression: str) -> Cron:
    """The meaning of five fields; ValueError that names the field that is wrong."""
    fields = expression.split()
    if len(fields) != len(_RANGES):
        raise ValueError(f"a cron schedule has five fields, and {expression!r} has {len(fields)}")
    minutes, hours, days, months, weekdays = (
        _parse_field(field, low, high) for field, (low, high) in zip(fields, _RANGES, strict=True)
    )
    return Cron(
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=frozenset(day % 7 for day in weekdays),
        is_either_day=fields[2] != "*" and fields[4] != "*",
    )


def _parse_field(field: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        try:
            start = low if first == "*" else int(first)
            end = int(last) if last else high if first == "*" or step else start
            stride = int(step) if step else 1
        except ValueError:
            raise ValueError(f"{part!r} is not a cron field") from None
        if not (low <= start <= end <= high and stride >= 1):
            raise ValueError(f"{part!r} is outside {low} to {high}")
        found.update(range(start, end + 1, stride))
    return frozenset(found)
