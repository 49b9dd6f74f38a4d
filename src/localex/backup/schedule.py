"""When a backup and a drill are due. Pure functions; times are aware and in UTC."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# After a failure; a full disk does not empty itself within seconds.
BACKUP_PAUSE = timedelta(minutes=10)
DRILL_PAUSE = timedelta(hours=1)
MOMENTS = ("backup_tried_at", "drill_tried_at", "drill_ended_at", "drill_passed_at", "proven_to")


@dataclass(frozen=True, slots=True)
class Memory:
    """What must survive a restart of the backup part, so that nothing is done twice or tried all the time."""

    first_seen_at: datetime
    backup_tried_at: datetime | None = None
    drill_tried_at: datetime | None = None
    # Whether it passed, failed, or could not even begin; without it the last one was killed.
    drill_ended_at: datetime | None = None
    drill_passed_at: datetime | None = None
    # The newest moment that a drill brought back.
    proven_to: datetime | None = None
    drill_failed: bool = False
    # The place that all this is about; in a new one everything begins anew.
    store: str = ""

    def to_json(self) -> dict[str, object]:
        """For the file."""
        found = {name: getattr(self, name) for name in ("first_seen_at", *MOMENTS)}
        return {
            **{name: value and value.isoformat() for name, value in found.items()},
            "store": self.store,
            "drill_failed": self.drill_failed,
        }

    @classmethod
    def from_json(cls, found: dict[str, object], *, now: datetime) -> "Memory":
        """From the file; what cannot be read is forgotten."""
        return cls(
            first_seen_at=_moment(found.get("first_seen_at")) or now,
            store=str(found.get("store") or ""),
            drill_failed=bool(found.get("drill_failed")),
            **{name: _moment(found.get(name)) for name in MOMENTS},
        )


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError:
        return None


def quiet_hour(now: datetime, hour: int) -> datetime:
    """The last time that it was `hour` o'clock."""
    today = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)


def is_backup_due(memory: Memory, *, last_backup_at: datetime | None, now: datetime, hour: int) -> bool:
    """Once a day after the quiet hour, at once when there is none; one that was missed is made up for."""
    if memory.backup_tried_at is not None and now - memory.backup_tried_at < BACKUP_PAUSE:
        return False
    return last_backup_at is None or last_backup_at < quiet_hour(now, hour)


def is_drill_due(memory: Memory, *, last_backup_at: datetime | None, now: datetime, hour: int) -> bool:
    """Once a day, after that day's backup, which therefore is the one that gets proven."""
    if last_backup_at is None or last_backup_at < quiet_hour(now, hour) - timedelta(days=1):
        return False
    if memory.drill_tried_at is not None and now - memory.drill_tried_at < DRILL_PAUSE:
        # Only one that was killed before the first proof is tried again at once, by the next process.
        was_killed = memory.drill_ended_at is None or memory.drill_ended_at < memory.drill_tried_at
        return was_killed and memory.drill_passed_at is None and not memory.drill_failed
    return memory.drill_passed_at is None or memory.drill_passed_at < quiet_hour(now, hour)
