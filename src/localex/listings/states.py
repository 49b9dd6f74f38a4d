"""The states of a listing as one table: which event leads from where to where."""

from typing import Final

from django.db import models


class State(models.TextChoices):
    """Where a listing stands. Only `active` is found by others."""

    DRAFT = "draft", "Draft"
    PENDING_REVIEW = "pending_review", "Waiting for review"
    ACTIVE = "active", "Active"
    RESERVED = "reserved", "Reserved"
    TRADED = "traded", "Traded"
    PAUSED = "paused", "Paused"
    EXPIRED = "expired", "Expired"
    REMOVED = "removed", "Removed"


class Event(models.TextChoices):
    """What can happen to a listing."""

    PUBLISH = "publish", "Publish"
    PAUSE = "pause", "Pause"
    RESUME = "resume", "Resume"
    MARK_AS_GONE = "mark_as_gone", "Mark as gone"
    RELIST = "relist", "Relist"
    REMOVE = "remove", "Remove"
    RESERVE = "reserve", "Reserve"
    RELEASE = "release", "Relist after a trade"
    TRADE = "trade", "Mark as traded"
    EXPIRE = "expire", "Expire"


# (state, event) -> next state. What is not here is refused with `WrongState`.
TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.DRAFT, Event.PUBLISH): State.ACTIVE,
    (State.DRAFT, Event.REMOVE): State.REMOVED,
    (State.ACTIVE, Event.PAUSE): State.PAUSED,
    (State.ACTIVE, Event.MARK_AS_GONE): State.TRADED,
    (State.ACTIVE, Event.REMOVE): State.REMOVED,
    (State.ACTIVE, Event.RESERVE): State.RESERVED,
    (State.ACTIVE, Event.EXPIRE): State.EXPIRED,
    (State.PAUSED, Event.RESUME): State.ACTIVE,
    (State.PAUSED, Event.MARK_AS_GONE): State.TRADED,
    (State.PAUSED, Event.REMOVE): State.REMOVED,
    (State.PAUSED, Event.EXPIRE): State.EXPIRED,
    (State.RESERVED, Event.RELEASE): State.ACTIVE,
    (State.RESERVED, Event.TRADE): State.TRADED,
    (State.TRADED, Event.RELIST): State.ACTIVE,
    (State.EXPIRED, Event.RELIST): State.ACTIVE,
    (State.EXPIRED, Event.REMOVE): State.REMOVED,
    (State.TRADED, Event.REMOVE): State.REMOVED,
}


# Events that need everything that `publish` needs, because the listing comes into view again.
SHOWING: Final = frozenset({Event.PUBLISH, Event.RESUME, Event.RELIST})

# States in which the owner may change the words, the price and the pictures.
EDITABLE: Final = frozenset({State.DRAFT, State.ACTIVE, State.PAUSED, State.EXPIRED})
