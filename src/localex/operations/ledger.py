"""What the operator page says about the ledger, and the one thing that can be done here: let a community post again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Min

from localex.backup.health import Problem, spell
from localex.communities.models import Community
from localex.credits import health, inspection
from localex.credits.models import CheckRun
from localex.lib import clock
from localex.members.models import User
from localex.operations import wish
from localex.operations.decisions import describe_decisions
from localex.operations.models import Status

# Every 15 minutes one is due; a worker that was stopped for a moment is no alarm.
CHECK_AGE = timedelta(minutes=45)
FULL_CHECK_AGE = timedelta(hours=26)
# Every 15 minutes as well; a long posting, or somebody who holds the sealer's lock, delays it.
SEAL_AGE = timedelta(hours=1)
# What comes before the reason in the audit: the account's number.
SIGNATURE = "Account {}: "
MAX_REASON = inspection.MAX_WORDS - 50


class ResumeForm(forms.Form):
    """Why it is right that credits move again; `despite` only when the check still finds something."""

    reason = forms.CharField(
        label="Why is it right that credits move again?",
        min_length=10,
        max_length=MAX_REASON,
        help_text="Kept for ever in the audit, with your account.",
    )
    despite = forms.BooleanField(
        label="I have looked at the rows above; go on although the check still finds them.", required=False
    )


@dataclass(frozen=True, slots=True)
class Known:
    """What the checks said last, and where postings are stopped; five queries."""

    last: CheckRun | None = field(default_factory=health.find_last_check)
    full: CheckRun | None = field(default_factory=lambda: health.find_last_check(scope=CheckRun.FULL))
    failures: list[CheckRun] = field(default_factory=health.list_open_failures)
    stops: list[health.Stop] = field(default_factory=health.list_stops)


def find_ledger_problems(known: Known | None = None) -> list[Problem]:
    """What is wrong with the ledger now, from the last checks; seven queries at most, by primary keys."""
    known = known or Known()
    # Somebody who stopped it by hand left no rows.
    remedy = (
        "Keep evidence first: run `localex backup` now, and restore over nothing. Then take the steps below."
        if known.failures
        else "Say below why they may move again."
    )
    problems = [
        Problem("stopped", f"Credits do not move in {name}: {words}", remedy)
        for name, words in _stops_by_name(known.stops)
    ]
    if known.failures:
        names = ", ".join(dict.fromkeys(row["check"] for row in list_offences(known.failures)))
        problems.append(
            Problem("broken", f"A check found the ledger not in order: {names}.", "Rows and steps stand below.")
        )
    last = known.last
    # A new installation has as long for its first check as any other has between two.
    since_check = last.finished_at if last else find_installed_at()
    if since_check is None or clock.now() - since_check > CHECK_AGE:
        age = f"for {spell(clock.now() - last.finished_at)}" if last else "yet"
        problems.append(
            Problem(
                "unchecked",
                f"The ledger was not checked {age}.",
                "Look whether the worker runs: logs/worker.log.",
                False,
            )
        )
    # A new installation has until its first night.
    first = health.find_first_check()
    since = known.full or first
    if since is not None and clock.now() - since.finished_at > FULL_CHECK_AGE:
        words = f"Everything was not checked for {spell(clock.now() - since.finished_at)}."
        remedy = "It is due every night: look at logs/worker.log, or run `localex check` now."
        problems.append(Problem("unchecked_in_full", words, remedy, False))
    # What an installation was filled with may be old; nobody could seal it before there were checks and seals.
    waiting = min(health.find_seal_age() or timedelta(), clock.now() - first.started_at) if first else timedelta()
    if waiting > SEAL_AGE:
        words = f"What was booked has waited for its seal for {spell(waiting)}."
        remedy = "Look for a transaction that never ends, or a worker that stands still: logs/worker.log."
        problems.append(Problem("unsealed", words, remedy, False))
    return problems


def find_installed_at() -> datetime | None:
    """When the first migration ran here, or None when nothing says so. A small table."""
    moment: datetime | None = MigrationRecorder.Migration.objects.aggregate(at=Min("applied"))["at"]
    return moment


def list_offences(failures: Iterable[CheckRun]) -> list[dict[str, Any]]:
    """The rows that these runs found, each once: `check`, `promise`, `subject`, `detail`, `community_id`."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for run in failures:
        for result in run.results:
            for offence in result["offences"]:
                row = {"check": result["name"], "promise": result["words"], **offence}
                found.setdefault((row["check"], row["subject"], row["detail"]), row)
    return list(found.values())


