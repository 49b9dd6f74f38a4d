"""Putting jobs into the outbox and getting dead ones out of it. Everything happens in the caller's transaction."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import IntegrityError, connection, transaction
from django_tasks.base import Task

from localex.jobs import doorbell
from localex.jobs.models import EffectDone
from localex.jobs.statements import statement
from localex.jobs.tasks import DEFAULT_MAX_ATTEMPTS, JobTask, pack
from localex.lib import clock
from localex.lib.errors import NotFound
from localex.lib.ids import new_id

log = structlog.get_logger(__name__)

KEEP_DONE_FOR = timedelta(days=7)
# Longer than any mail is kept, so that an old dead job that is retried by hand cannot repeat its effect.
KEEP_EFFECTS_FOR = timedelta(days=400)
PRUNE_BATCH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One job to enqueue. `priority` None is the task's own; see `enqueue`."""

    task: Task[Any, Any]
    payload: Mapping[str, object]
    run_at: datetime | None = None
    dedupe_key: str | None = None
    priority: int | None = None


def enqueue(
    task: Task[Any, Any],
    *,
    payload: Mapping[str, object],
    run_at: datetime | None = None,
    dedupe_key: str | None = None,
    priority: int | None = None,
) -> UUID:
    """Insert one job in the caller's transaction and return its id.

    `payload` holds the task's arguments: ids only (BadPayload otherwise). `run_at` is the earliest moment, None for at
    once. With a `dedupe_key` at most one job of this task waits: a second wish joins the waiting one, which keeps the
    earlier moment and the newer payload; while that one already runs, a new job waits behind it.
    """
    wanted = Wanted(task=task, payload=payload, run_at=run_at, dedupe_key=dedupe_key, priority=priority)
    return enqueue_many([wanted])[0]


def enqueue_many(wanted: Sequence[Wanted]) -> list[UUID]:
    """Insert several jobs with one statement; two of them must not share a task and dedupe key. Returns their ids."""
    if not wanted:
        return []
    now = clock.now()
    # Everybody locks waiting twins in the same order, so that two transactions cannot wait for each other.
    ordered = sorted(wanted, key=lambda each: (each.task.module_path, each.dedupe_key or ""))
    with connection.cursor() as cursor:
        cursor.execute(
            statement("enqueue"),
            {
                "ids": [new_id() for _ in ordered],
                "queues": [each.task.queue_name for each in ordered],
                "tasks": [each.task.module_path for each in ordered],
                "payloads": [json.dumps(pack(each.payload)) for each in ordered],
                "dedupe_keys": [each.dedupe_key for each in ordered],
                "priorities": [each.task.priority if each.priority is None else each.priority for each in ordered],
                "run_ats": [each.run_at or now for each in ordered],
                "max_attempts": [_max_attempts(each.task) for each in ordered],
                "traceparent": _traceparent(),
                "now": now,
            },
        )
        rows = cursor.fetchall()
    due: dict[str, list[UUID]] = defaultdict(list)
    for job_id, queue, run_at in rows:
        if run_at <= now:
            due[queue].append(job_id)
    for queue, job_ids in due.items():
        doorbell.ring_after_commit(queue, job_ids)
    return [row[0] for row in rows]


def _max_attempts(task: Task[Any, Any]) -> int:
    return task.max_attempts if isinstance(task, JobTask) else DEFAULT_MAX_ATTEMPTS


def _traceparent() -> str:
    return str(structlog.contextvars.get_contextvars().get("traceparent", ""))[:55]


def retry_dead(*, job_id: UUID) -> None:
    """Put a dead job back with all its attempts. NotFound when there is no dead job with this id.

    When a newer wish with the same dedupe key waits already, the dead one is done: the newer one does the work.
    """
    try:
        with transaction.atomic():
            row = _retry(job_id)
    except IntegrityError:  # such a wish came at this very moment; now it can be seen
        with transaction.atomic():
            row = _retry(job_id)
    if row is None:
        raise NotFound("There is no dead job with this number.")
    queue, state = row
    log.info("job_retried_by_hand", job_id=str(job_id), state=state)
    if state == "ready":
        doorbell.ring_after_commit(queue, [job_id])


def _retry(job_id: UUID) -> tuple[str, str] | None:
    with connection.cursor() as cursor:
        cursor.execute(statement("retry"), {"id": job_id, "now": clock.now()})
        row: tuple[str, str] | None = cursor.fetchone()
    return row


def claim_effect(*, kind: str, key: str) -> bool:
    """Say that an outside effect is about to happen; False when somebody said so before: then it must not happen again.

    Written in the effect's own transaction, which must commit before the effect starts. Whoever then knows for certain
    that nothing happened calls `release_effect`; whoever dies in between has used up the one time.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO effect_done (kind, key, done_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [kind, key, clock.now()],
        )
        return bool(cursor.rowcount)


def release_effect(*, kind: str, key: str) -> None:
    """Take back `claim_effect`, because the effect certainly did not happen. Primary key."""
    EffectDone.objects.filter(kind=kind, key=key).delete()


def prune(*, max_batches: int = 50) -> int:
    """Delete jobs that were done 7 days ago, and effects of long ago, in small batches; returns how many jobs.

    Each batch is its own statement: called outside a transaction, nobody waits for the whole.
    """
    now = clock.now()
    deleted = 0
    for _ in range(max_batches):
        with connection.cursor() as cursor:
            cursor.execute(statement("prune"), {"before": now - KEEP_DONE_FOR, "batch": PRUNE_BATCH})
            deleted += cursor.rowcount
            if cursor.rowcount < PRUNE_BATCH:
                break
    EffectDone.objects.filter(done_at__lt=now - KEEP_EFFECTS_FOR).delete()
    return deleted
