"""What the operator page and the banner of the staff pages show about backups."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import Max
from django.utils.timezone import localdate

from localex.backup.health import PROOF_AGE, Facts, Problem, find_problems
from localex.backup.proof import Drilled, judge
from localex.backup.records import JUDGED_DRILLS
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
    """The facts that the rules of `backup.health` look at. Two queries, by operations_run_newest."""
    newest = Run.objects.filter(kind=RunKind.BACKUP, ok=True).aggregate(at=Max("started_at"))["at"]
    drills = _read_drills(Run.objects.filter(kind=RunKind.DRILL).order_by("-started_at")[:JUDGED_DRILLS])
    proof = judge(drills, store=find_store_name(status))
    return Facts(
        said_at=status.at if status else None,
        detail=status.detail if status else ({} if settings.LOCALEX.backup else {"off": True}),
        last_backup_at=max(filter(None, [newest, _newest_kept(status)]), default=None),
        last_proof_at=proof.proven_to,
        last_drill_failed=proof.has_failed,
    )


def find_store_name(status: Status | None) -> str:
    """The place of this installation's backups, as the backup part calls it; empty when it never said."""
    return str(status.detail.get("store") or "") if status else ""


def _read_drills(runs: Iterable[Run]) -> list[Drilled]:
    return [Drilled.read(run.started_at, run.ok, run.detail) for run in runs if run.ok is not None]


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


def list_proven_days(*, today: date, store: str, days: int = CHART_DAYS) -> list[Day]:
    """The last `days` days in the time zone in force, oldest first, each with how its drills of `store` ended."""
    first = today - timedelta(days=days - 1)
    drills: dict[date, list[Drilled]] = {}
    runs = Run.objects.filter(kind=RunKind.DRILL, started_at__date__gte=first).order_by("started_at")[:1000]
    for drill in _read_drills(runs):
        if drill.is_of(store):
            drills.setdefault(localdate(drill.started_at), []).append(drill)
    began = Run.objects.order_by("started_at").values_list("started_at", flat=True).first()
    opening = localdate(began) if began else None
    return [_day(first + timedelta(days=number), drills, opening, today) for number in range(days)]


def _day(day: date, drills: dict[date, list[Drilled]], began: date | None, today: date) -> Day:
    if day in drills:
        last = drills[day][-1]
        if not last.ok:
            return Day(day, "failed", "the drill failed")
        if any(drill.restored_to and drill.started_at - drill.restored_to <= PROOF_AGE for drill in drills[day]):
            return Day(day, "proven", "restored and checked")
        return Day(day, "none", "only an older state was restored")
    if began is None or day < began:
        return Day(day, "before", "not in use yet")
    if day == today:
        return Day(day, "before", "not yet today")
    return Day(day, "none", "no drill")
