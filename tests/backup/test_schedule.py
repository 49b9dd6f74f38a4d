"""When a backup and a drill are due."""

from datetime import UTC, datetime, timedelta

import pytest

from localex.backup.schedule import Memory, is_backup_due, is_drill_due, quiet_hour

NOW = datetime(2026, 11, 23, 14, 32, 7, tzinfo=UTC)
NEW = Memory(first_seen_at=NOW)


def ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def test_the_quiet_hour_is_the_last_one() -> None:
    assert quiet_hour(NOW, 3) == datetime(2026, 11, 23, 3, tzinfo=UTC)
    assert quiet_hour(NOW, 15) == datetime(2026, 11, 22, 15, tzinfo=UTC)
    assert quiet_hour(quiet_hour(NOW, 3), 3) == quiet_hour(NOW, 3)


@pytest.mark.parametrize(
    ("last", "tried", "is_due"),
    [
        (None, None, True),
        (None, ago(0.1), False),  # it failed six minutes ago
        (None, ago(0.2), True),
        (ago(11), ago(11), False),  # half past three today
        (ago(12), ago(12), True),  # half past two today, so yesterday's
        (ago(240), ago(240), True),  # the machine was off for days
    ],
)
def test_backups(last: datetime | None, tried: datetime | None, is_due: bool) -> None:
    memory = Memory(first_seen_at=NOW, backup_tried_at=tried)
    assert is_backup_due(memory, last_backup_at=last, now=NOW, hour=3) is is_due


def test_a_drill_follows_the_first_backup_at_once_and_then_comes_daily() -> None:
    def is_due(memory: Memory, last: datetime | None) -> bool:
        return is_drill_due(memory, last_backup_at=last, now=NOW, hour=3)

    assert not is_due(NEW, None)
    assert is_due(NEW, ago(0.01))
    assert not is_due(Memory(ago(90), drill_tried_at=ago(11), drill_passed_at=ago(11)), ago(11))
    assert is_due(Memory(ago(90), drill_tried_at=ago(35), drill_passed_at=ago(35)), ago(11))
    # A failure is tried again, though not all the time; a kill is tried again with the next start.
    assert not is_due(Memory(ago(90), drill_tried_at=ago(0.5), drill_failed=True), ago(11))
    assert is_due(Memory(ago(90), drill_tried_at=ago(1.5), drill_failed=True), ago(11))
    # One that could not begin because another one ran waits as well; one that was killed does not.
    assert not is_due(Memory(ago(90), drill_tried_at=ago(0.5), drill_ended_at=ago(0.4)), ago(11))
    assert is_due(Memory(ago(90), drill_tried_at=ago(0.5), drill_ended_at=ago(9)), ago(11))


def test_the_memory_survives_a_restart_and_a_damaged_file() -> None:
    memory = Memory(ago(90), ago(11), ago(10), ago(9), ago(8), ago(7), drill_failed=True, store="/mnt/other")
    assert Memory.from_json(memory.to_json(), now=NOW) == memory
    assert Memory.from_json({"first_seen_at": "yesterday"}, now=NOW) == NEW
