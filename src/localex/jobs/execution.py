"""Running one claimed job to its end."""

import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError, connection, transaction
from structlog.contextvars import bound_contextvars

from localex.jobs import claims
from localex.jobs.claims import Claim
from localex.jobs.errors import GiveUp, LeaseLost
from localex.jobs.tasks import JobTask, get_task, unpack
from localex.lib import clock

log = structlog.get_logger(__name__)

Guard = Callable[[Claim, JobTask[Any, Any]], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: `done`, `ready` (to be retried), `dead`, `lost` (another's) or `unknown` (no database)."""

    state: str
    error: Exception | None = None


def _no_guard(claim: Claim, task: JobTask[Any, Any]) -> AbstractContextManager[None]:
    return nullcontext()


def run(claim: Claim, *, guard: Guard = _no_guard) -> Outcome:
    """Run the job and finish it, or give it back. Raises nothing that a task raises.

    `guard` surrounds the task's own code: the worker process ends there what has lost its lease or takes too long.
    """
    started = time.perf_counter()
    with bound_contextvars(job_id=str(claim.id), task=claim.task, attempt=claim.attempts):
        try:
            task = get_task(claim.task)
            _perform(claim, task, guard)
        except LeaseLost as error:
            log.warning("job_lease_lost")
            return Outcome("lost", error)
        except Exception as error:
            return _give_back(claim, error)
        waited = (clock.now() - claim.run_at).total_seconds()
        log.info("job_done", took_ms=round((time.perf_counter() - started) * 1000, 1), waited_s=round(waited, 3))
        return Outcome("done")


def _perform(claim: Claim, task: JobTask[Any, Any], guard: Guard) -> None:
    arguments = unpack(task, claim.payload)
    if task.kind == "outside":
        with guard(claim, task):
            task.func(**arguments)
        claims.finish(claim)
        return
    with transaction.atomic(durable=True):
        with guard(claim, task):
            task.func(**arguments)
        # The effects above and this row commit together, or neither does.
        claims.finish(claim)


def _give_back(claim: Claim, error: Exception) -> Outcome:
    is_final = isinstance(error, GiveUp)
    # A connection that the database ended (restart, idle in transaction) cannot say so; a fresh one can.
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()
    try:
        state = claims.fail(claim, error="".join(traceback.format_exception(error)), is_final=is_final)
    except (DatabaseError, InterfaceError) as unreachable:
        log.warning("job_left_to_its_lease", reason=str(unreachable).strip()[:200])
        return Outcome("unknown", error)
    if state is None:
        log.warning("job_lease_lost")
        return Outcome("lost", error)
    level = log.error if state == "dead" else log.warning
    level("job_dead" if state == "dead" else "job_failed", state=state, exc_info=error)
    return Outcome(state, error)
