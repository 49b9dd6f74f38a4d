"""Looks after the ledger, and fails closed: what a check finds stops postings until an operator lets them go on."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import structlog
from django.db import OperationalError, connection, transaction

from localex.credits import checks, seals
from localex.credits.checks import CheckResult, Progress
from localex.credits.health import find_checked_until, find_last_seal
from localex.credits.models import CheckRun
from localex.credits.reading import fetch
from localex.credits.services import expire, expire_overdue
from localex.credits.services.calls import call
from localex.lib import clock
from localex.lib.errors import Conflict, LocalExError
from localex.lib.ids import new_id

log = structlog.get_logger(__name__)

# Of the audit's 500 characters; the rest is for the digest of what was known.
MAX_WORDS = 450
KNOWING = " [knowing {}]"
# The check allows an hour, and trading's own net comes after a quarter of one.
RETURN_AFTER = timedelta(minutes=30)
BATCH = 100
MAX_BATCHES = 1_000
OVERDUE = "the hold expired at"
MOST_LOOKED = 1_000
# How long a hold that is due is waited for while somebody has it locked.
PATIENCE = "20s"
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
        # A run can be written by whoever may write as the application; what stands in the audit cannot be hidden.
        knowing = KNOWING.format(_digest_known(run, community_id)) if concerned & {None, community_id} else ""
        row = call("SELECT ledger.resume_postings(%s, %s, %s)", [community_id, actor, words[:MAX_WORDS] + knowing])
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
    what lies there although somebody looked. A hold that is not as it was asked for is left where it is.
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
    damaged = _find_damaged_holds()
    if damaged:
        log.error("ledger_holds_not_returned", holds=[detail for _, detail in damaged])
        _return_sound({subject for subject, _ in damaged})
        return
    for _ in range(MAX_BATCHES):
        with transaction.atomic():
            returned = expire_overdue(older_than=RETURN_AFTER, limit=BATCH)
        if returned:
            log.warning("ledger_holds_returned", trades=[str(trade_id) for trade_id in returned])
        if len(returned) < BATCH:
            break
    # Those that somebody had locked, perhaps to return them just now, were passed over.
    _return_sound(set())


def _find_damaged_holds() -> list[tuple[str, str]]:
    """What I6 says of escrow accounts while a hold is overdue: returning a damaged one would pay it out and hide it."""
    overdue = fetch(
        "SELECT 1 FROM ledger.holds WHERE state = 'held' AND expires_at < now() - %s::interval LIMIT 1", [RETURN_AFTER]
    )
    if not overdue:
        return []
    rows = fetch("SELECT subject, detail FROM ledger.broken_i6 WHERE detail NOT LIKE %s", [OVERDUE + "%"])
    return [(subject, f"{subject}: {detail}") for subject, detail in rows]


def _return_sound(damaged: set[str]) -> None:
    """Return the overdue holds that are not among the damaged, one by one, in communities that post."""
    rows = fetch(
        "SELECT h.trade_id FROM ledger.holds h JOIN ledger.communities c ON c.community_id = h.community_id"
        " WHERE h.state = 'held' AND h.expires_at < now() - %s::interval AND c.stopped_at IS NULL"
        " ORDER BY h.expires_at LIMIT %s",
        [RETURN_AFTER, BATCH * MAX_BATCHES],
    )
    for (trade_id,) in rows:
        if f"escrow of trade {trade_id}" not in damaged:
            try:
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
                    expire(key=new_id(), trade_id=trade_id)
            except LocalExError as error:
                # Somebody ended it meanwhile, or its payer's account is closed: the check says what is left.
                log.warning("ledger_hold_not_returned", trade=str(trade_id), why=error.code)
            except OperationalError as error:
                # Locked by somebody for longer than any posting takes, and perhaps the next ones as well.
                log.warning("ledger_hold_not_returned", trade=str(trade_id), why=str(error).strip())
                return


def look(*, scope: str, progress: Progress | None = None) -> list[CheckResult]:
    """What the checks of `scope` find, and nothing else: nothing is returned, published, stopped or kept.

    For a copy that was restored to be compared: holds that ran out since are the living town's to return, so they are
    a note here.
    """
    since = find_checked_until() if scope == CheckRun.INCREMENTAL else None
    return [_excuse_overdue(result) for result in checks.run_checks(since=since, limit=MOST_LOOKED, progress=progress)]


def _excuse_overdue(result: CheckResult) -> CheckResult:
    kept = [offence for offence in result.offences if not offence.detail.startswith(OVERDUE)]
    left_out = len(result.offences) - len(kept)
    if result.name != "I6" or not left_out or result.count > len(result.offences):
        return result
    note = f"{left_out} hold{'s' if left_out > 1 else ''} ran out and would be returned by a town that runs."
    counts = Counter(offence.community_id for offence in kept)
    return replace(result, count=len(kept), offences=kept, counts=counts, notes=(*result.notes, note))


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
        results=[as_json(result) for result in results],
        # How the schema is built says nothing about rows: the next incremental run need not begin further back for it.
        sealed_until=seal.until if seal and all(each.holds for each in results if each.name in checks.CHECKS) else None,
    )
    return run, results


def as_json(result: CheckResult) -> dict[str, Any]:
    """A result as a run keeps it."""
    return {
        "name": result.name,
        "words": result.words,
        "count": result.count,
        "counts": {str(community_id or ""): count for community_id, count in result.counts.items()},
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
        # A community whose row somebody took away posts as well, until it is stopped, which gives it a row again.
        cursor.execute(
            "SELECT community_id FROM ledger.communities WHERE stopped_at IS NULL"
            " UNION SELECT a.community_id FROM ledger.accounts a WHERE NOT EXISTS"
            " (SELECT FROM ledger.communities c WHERE c.community_id = a.community_id) ORDER BY community_id"
        )
        posting: list[UUID] = [row[0] for row in cursor.fetchall()]
    known_by = {
        number: before for before in CheckRun.objects.exclude(resumed=[]).order_by("id") for number in before.resumed
    }
    return [
        community_id
        for community_id in posting
        if concerned & {None, community_id} and not _is_known(run, community_id, known_by.get(str(community_id)))
    ]


def _is_known(run: CheckRun, community_id: UUID, before: CheckRun | None) -> bool:
    """Whether all that `run` found in this community, or of nobody knows whom, was found by the check `before`.

    On that check an operator let the community go on. What was too much to be kept row by row is not known.
    """
    if before is None or not _is_in_audit(before, community_id):
        return False
    known = {result["name"]: _rows_of(result, community_id) for result in before.results}
    for result in run.results:
        if result["name"] not in checks.CHECKS:
            continue
        rows = _rows_of(result, community_id)
        of_it = sum(result.get("counts", {}).get(number, 0) for number in ("", str(community_id)))
        if of_it > len(rows) or not rows <= known.get(result["name"], Counter()):
            return False
    return True


def _digest_known(run: CheckRun, community_id: UUID) -> str:
    """A digest of what `run` found of this community, or of nobody knows whom: 32 hex digits."""
    rows = sorted(
        (result["name"], *row, count)
        for result in run.results
        for row, count in _rows_of(result, community_id).items()
        if result["name"] in checks.CHECKS
    )
    return sha256(json.dumps(rows).encode()).hexdigest()[:32]


def _is_in_audit(before: CheckRun, community_id: UUID) -> bool:
    """Whether the community was last let go on knowing what `before` found, by the ledger's own append-only audit.

    The application can write runs of checks as it likes; it cannot let a community go on without an audit row.
    """
    rows = fetch(
        "SELECT what, words FROM ledger.audits WHERE community_id = %s AND what IN ('stopped', 'resumed')"
        " ORDER BY audit_id DESC LIMIT 1",
        [community_id],
    )
    ending = KNOWING.format(_digest_known(before, community_id))
    return bool(rows) and rows[0][0] == "resumed" and str(rows[0][1]).endswith(ending)


def _rows_of(result: dict[str, Any], community_id: UUID) -> Counter[tuple[str, str]]:
    """The kept rows of a check that are this community's or nobody knows whose; two may read alike."""
    return Counter(
        (offence["subject"], offence["detail"])
        for offence in result["offences"]
        if offence["community_id"] in (None, str(community_id))
    )


def forget_old_runs(*, keep_days: int = 90) -> int:
    """Delete runs that found everything in order more than `keep_days` days ago; returns how many. Others stay."""
    with transaction.atomic():
        count, _ = CheckRun.objects.filter(ok=True, finished_at__lt=clock.now() - timedelta(days=keep_days)).delete()
    return count
