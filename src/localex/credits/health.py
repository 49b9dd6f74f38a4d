"""What is known about the ledger's state: the last check, the last seal, and where postings are stopped. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from localex.credits.models import CheckRun

MOST_RUNS = 200


@dataclass(frozen=True, slots=True)
class Seal:
    """A digest over everything that was booked up to `until`; `digest` is SHA-256."""

    seal_no: int
    sealed_at: datetime
    until: datetime
    digest: bytes


@dataclass(frozen=True, slots=True)
class Stop:
    """Postings of a community are stopped since `stopped_at`; `why` is a sentence for people."""

    community_id: UUID
    stopped_at: datetime
    why: str


def _rows(sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def find_last_check(*, scope: str | None = None) -> CheckRun | None:
    """The newest run of the checker (of this `scope`), or None before the first. Primary key, which is a time order."""
    runs = CheckRun.objects.all() if scope is None else CheckRun.objects.filter(scope=scope)
    return runs.order_by("-id").first()


def list_check_runs(*, limit: int = 20) -> list[CheckRun]:
    """The newest runs of the checker, at most `limit` (1 to 200)."""
    return list(CheckRun.objects.order_by("-id")[: max(1, min(limit, MOST_RUNS))])


def find_last_seal() -> Seal | None:
    """The newest seal, or None before the first. Primary key."""
    rows = _rows("SELECT seal_no, sealed_at, until, digest FROM ledger.seals ORDER BY seal_no DESC LIMIT 1")
    return Seal(rows[0][0], rows[0][1], rows[0][2], bytes(rows[0][3])) if rows else None


def find_checked_until() -> datetime | None:
    """The end of the last seal up to which a check found all rows in order, or None before the first."""
    run = CheckRun.objects.filter(sealed_until__isnull=False).order_by("-id").first()
    return run.sealed_until if run else None


def find_stop(community_id: UUID) -> tuple[datetime, str] | None:
    """Since when and why no credits move in this community, or None when they do. Primary key."""
    rows = _rows(
        "SELECT stopped_at, stopped_why FROM ledger.communities WHERE community_id = %s AND stopped_at IS NOT NULL",
        [community_id],
    )
    return (rows[0][0], rows[0][1]) if rows else None


def list_stops() -> list[Stop]:
    """All communities whose postings are stopped, the longest stopped first. A row per community: a small table."""
    return [
        Stop(*row)
        for row in _rows(
            "SELECT community_id, stopped_at, stopped_why FROM ledger.communities"
            " WHERE stopped_at IS NOT NULL ORDER BY stopped_at, community_id"
        )
    ]


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of the ledger's audit; `before` and `after` are limits in hundredths, None where there is none."""

    at: datetime
    community_id: UUID | None
    what: str
    before: int | None
    after: int | None
    words: str


def list_decisions(*, limit: int = 30) -> list[Decision]:
    """The newest decisions about accounts and communities, at most `limit` (1 to 200). Primary key, backwards."""
    rows = _rows(
        "SELECT at, community_id, what, before, after, words FROM ledger.audits ORDER BY audit_id DESC LIMIT %s",
        [max(1, min(limit, MOST_RUNS))],
    )
    return [Decision(*row) for row in rows]
