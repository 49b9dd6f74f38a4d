"""What the operator page says, put together from the queries."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.timezone import localdate

from localex.backup.health import PROOF_AGE, SHIPPING_LAG, Facts, find_problems, spell
from localex.lib import clock
from localex.lib.sizes import spell_bytes
from localex.operations import queries
from localex.operations.ledger import ResumeForm, describe_ledger
from localex.operations.models import Run
from localex.operations.queries import Day
from localex.operations.verdict import find_verdict

# What began longer ago and has no end was cut off.
RUNS_FOR = timedelta(hours=12)
# The part says something every 30 seconds; one time may be missed.
BETWEEN_WORDS = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Running:
    """What runs now: for how many seconds, and how many it took the last time (None: never ended well)."""

    kind: str
    started_at: datetime
    age: str
    seconds: int
    last_seconds: int | None


def describe_overview(tried: Mapping[UUID, ResumeForm] | None = None) -> dict[str, Any]:
    """Everything on the operator page; `tried` are forms to show again, by community; two dozen queries at most."""
    now = clock.now()
    status = queries.find_status()
    facts = queries.find_backup_facts(status)
    detail = status.detail if status else {}
    shipped_at = _moment(detail.get("shipped_at"))
    days = queries.list_proven_days(today=localdate(now), store=queries.find_store_name(status))
    runs = queries.list_runs()
    books = describe_ledger(now, tried or {})
    about_backups = find_problems(facts, now=now)
    problems = [*books["ledger_problems"], *about_backups]
    grave = {problem.code for problem in about_backups if problem.is_grave}
    proof_age = spell(now - facts.last_proof_at) if facts.last_proof_at else ""
    is_off = not settings.LOCALEX.backup
    is_checked = books["last_check"] is not None
    return {
        **books,
        "verdict": find_verdict(problems, is_off=is_off, is_checked=is_checked, proof_age=proof_age),
        "problems": sorted(problems, key=lambda problem: not problem.is_grave),
        "backup_codes": grave,
        "status": status,
        "status_age": spell(now - status.at) if status else "",
        "shipped_at": shipped_at,
        "shipped_age": spell(max(now - shipped_at, timedelta())) if shipped_at else "",
        "is_late": shipped_at is not None and _is_late(grave, now - shipped_at),
        "looked_at": _moment(detail.get("looked_at")),
        "facts": facts,
        "proof_state": _judge_proof(facts, now, grave),
        "proof_age": proof_age,
        "backup_age": spell(now - facts.last_backup_at) if facts.last_backup_at else "",
        "is_off": is_off,
        "backups": [_describe_backup(entry) for entry in detail.get("backups") or []],
        "days": days,
        "proven_words": _count_proven(days),
        "runs": [_describe_run(run) for run in runs],
        "running": find_running(runs, now=now),
    }


def _judge_proof(facts: Facts, now: datetime, grave: Set[str]) -> str:
    """`bad` when what was proven is gone, failed since or is too old; `good` only while nothing `grave` is known."""
    if facts.last_drill_failed or "store_gone" in grave:
        return "bad"
    if facts.last_proof_at is None:
        return "none"
    if now - facts.last_proof_at > PROOF_AGE:
        return "bad"
    return "none" if grave else "good"


def _is_late(grave: Set[str], age: timedelta) -> bool:
    """Whether the newest safe change is older than was promised, as far as the backup part can have said so yet."""
    return bool(grave & {"store_gone", "silent", "lag"}) or age > SHIPPING_LAG + BETWEEN_WORDS


def _count_proven(days: Sequence[Day]) -> str:
    proven = sum(day.state == "proven" for day in days)
    counted = sum(day.state != "before" for day in days)
    if not counted:
        return "The first drill follows the first backup, and then one comes every day."
    if proven == counted:
        return f"Proven every day so far: {counted} day{'s' if counted > 1 else ''}."
    return f"Proven on {proven} of the last {counted} day{'s' if counted > 1 else ''}."


def find_running(runs: Sequence[Run], *, now: datetime) -> list[Running]:
    """Those of `runs` (the newest first) that have not ended; one with a later run of its kind was cut off."""
    found, seen = [], set()
    for run in runs:
        if run.kind not in seen and run.ok is None and now - run.started_at < RUNS_FOR:
            before = next((other for other in runs if other.kind == run.kind and other.ok), None)
            age = max(now - run.started_at, timedelta())
            seconds, took = int(age.total_seconds()), _seconds(before) if before else None
            found.append(Running(run.get_kind_display(), run.started_at, spell(age), seconds, took))
        seen.add(run.kind)
    return found


def _seconds(run: Run) -> int | None:
    return round((run.finished_at - run.started_at).total_seconds()) if run.finished_at else None


def _describe_backup(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": entry.get("id", ""),
        "at": _moment(entry.get("at")),
        "size": spell_bytes(int(entry.get("bytes") or 0)),
    }


def _describe_run(run: Run) -> dict[str, Any]:
    detail = run.detail
    seconds = _seconds(run)
    return {
        "kind": run.get_kind_display(),
        "started_at": run.started_at,
        "seconds": f"{seconds} s" if seconds is not None else "",
        "ok": run.ok,
        "words": str(detail.get("words") or detail.get("error") or ""),
        "size": spell_bytes(int(detail["bytes"])) if detail.get("bytes") else "",
    }


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError:
        return None
