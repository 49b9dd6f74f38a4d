"""Looks after the ledger, and fails closed: what a check finds stops postings until an operator lets them go on."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, transaction

from localex.credits import checks, seals
from localex.credits.checks import CheckResult, Progress
from localex.credits.health import find_checked_until, find_last_seal
from localex.credits.models import CheckRun
from localex.credits.services import expire_overdue
from localex.credits.services.calls import call
from localex.lib import clock
from localex.lib.errors import Conflict

log = structlog.get_logger(__name__)

MAX_WORDS = 500
# The check allows an hour, and trading's own net comes after a quarter of one.
RETURN_AFTER = timedelta(minutes=30)
BATCH = 100
MAX_BATCHES = 1_000
FOUND = "A check found something in the books that must be looked at first. Credits stay where they are until then."


class ChecksFail(Conflict):
    """Postings cannot go on, because the ledger is not in order."""

    code = "checks_fail"


def stop(*, community_id: UUID | None, words: str) -> int:
    """Refuse every posting of a community, or of all when None; returns how many were stopped now.

    `words` say why, to members as well. An audit row for each. What is under way may still commit. Raises
    UnknownAccount for a community without accounts, InvalidPosting without words. Locks the rows of the communities.
    """
    stopped = int(call("SELECT ledger.stop_postings(%s, %s)", [community_id, words[:MAX_WORDS]])[0])
    log.warning("ledger_stopped", community_id=str(community_id or "all"), stopped=stopped, why=words)
    return stopped


def resume(
    *, community_id: UUID, actor: UUID | None, words: str, despite: bool = False, progress: Progress | None = None
) -> bool:
    """Let a community post again; whether it was stopped. `words` say why that is right; an audit row keeps them.

    Checks everything first. Raises ChecksFail while a row of this community, or of nobody knows whom, breaks an
    invariant, unless `despite`: then what is broken now does not stop it again, and anything more does.
    """
    run, results = _run_checks(scope=CheckRun.FULL, progress=progress)
    concerned = _concerned(results)
    if not despite and concerned & {None, community_id}:
        names = ", ".join(result.name for result in results if not result.holds)
        raise ChecksFail(f"The ledger is not in order: {names}.", kept="Postings stay stopped.")
    with transaction.atomic():
        row = call("SELECT ledger.resume_postings(%s, %s, %s)", [community_id, actor, words[:MAX_WORDS]])
        run.resumed = [str(community_id)]
        run.save(update_fields=["resumed"])
    log.warning("ledger_resumed", community_id=str(community_id), ok=run.ok, why=words)
    return bool(row[0])


def inspect(*, scope: str, progress: Progress | None = None) -> CheckRun:
    """Run the checks of `scope` (CheckRun.FULL or INCREMENTAL), keep the outcome, and act on it.

    When the seals are in order, those without a published copy are published. An ERROR is logged for each check that
    fails, and postings stop in the communities concerned, in all when nobody can say in which; those that an operator
    let go on despite exactly this go on. An incremental run looks at what was booked since the last seal that was found
    in order.

    Holds whose time ran out while no worker was there (a night, a restore of yesterday) are returned before: I6 is for
    what lies there although somebody looked.
    """
    _return_expired()
    run, results = _run_checks(scope=scope, progress=progress)
    for result in results:
        if result.notes:
            log.warning("ledger_check_noted", check=result.name, notes=list(result.notes))
        if not result.holds:
            rows = [f"{offence.subject}: {offence.detail}" for offence in result.offences]
            log.error("ledger_broken", check=result.name, promise=result.words, count=result.count, rows=rows)
    for community_id in _to_stop(run, _concerned(results)):
        stop(community_id=community_id, words=FOUND)
    return run


def _return_expired() -> None:
    for _ in range(MAX_BATCHES):
        with transaction.atomic():
            returned = expire_overdue(older_than=RETURN_AFTER, limit=BATCH)
        if returned:
            log.warning("ledger_holds_returned", trades=[str(trade_id) for trade_id in returned])
        if len(returned) < BATCH:
            return


def _run_checks(*, scope: str, progress: Progress | None) -> tuple[CheckRun, list[CheckResult]]:
    started_at = clock.now()
    seal = find_last_seal()
    since = find_checked_until() if scope == CheckRun.INCREMENTAL else None
    results = checks.run_checks(since=since, progress=progress)
    for result in results:
        # Before the run is kept: it says that all seals up to then are published.
        if result.holds and result.unpublished:
            seals.publish_seals(seals.publisher(), result.unpublished)
    run = CheckRun.objects.create(
        started_at=started_at,
        finished_at=clock.now(),
        scope=scope,
        ok=all(result.holds for result in results),
        results=[_as_json(result) for result in results],
        # How the schema is built says nothing about rows: the next incremental run need not begin further back for it.
        sealed_until=seal.until if seal and all(each.holds for each in results if each.name in checks.CHECKS) else None,
    )
    return run, results


def _as_json(result: CheckResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "words": result.words,
        "count": result.count,
        "notes": list(result.notes),
        "offences": [
            {
                "community_id": str(offence.community_id) if offence.community_id else None,
                "subject": offence.subject,
                "detail": offence.detail,
            }
            for offence in result.offences
        ],
    }


def _concerned(results: Iterable[CheckResult]) -> frozenset[UUID | None]:
    return frozenset().union(*(result.communities for result in results))


def _to_stop(run: CheckRun, concerned: frozenset[UUID | None]) -> list[UUID]:
    """The communities to stop: those concerned that post, without those that may go on despite what `run` found."""
    if not concerned:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT community_id FROM ledger.communities WHERE stopped_at IS NULL ORDER BY community_id")
        posting: list[UUID] = [row[0] for row in cursor.fetchall()]
    known_by = {
        number: before for before in CheckRun.objects.exclude(resumed=[]).order_by("id") for number in before.resumed
    }
    return [
        community_id
        for community_id in posting
        if concerned & {None, community_id} and not _is_known(run, known_by.get(str(community_id)))
    ]


def _is_known(run: CheckRun, before: CheckRun | None) -> bool:
    """Whether all that `run` found was found by the check on which an operator let a community go on."""
    if before is None:
        return False
    known = {result["name"]: result for result in before.results}
    return all(
        result["count"] <= known[result["name"]]["count"] and _subjects(result) <= _subjects(known[result["name"]])
        for result in run.results
        if result["count"]
    )


def _subjects(result: dict[str, Any]) -> set[tuple[str, str]]:
    return {(offence["subject"], offence["detail"]) for offence in result["offences"]}


def forget_old_runs(*, keep_days: int = 90) -> int:
    """Delete runs that found everything in order more than `keep_days` days ago; returns how many. Others stay."""
    with transaction.atomic():
        count, _ = CheckRun.objects.filter(ok=True, finished_at__lt=clock.now() - timedelta(days=keep_days)).delete()
    return count
