"""What a drill that ended proves. One judgement for the operator page and for the backup part; pure functions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Drilled:
    """A drill that ended: of which store, and up to when everything was there (None: nothing was restored)."""

    started_at: datetime
    ok: bool
    store: str
    restored_to: datetime | None

    @classmethod
    def read(cls, started_at: datetime, ok: bool, detail: Mapping[str, Any]) -> "Drilled":
        """From what `drill.Outcome.summary` wrote down."""
        return cls(started_at, ok, str(detail.get("store") or ""), _moment(detail.get("restored_to")))

    def is_of(self, store: str) -> bool:
        """Whether it tried the store whose `Store.place` this is; a drill that did not even begin tried none."""
        return bool(store) and self.store == store


@dataclass(frozen=True, slots=True)
class Proof:
    """`proven_to` is the newest moment that was ever proven to come back, by the drill that began at `proven_at`."""

    proven_to: datetime | None = None
    proven_at: datetime | None = None
    has_failed: bool = False
    # Whether there was any drill of the store at all.
    is_known: bool = False


def judge(drills: Iterable[Drilled], *, store: str) -> Proof:
    """What `drills` say about `store`: those of other places prove nothing about it, and blame nothing on it.

    The last one decides whether it failed. What was proven is a moment, not that something was run: a drill of a backup
    from last month proves last month.
    """
    own = sorted((drill for drill in drills if drill.is_of(store)), key=lambda drill: drill.started_at)
    good = [drill for drill in own if drill.ok and drill.restored_to is not None]
    return Proof(
        proven_to=max((drill.restored_to for drill in good if drill.restored_to), default=None),
        proven_at=good[-1].started_at if good else None,
        has_failed=bool(own) and not own[-1].ok,
        is_known=bool(own),
    )


def _moment(found: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(found)).astimezone(UTC)
    except ValueError:
        return None
