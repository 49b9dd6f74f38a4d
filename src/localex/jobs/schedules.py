"""Tasks that repeat. The rhythm is declared in code, what is due next is a row; one worker wins each tick by its lock.

A tick that nobody was there for runs once, late. Schedules without a declaration in this release are left alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Q

from localex.jobs import cron, services
from localex.jobs.models import Schedule
from localex.jobs.statements import statement
from localex.jobs.tasks import JobTask
from localex.lib import clock

log = structlog.get_logger(__name__)

SHORTEST = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Declared:
    """A schedule as code declares it."""

    name: str
    task: JobTask[Any, Any]
    every: timedelta | cron.Cron
    rhythm: str

    def next_after(self, moment: datetime) -> datetime:
        """The first tick after `moment`; intervals count from a fixed origin, so that a restart does not shift them."""
        if isinstance(self.every, cron.Cron):
            return self.every.next_after(moment)
        origin = datetime(2000, 1, 1, tzinfo=UTC)
        return origin + ((moment - origin) // self.every + 1) * self.every


_declared: dict[str, Declared] = {}


def register(name: str, task: JobTask[Any, Any], *, every: timedelta | str) -> None:
    """Run `task`, which takes no arguments, every `timedelta` or at five cron fields in UTC; called in `ready`.

    ValueError for a rhythm that is not one, or under a second.
    """
    if isinstance(every, timedelta):
        if every < SHORTEST:
            raise ValueError(f"{name} repeats faster than once a second")
        _declared[name] = Declared(name, task, every, f"every {every.total_seconds():g} s")
    else:
        _declared[name] = Declared(name, task, cron.parse(every), every)


def forget(name: str) -> None:
    """Undo `register`, for a test that leaves no trace. The row stays, and nobody ticks it."""
    _declared.pop(name, None)


def declared() -> Mapping[str, Declared]:
    """All schedules of this release, by name."""
    return MappingProxyType(_declared)


def ensure_rows() -> None:
    """Make the rows agree with the declarations. A new or changed schedule begins at its next tick."""
    now = clock.now()
    with transaction.atomic():
        Schedule.objects.bulk_create(
            [
                Schedule(
                    name=each.name, task=each.task.module_path, rhythm=each.rhythm, next_run_at=each.next_after(now)
                )
                for each in _declared.values()
            ],
            ignore_conflicts=True,
        )
        for row in Schedule.objects.select_for_update().filter(name__in=_declared).order_by("name"):
            wanted = _declared[row.name]
            if (row.task, row.rhythm) != (wanted.task.module_path, wanted.rhythm):
                row.task, row.rhythm, row.next_run_at = wanted.task.module_path, wanted.rhythm, wanted.next_after(now)
                row.save()


def tick() -> int:
    """Enqueue one job for each schedule that is due and set when it is due next; returns how many this caller won."""
    now = clock.now()
    # Most ticks find nothing: look before opening a transaction.
    if not Schedule.objects.filter(Q(next_run_at__lte=now), name__in=list(_declared)).exists():
        return 0
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(statement("due_schedules"), {"now": now, "names": list(_declared)})
            due = cursor.fetchall()
        won = [_declared[name] for name, _ in due]
        # A dedupe key, so that a slow task is not queued up behind itself.
        services.enqueue_many(
            [services.Wanted(task=each.task, payload={}, dedupe_key=f"schedule:{each.name}") for each in won]
        )
        rows = [Schedule(name=each.name, last_run_at=now, next_run_at=each.next_after(now)) for each in won]
        Schedule.objects.bulk_update(rows, ["last_run_at", "next_run_at"])
    for name, was_due in due:
        log.info("schedule_ticked", schedule=name, late_s=round((now - was_due).total_seconds(), 1))
    return len(won)
