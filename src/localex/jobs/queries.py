"""What the outbox holds, for whoever looks after an installation. No page shows it yet; the staff pages list jobs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Min, Q

from localex.jobs.models import Job, JobState
from localex.jobs.statements import statement
from localex.lib import clock
from localex.lib.errors import BadRequest
from localex.lib.pages import Page, decode_cursor, encode_cursor

MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class Depth:
    """How many jobs are in each state. `ready` are due now, `later` wait for their moment."""

    ready: int
    later: int
    running: int
    dead: int


def find_depth() -> Depth:
    """How much waits, runs and is dead, over all queues."""
    with connection.cursor() as cursor:
        cursor.execute(statement("depth"), {"now": clock.now()})
        return Depth(*cursor.fetchone())


def find_oldest_wait() -> timedelta | None:
    """For how long the job that is due first has been due, or None when nothing waits. Index job_next."""
    now = clock.now()
    oldest = Job.objects.filter(state=JobState.READY, run_at__lte=now).aggregate(first=Min("run_at"))["first"]
    return now - oldest if oldest else None


def list_dead(*, cursor: str | None = None, limit: int = 50) -> Page[Job]:
    """Dead jobs, the latest first. Index job_ended. BadRequest for a damaged cursor."""
    limit = min(limit, MAX_PAGE)
    rows = Job.objects.filter(state=JobState.DEAD).order_by("-finished_at", "-id")
    if cursor:
        moment, job_id = _read_cursor(cursor)
        rows = rows.filter(Q(finished_at__lt=moment) | Q(finished_at=moment, id__lt=job_id))
    found = list(rows[: limit + 1])
    more = encode_cursor([found[limit - 1].finished_at, found[limit - 1].id]) if len(found) > limit else None
    return Page(items=found[:limit], next_cursor=more)


def _read_cursor(text: str) -> tuple[datetime, UUID]:
    moment, job_id = decode_cursor(text, length=2)
    try:
        return datetime.fromisoformat(moment), UUID(job_id)
    except (TypeError, ValueError, AttributeError) as error:
        raise BadRequest("This page link is damaged. Start again from the first page.", code="bad_cursor") from error
