"""What the operator page says, put together from the queries."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from localex.backup.health import find_problems, spell
from localex.lib import clock
from localex.lib.sizes import spell_bytes
from localex.operations import queries
from localex.operations.ledger import ResumeForm, describe_ledger
from localex.operations.models import Run


def describe_overview(tried: Mapping[UUID, ResumeForm] | None = None) -> dict[str, Any]:
    """Everything on the operator page; `tried` are forms to show again, by community; two dozen queries at most."""
    now = clock.now()
    status = queries.find_status()
    facts = queries.find_backup_facts(status)
    detail = status.detail if status else {}
    shipped_at = _moment(detail.get("shipped_at"))
    days = queries.list_proven_days(today=now.date(), store=queries.find_store_name(status))
    return {
        **describe_ledger(now, tried or {}),
        "backup_problems": find_problems(facts, now=now),
        "status": status,
        "status_age": spell(now - status.at) if status else "",
        "shipped_at": shipped_at,
        "shipped_age": spell(max(now - shipped_at, timedelta())) if shipped_at else "",
        "looked_at": _moment(detail.get("looked_at")),
        "facts": facts,
        "proof_age": spell(now - facts.last_proof_at) if facts.last_proof_at else "",
        "backup_age": spell(now - facts.last_backup_at) if facts.last_backup_at else "",
        "is_off": not settings.LOCALEX.backup,
        "backups": [_describe_backup(entry) for entry in detail.get("backups") or []],
        "days": days,
        "proven_days": sum(day.state == "proven" for day in days),
        "counted_days": sum(day.state != "before" for day in days),
        "runs": [_describe_run(run) for run in queries.list_runs()],
    }


def _describe_backup(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": entry.get("id", ""),
        "at": _moment(entry.get("at")),
        "size": spell_bytes(int(entry.get("bytes") or 0)),
    }


def _describe_run(run: Run) -> dict[str, Any]:
    detail = run.detail
    seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at else None
    return {
        "kind": run.get_kind_display(),
        "started_at": run.started_at,
        "seconds": f"{seconds:.0f} s" if seconds is not None else "",
        "ok": run.ok,
        "words": str(detail.get("words") or detail.get("error") or ""),
        "size": spell_bytes(int(detail["bytes"])) if detail.get("bytes") else "",
    }


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError:
        return None
