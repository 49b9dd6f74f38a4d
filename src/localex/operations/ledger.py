"""What the operator page says about the ledger, and the one thing that can be done here: let a community post again."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms

from localex.backup.health import Problem, spell
from localex.communities.models import Community
from localex.credits import health, inspection
from localex.credits.models import CheckRun
from localex.lib import clock
from localex.lib.money import display
from localex.members.models import User

# Every 15 minutes one is due; a worker that was stopped for a moment is no alarm.
CHECK_AGE = timedelta(minutes=45)
FULL_CHECK_AGE = timedelta(hours=26)
WORDS = {
    "credit_line": "Credit line",
    "ceiling": "Ceiling",
    "closed": "Account closed",
    "reopened": "Account opened again",
    "clearing_limit": "Limit towards another community",
    "stopped": "Postings stopped",
    "resumed": "Postings let go on",
}


class ResumeForm(forms.Form):
    """Why it is right that credits move again; `despite` only when the check still finds something."""

    reason = forms.CharField(
        label="Why is it right that credits move again?",
        min_length=10,
        max_length=inspection.MAX_WORDS,
        help_text="Kept for ever in the audit, with your account.",
    )
    despite = forms.BooleanField(
        label="I have looked at the rows above; go on although the check still finds them.", required=False
    )


def find_ledger_problems() -> list[Problem]:
    """What is wrong with the ledger now, from the last checks; three queries, by primary keys."""
    problems = [
        Problem("stopped", f"Credits do not move in {name}: {words}", "Look at the rows below, then say why they may.")
        for name, words in _stops_by_name()
    ]
    last = health.find_last_check()
    if last is not None and not last.ok:
        names = ", ".join(result["name"] for result in last.results if result["count"])
        problems.append(Problem("broken", f"The last check found the ledger not in order: {names}.", "See below."))
    if last is None or clock.now() - last.finished_at > CHECK_AGE:
        age = f"for {spell(clock.now() - last.finished_at)}" if last else "yet"
        problems.append(
            Problem(
                "unchecked",
                f"The ledger was not checked {age}.",
                "Look whether the worker runs: logs/worker.log.",
                False,
            )
        )
    return problems


def _stops_by_name() -> list[tuple[str, str]]:
    stops = health.list_stops()
    names = _names([stop.community_id for stop in stops])
    return [(names.get(stop.community_id, str(stop.community_id)), stop.why) for stop in stops]


def _names(ids: list[UUID]) -> dict[UUID, str]:
    return dict(Community.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}


def describe_ledger(now: datetime, tried: Mapping[UUID, ResumeForm]) -> dict[str, Any]:
    """The ledger's half of the operator page."""
    last, full = health.find_last_check(), health.find_last_check(scope=CheckRun.FULL)
    seal, stops, decisions = health.find_last_seal(), health.list_stops(), health.list_decisions()
    names = _names([stop.community_id for stop in stops] + [row.community_id for row in decisions if row.community_id])
    return {
        "ledger_problems": find_ledger_problems(),
        "last_check": last,
        "last_check_age": spell(now - last.finished_at) if last else "",
        "last_full": full,
        "last_full_age": spell(now - full.finished_at) if full else "",
        "check_runs": health.list_check_runs(limit=12),
        "offences": [
            {"check": result["name"], "promise": result["words"], **offence}
            for result in (last.results if last and not last.ok else [])
            for offence in result["offences"]
        ],
        "seal": seal,
        "seal_age": spell(now - seal.sealed_at) if seal else "",
        "seal_digest": seal.digest.hex()[:16] if seal else "",
        "stops": [
            {
                "name": names.get(stop.community_id, str(stop.community_id)),
                "since": stop.stopped_at,
                "why": stop.why,
                "form": tried.get(stop.community_id) or ResumeForm(prefix=str(stop.community_id)),
                "community_id": stop.community_id,
            }
            for stop in stops
        ],
        "decisions": [
            {
                "at": row.at,
                "what": WORDS.get(row.what, row.what),
                "community": names.get(row.community_id, "") if row.community_id else "all",
                "change": _change(row),
                "words": row.words,
            }
            for row in decisions
        ],
    }


def _change(row: health.Decision) -> str:
    if row.before is None and row.after is None:
        return ""
    return " → ".join("none" if value is None else display(value) for value in (row.before, row.after))


def resume(*, actor: User, community_id: UUID, reason: str, despite: bool) -> bool:
    """Let a community post again; see credits.inspection.resume. Raises ChecksFail."""
    member = actor.memberships.filter(community_id=community_id).first()
    reference = member.ledger_ref if member else None
    # The audit is for ever and an address is not: the account's number.
    words = f"{reason} (account {actor.pk})"
    return inspection.resume(community_id=community_id, actor=reference, words=words, despite=despite)