def _group_offences(failures: Sequence[CheckRun], names: Mapping[UUID, str]) -> list[dict[str, Any]]:
    """The same by check: `check`, `promise`, `rows` with `community`, and `left_out`: how many more there are."""
    counts: dict[str, int] = {}
    for result in (result for run in failures for result in run.results):
        counts[result["name"]] = max(counts.get(result["name"], 0), result["count"])
    groups: dict[str, dict[str, Any]] = {}
    for row in list_offences(failures):
        group = groups.setdefault(row["check"], {"check": row["check"], "promise": row["promise"], "rows": []})
        number = row["community_id"]
        group["rows"].append({**row, "community": names.get(UUID(number), number) if number else ""})
    for group in groups.values():
        group["left_out"] = max(0, counts[group["check"]] - len(group["rows"]))
    # What breaks the books comes before what is odd about the schema.
    return [groups[name] for name in sorted(groups)]


def _stops_by_name(stops: list[health.Stop]) -> list[tuple[str, str]]:
    names = _names([stop.community_id for stop in stops])
    return [(names.get(stop.community_id, str(stop.community_id)), stop.why) for stop in stops]


def _names(ids: list[UUID]) -> dict[UUID, str]:
    return dict(Community.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}


def describe_ledger(now: datetime, tried: Mapping[UUID, ResumeForm]) -> dict[str, Any]:
    """The ledger's half of the operator page."""
    known = Known()
    last, full, failures, stops = known.last, known.full, known.failures, known.stops
    seal, wishes = health.find_last_seal(), wish.list_wishes()
    concerned = {UUID(row["community_id"]) for row in list_offences(failures) if row["community_id"]}
    names = _names([*{stop.community_id for stop in stops} | concerned])
    return {
        "ledger_problems": find_ledger_problems(known),
        "last_check": last,
        "last_check_age": spell(now - last.finished_at) if last else "",
        "last_full": full,
        "last_full_age": spell(now - full.finished_at) if full else "",
        "check_runs": health.list_check_runs(limit=12),
        "offences": _group_offences(failures, names),
        "failed_at": failures[0].finished_at if failures else None,
        "seal": seal,
        "seal_age": spell(now - seal.sealed_at) if seal else "",
        "seal_digest": seal.digest.hex() if seal else "",
        "stops": [
            {
                "name": names.get(stop.community_id, str(stop.community_id)),
                "since": stop.stopped_at,
                "why": stop.why,
                "form": tried.get(stop.community_id) or ResumeForm(prefix=str(stop.community_id)),
                "wish": wishes.get(stop.community_id),
                "waits": _spell_wait(wishes.get(stop.community_id), now),
                "community_id": stop.community_id,
            }
            for stop in stops
        ],
        "decisions": describe_decisions(),
    }


def _spell_wait(made: Status | None, now: datetime) -> str:
    """For how long a wish waits, or "" when none does."""
    return spell(now - made.at) if made and made.detail.get("state") == wish.WAITING else ""


def resume(*, actor: User, community_id: UUID, reason: str, despite: bool) -> None:
    """Wish that a community posts again: a job checks everything and lets it, or says why not; the page shows which.

    In a transaction, with the job. A newer wish replaces one that waits.
    """
    member = actor.memberships.filter(community_id=community_id).first()
    # The audit is for ever and an address is not: the account's number, in front, where nothing cuts it off.
    words = SIGNATURE.format(actor.pk) + reason
    wish.make_wish(community_id, actor=member.ledger_ref if member else None, words=words, despite=despite)
