"""Taking jobs and giving them back. Every change after the claim is guarded by the fence.

Leases are by the database's clock, which all workers share; `run_at` is by `lib.clock`, which tests can move.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import IntegrityError, connection, transaction

from localex.jobs import doorbell
from localex.jobs.errors import LeaseLost
from localex.jobs.statements import statement
from localex.jobs.tasks import Payload
from localex.lib import clock, randomness

log = structlog.get_logger(__name__)

LEASE_S = 30.0
FIRST_RETRY_S = 5
LONGEST_RETRY_S = 3_600
MAX_ERROR_LENGTH = 2_000
SWEEP_LIMIT = 1_000


@dataclass(slots=True)
class Claim:
    """A job that this worker may run until the lease ends. `is_lost` is set by the heartbeat."""

    id: UUID
    task: str
    payload: Payload
    fence: int
    attempts: int
    max_attempts: int
    traceparent: str
    run_at: datetime
    is_lost: bool = False


def claim_id(job_id: UUID, *, lease_s: float = LEASE_S) -> Claim | None:
    """The job with this id, claimed, or None when it is gone, not due or another's."""
    return _claim("claim_id", {"id": job_id, "now": clock.now(), "lease_s": lease_s})


def claim_next(queues: Sequence[str], *, lease_s: float = LEASE_S) -> Claim | None:
    """The job that is due first in the first of `queues` that has one, claimed, or None."""
    for queue in queues:
        claim = _claim("claim_next", {"queue": queue, "now": clock.now(), "lease_s": lease_s})
        if claim is not None:
            return claim
    return None


def _claim(name: str, parameters: dict[str, Any]) -> Claim | None:
    with connection.cursor() as cursor:
        cursor.execute(statement(name), parameters)
        row = cursor.fetchone()
    if row is None:
        return None
    job_id, task, payload, *rest = row
    # Django reads jsonb as text outside its own fields.
    return Claim(job_id, task, _load(payload), *rest)


def _load(payload: Any) -> Payload:
    loaded: Payload = json.loads(payload) if isinstance(payload, str) else payload
    return loaded


def beat(claim: Claim, *, lease_s: float) -> bool:
    """Prolong the lease; False when another worker has the job."""
    with connection.cursor() as cursor:
        cursor.execute(statement("heartbeat"), {"id": claim.id, "fence": claim.fence, "lease_s": lease_s})
        return bool(cursor.rowcount)


def finish(claim: Claim) -> None:
    """Mark the job done, in the transaction of its effects. LeaseLost, so that they roll back, when it is another's."""
    with connection.cursor() as cursor:
        cursor.execute(statement("finish"), {"id": claim.id, "fence": claim.fence, "now": clock.now()})
        if cursor.rowcount != 1:
            raise LeaseLost(f"Job {claim.id} is another worker's now.")


def fail(claim: Claim, *, error: str, is_final: bool = False) -> str | None:
    """Give the job back after a failure; returns its new state, or None when it is another worker's.

    It waits longer after each attempt. `is_final`, or the last attempt, makes it dead.
    """
    return _give_back(
        claim.id, claim.fence, error=error, retry_at=clock.now() + retry_delay(claim.attempts), is_final=is_final
    )


def retry_delay(attempts: int) -> timedelta:
    """How long to wait after the `attempts`-th attempt: 5 s doubled each time, at most an hour, of which a random half.

    Source: exponential back-off with "equal jitter", AWS Architecture Blog 2015: jobs that failed together do not come
    back together.
    """
    full_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2 ** min(attempts - 1, 20))
    return timedelta(seconds=full_s * (0.5 + randomness.randbelow(1_000) / 2_000))


def _give_back(job_id: UUID, fence: int, *, error: str, retry_at: datetime, is_final: bool) -> str | None:
    parameters = {
        "id": job_id,
        "fence": fence,
        # PostgreSQL's text cannot hold a NUL, and an error message may quote anything.
        "error": error.replace("\x00", "")[-MAX_ERROR_LENGTH:],
        "retry_at": retry_at,
        "now": clock.now(),
        "is_final": is_final,
    }
    try:
        with transaction.atomic():
            return _run_fail(parameters)
    except IntegrityError:
        # A wish with the same dedupe key was made between our look and our update; now it can be seen.
        with transaction.atomic():
            return _run_fail(parameters)


def _run_fail(parameters: dict[str, Any]) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(statement("fail"), parameters)
        row = cursor.fetchone()
    return row[0] if row else None


def sweep() -> int:
    """Give back every job whose worker stopped prolonging its lease; returns how many. One row per transaction."""
    for swept in range(SWEEP_LIMIT):
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(statement("find_expired"))
                row = cursor.fetchone()
            if row is None:
                return swept
            job_id, queue, task, fence, attempts = row
            state = _give_back(
                job_id, fence, error="The worker stopped in the middle.", retry_at=clock.now(), is_final=False
            )
        log.warning("job_lease_expired", job_id=str(job_id), task=task, attempts=attempts, state=state)
        if state == "ready":
            doorbell.ring_after_commit(queue, [job_id])
    return SWEEP_LIMIT
