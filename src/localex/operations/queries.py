"""What the operator page and the banner of the staff pages show about backups."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max, Q

from localex.backup.health import Facts, Problem, find_problems
from localex.lib import clock
from localex.operations.models import Run, RunKind, Status

BACKUP_PART = "backup"
MAX_RUNS = 14
CHART_DAYS = 30


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the chart: `state` is proven, failed, none, or before the installation began."""

    date: date
    state: str
    words: str


def find_status() -> Status | None:
    """What the backup part last said, or None when it never ran here. By the primary key."""
    return Status.objects.filter(name=BACKUP_PART).first()


def find_backup_facts(status: Status | None) -> Facts:
    """The facts that the rules of `backup.health` look at. One query, by operations_run_newest."""
    ended = Run.objects.filter(kind__in=[RunKind.BACKUP, RunKind.DRILL], ok__isnull=False)
    newest = ended.aggregate(
        backup=Max("started_at", filter=Q(kind=RunKind.BACKUP, ok=True)),
        proof=Max("started_at", filter=Q(kind=RunKind.DRILL, ok=True)),
        failure=Max("started_at", filter=Q(kind=RunKind.DRILL, ok=False)),
    )
    proof, failure = newest["proof"], newest["failure"]
    return Facts(
        said_at=status.at if status else None,
        detail=status.detail if status else ({} if settings.LOCALEX.backup else {"off": True}),
        last_backup_at=max(filter(None, [newest["backup"], _newest_kept(status)]), default=None),
        last_proof_at=proof,
        last_drill_failed=failure is not None and (proof is None or failure > proof),
    )


def _newest_kept(status: Status | None) -> datetime | None:
    """Also a backup that somebody made by hand is one; the part lists what is in the store, the newest first."""
    kept = status.detail.get("backups") if status else None
    return datetime.fromisoformat(str(kept[0]["at"])) if kept else None


def find_backup_problems() -> list[Problem]:
    """What is wrong with the backups now; two queries."""
    return find_problems(find_backup_facts(find_status()), now=clock.now())


def list_runs(*, limit: int = MAX_RUNS) -> list[Run]:
    """The newest backups, drills and upgrades, at most `limit` (1 to 200)."""
    return list(Run.objects.order_by("-started_at", "-id")[: max(1, min(limit, 200))])


def list_proven_days(*, today: date, days: int = CHART_DAYS) -> list[Day]:
    """The last `days` days (by UTC), oldest first, each with how its restore drills ended."""
    first = today - timedelta(days=days - 1)
    drills: dict[date, list[Run]] = {}
    for run in Run.objects.filter(kind=RunKind.DRILL, started_at__date__gte=first).order_by("started_at")[:1000]:
        drills.setdefault(run.started_at.date(), []).append(run)
    began = Run.objects.order_by("started_at").values_list("started_at", flat=True).first()
    return [_day(first + timedelta(days=number), drills, began, today) for number in range(days)]


def _day(day: date, drills: dict[date, list[Run]], began: datetime | None, today: date) -> Day:
    ended: list[Any] = [run.ok for run in drills.get(day, []) if run.ok is not None]
    if ended:
        if ended[-1]:
            return Day(day, "proven", "restored and checked")
        return Day(day, "failed", "the drill failed")
    if began is None or day < began.date():
        return Day(day, "before", "not in use yet")
    if day == today:
        return Day(day, "before", "not yet today")
    return Day(day, "none", "no drill")
