"""Tasks of the tests, on a queue of their own. Each run leaves a row in `effect_done`, which is how a test counts."""

import time
from uuid import UUID

from django_tasks import task_backends

from localex.jobs.errors import GiveUp
from localex.jobs.models import EffectDone
from localex.jobs.tasks import database_task, outside_task
from localex.lib.ids import new_id

QUEUE = "samples"
task_backends["default"].queues.add(QUEUE)


def leave_mark(kind: str, about: object) -> None:
    """One row per call, however often."""
    EffectDone.objects.create(kind=kind, key=f"{about}:{new_id()}")


def marks(kind: str, about: object) -> int:
    """How many calls of `leave_mark` were committed."""
    return EffectDone.objects.filter(kind=kind, key__startswith=f"{about}:").count()


@database_task(queue=QUEUE)
def mark(about: str) -> None:
    leave_mark("mark", about)


@database_task(queue=QUEUE)
def mark_both(about: UUID, kind: str) -> None:
    assert isinstance(about, UUID)
    leave_mark(kind, about)


@database_task(queue=QUEUE, max_attempts=3)
def mark_and_fail(about: str) -> None:
    leave_mark("mark", about)
    raise ValueError("this \x00 always fails")


@database_task(queue=QUEUE)
def give_up(about: str) -> None:
    raise GiveUp("there is no point")


@outside_task(queue=QUEUE)
def note_outside(about: str) -> None:
    leave_mark("outside", about)


@outside_task(queue=QUEUE)
def sleep_outside(about: str, seconds: int) -> None:
    leave_mark("started", about)
    time.sleep(seconds)
    leave_mark("ended", about)


@database_task(queue=QUEUE)
def mark_slowly(about: str, seconds: int) -> None:
    leave_mark("mark", about)
    time.sleep(seconds)


@outside_task(queue=QUEUE, time_limit_s=1, max_attempts=1)
def never_end(about: str) -> None:
    time.sleep(60)


@database_task(queue=QUEUE)
def enqueue_more(about: str) -> None:
    mark.enqueue(about=about)


@outside_task(queue=QUEUE)
def end_own_session(about: str) -> None:
    """What `idle_in_transaction_session_timeout` or a restart does to a connection."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


@database_task(queue=QUEUE)
def tick_mark() -> None:
    leave_mark("tick", "schedule")


@database_task(queue=QUEUE)
def nothing(about: str) -> None:
    """What a job itself costs."""
