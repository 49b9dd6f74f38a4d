"""Tasks that repeat: the rhythm, missed ticks, changed declarations."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from localex.jobs import cron, schedules
from localex.jobs.models import Job, Schedule
from localex.jobs.worker import run_until_idle
from localex.lib import clock
from tests.jobs.sample_tasks import mark_both, marks, tick_mark

NAME = "samples.tick"


@pytest.fixture
def hourly() -> Iterator[None]:
    schedules.register(NAME, tick_mark, every=timedelta(hours=1))
    yield
    schedules.forget(NAME)


@pytest.mark.django_db
@pytest.mark.usefixtures("hourly")
class TestTicks:
    def test_a_new_schedule_begins_at_its_next_tick(self) -> None:
        schedules.ensure_rows()
        row = Schedule.objects.get(name=NAME)
        assert clock.now() < row.next_run_at <= clock.now() + timedelta(hours=1)
        assert row.next_run_at.minute == 0

    def test_missed_ticks_run_once_late(self) -> None:
        schedules.ensure_rows()
        with clock.shifted(timedelta(days=2)):
            schedules.tick()
            schedules.tick()
            assert Job.objects.filter(dedupe_key=f"schedule:{NAME}").count() == 1
            row = Schedule.objects.get(name=NAME)
            assert row.last_run_at is not None
            assert clock.now() < row.next_run_at <= clock.now() + timedelta(hours=1)

    def test_run_until_idle_ticks_when_asked(self) -> None:
        schedules.ensure_rows()
        with clock.shifted(timedelta(hours=2)):
            run_until_idle()
            assert marks("tick", "schedule") == 0
            run_until_idle(with_schedules=True)
            assert marks("tick", "schedule") == 1

    def test_a_slow_task_is_not_queued_up_behind_itself(self) -> None:
        schedules.ensure_rows()
        for hours in (2, 4, 6):
            with clock.shifted(timedelta(hours=hours)):
                schedules.tick()
        assert Job.objects.filter(dedupe_key=f"schedule:{NAME}").count() == 1

    def test_a_changed_rhythm_is_taken_over_and_an_unchanged_one_left_alone(self) -> None:
        schedules.ensure_rows()
        Schedule.objects.filter(name=NAME).update(next_run_at=clock.now() + timedelta(minutes=1))
        before = Schedule.objects.get(name=NAME)
        schedules.ensure_rows()
        assert Schedule.objects.get(name=NAME).next_run_at == before.next_run_at
        schedules.register(NAME, mark_both, every="30 4 * * *")
        schedules.ensure_rows()
        row = Schedule.objects.get(name=NAME)
        assert (row.rhythm, row.next_run_at.hour, row.next_run_at.minute) == ("30 4 * * *", 4, 30)
        assert row.task.endswith("mark_both")


def test_too_fast_is_refused() -> None:
    with pytest.raises(ValueError, match="faster"):
        schedules.register("never", tick_mark, every=timedelta(milliseconds=1))


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("* * * * *", "2026-11-22 10:00:30", "2026-11-22 10:01"),
        ("*/15 * * * *", "2026-11-22 10:15:00", "2026-11-22 10:30"),
        ("0 3 * * *", "2026-11-22 03:00:00", "2026-11-23 03:00"),
        ("30 4 1,15 * *", "2026-11-22 00:00:00", "2026-12-01 04:30"),
        ("0 9 * * 1-5", "2026-11-21 10:00:00", "2026-11-23 09:00"),  # a Saturday; Monday next
        ("0 9 * * 7", "2026-11-21 10:00:00", "2026-11-22 09:00"),  # 7 is Sunday
        ("0 0 13 * 5", "2026-11-09 00:00:00", "2026-11-13 00:00"),  # a Friday or a 13th
        ("0 0 1 * 5", "2026-11-13 00:00:00", "2026-11-20 00:00"),
        ("0 0 29 2 *", "2026-11-22 00:00:00", "2028-02-29 00:00"),
        ("59 23 31 12 *", "2026-12-31 23:59:00", "2027-12-31 23:59"),
        ("10-20/5 * * * *", "2026-11-22 10:11:00", "2026-11-22 10:15"),
    ],
)
def test_cron(expression: str, after: str, expected: str) -> None:
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    assert cron.parse(expression).next_after(moment) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "expression", ["", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "a * * * *", "5-1 * * * *", "*/0 * * * *"]
)
def test_a_damaged_cron_expression_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"cron|outside"):
        cron.parse(expression)


def test_a_day_that_never_comes_is_an_error() -> None:
    with pytest.raises(ValueError, match="never"):
        cron.parse("0 0 31 2 *").next_after(clock.now())
