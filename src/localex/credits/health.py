"""What is known about the ledger's state: the last check, the last seal, and where postings are stopped. Reads only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from localex.credits.models import CheckRun
from localex.credits.reading import fetch
from localex.lib import clock

MOST_RUNS = 200
NEVER = UUID(int=0)


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


def find_last_check(*, scope: str | None = None) -> CheckRun | None:
    """The newest run of the checker (of this `scope`), or None before the first. Primary key, which is a time order."""
    runs = CheckRun.objects.all() if scope is None else CheckRun.objects.filter(scope=scope)
    return runs.order_by("-id").first()


def list_open_failures() -> list[CheckRun]:
    """The runs that found something and that no later one of the same or a wider scope took back, the newest first.

    At most two, one of each scope. An incremental run that finds everything in order says nothing about what a full one
    found before: that may lie further back than it looks.
    """
    newest = CheckRun.objects.order_by("scope", "ok", "-id").distinct("scope", "ok").values_list("scope", "ok", "id")
    last: dict[tuple[str, bool], UUID] = {(scope, ok): number for scope, ok, number in newest}
    # Ids are in the order of time.
    open_ids = [
        last[scope, False]
        for scope, wide in (
            (CheckRun.FULL, [CheckRun.FULL]),
            (CheckRun.INCREMENTAL, [CheckRun.FULL, CheckRun.INCREMENTAL]),
        )
        if (scope, False) in last and all(last.get((each, True), NEVER) < last[scope, False] for each in wide)
    ]
    return list(CheckRun.objects.filter(id__in=open_ids).order_by("-id")) if open_ids else []


def find_first_check() -> CheckRun | None:
    """The oldest run that is kept, or None before the first."""
    return CheckRun.objects.order_by("id").first()


def list_check_runs(*, limit: int = 20) -> list[CheckRun]:
    """The newest runs of the checker, at most `limit` (1 to 200)."""
    return list(CheckRun.objects.order_by("-id")[: max(1, min(limit, MOST_RUNS))])


def find_last_seal() -> Seal | None:
    """The newest seal, or None before the first. Primary key."""
    rows = fetch("SELECT seal_no, sealed_at, until, digest FROM ledger.seals ORDER BY seal_no DESC LIMIT 1", [])
    return Seal(rows[0][0], rows[0][1], rows[0][2], bytes(rows[0][3])) if rows else None


def find_checked_until() -> datetime | None:
    """The end of the last seal up to which a check found all rows in order, or None before the first.

    What a run says beyond the last seal there is, is not believed.
    """
    seal = find_last_seal()
    run = CheckRun.objects.filter(sealed_until__lte=seal.until).order_by("-id").first() if seal else None
    return run.sealed_until if run else None


def find_seal_age() -> timedelta | None:
    """For how long something that was booked has waited for its seal; None when nothing waits. By time (BRIN)."""
    ((oldest,),) = fetch(
        "SELECT min(booked_at) FROM ledger.journals"
        " WHERE booked_at > coalesce((SELECT max(until) FROM ledger.seals), '-infinity')",
        [],
    )
    return max(clock.now() - oldest, timedelta()) if oldest else None


def find_stop(community_id: UUID) -> Stop | None:
    """Since when and why no credits move in this community, or None when they do. Primary key."""
    rows = fetch(
        "SELECT community_id, stopped_at, stopped_why FROM ledger.communities"
        " WHERE community_id = %s AND stopped_at IS NOT NULL",
        [community_id],
    )
    return Stop(*rows[0]) if rows else None


def list_stops() -> list[Stop]:
    """All communities whose postings are stopped, the longest stopped first. A row per community: a small table."""
    return [
        Stop(*row)
        for row in fetch(
            "SELECT community_id, stopped_at, stopped_why FROM ledger.communities"
            " WHERE stopped_at IS NOT NULL ORDER BY stopped_at, community_id",
            [],
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
    # The pseudonym of who decided; None for a command of the operator and for the ledger itself.
    actor: UUID | None = None
    # The pseudonym of whose account it is, or the other community of a clearing account; None for what has no account.
    owner: UUID | None = None


def list_decisions(*, limit: int = 30) -> list[Decision]:
    """The newest decisions about accounts and communities, at most `limit` (1 to 200), without the deadlines of holds.

    Index: audit_without_deadlines, backwards, and the primary key of account for each.
    """
    rows = fetch(
        """
        SELECT d.at, d.community_id, d.what, d.before, d.after, d.words, d.actor, a.owner
        FROM (SELECT * FROM ledger.audits WHERE what <> 'deadline' ORDER BY audit_id DESC LIMIT %s) d
        LEFT JOIN ledger.accounts a ON a.account_id = d.account_id
        ORDER BY d.audit_id DESC
        """,
        [max(1, min(limit, MOST_RUNS))],
    )
    return [Decision(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Given:
    """Credits that a coordinator gave: when, in which community, to whom and by whom (pseudonyms), hundredths."""

    at: datetime
    community_id: UUID
    owner: UUID | None
    actor: UUID | None
    amount: int


def list_given(*, days: int = 30, limit: int = MOST_RUNS) -> list[Given]:
    """The grants by coordinators of the last `days` days, the newest first, at most `limit`. By time (BRIN)."""
    rows = fetch(
        """
        SELECT j.booked_at, j.community_id, a.owner, j.actor, e.amount
        FROM ledger.journals j
        JOIN ledger.entries e ON e.journal_id = j.journal_id AND e.booked_at = j.booked_at AND e.amount > 0
        JOIN ledger.accounts a ON a.account_id = e.account_id
        WHERE j.kind = 'coordinator_grant' AND j.reason IS NULL AND j.booked_at > %s AND e.booked_at > %s
        ORDER BY j.booked_at DESC, e.seq LIMIT %s
        """,
        [clock.now() - timedelta(days=days)] * 2 + [limit],
    )
    return [Given(*row) for row in rows]
