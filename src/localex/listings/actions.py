"""What the owner of a listing can do with it, in words for buttons, by the table of states."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from localex.lib import clock
from localex.listings import services
from localex.listings.models import Listing
from localex.listings.rules import RENEWABLE_BEFORE_DAYS
from localex.listings.states import TRANSITIONS, Event, State
from localex.members.models import Member


@dataclass(frozen=True, slots=True)
class Action:
    """One button. `done` is said afterwards; `question` is asked before what cannot be taken back."""

    slug: str
    label: str
    icon: str
    done: str
    run: Callable[..., Listing]
    event: Event | None = None
    question: str = ""
    warning: str = ""


ACTIONS: Final = (
    Action("publish", "Publish", "check", "Your listing is on show.", services.publish_listing, Event.PUBLISH),
    Action("resume", "Show it again", "eye", "Your listing is on show again.", services.resume_listing, Event.RESUME),
    Action(
        "relist", "List it again", "refresh-cw", "Your listing is on show again.", services.relist_listing, Event.RELIST
    ),
    Action("renew", "Renew for 60 days", "refresh-cw", "Renewed for 60 days.", services.renew_listing),
    Action("pause", "Pause", "eye-off", "Paused: nobody else sees it now.", services.pause_listing, Event.PAUSE),
    Action("gone", "Mark as gone", "circle-check", "Marked as gone.", services.mark_as_gone, Event.MARK_AS_GONE),
    Action("duplicate", "List another like it", "copy", "Here is your copy, as a draft.", services.duplicate_listing),
    Action(
        "remove",
        "Remove",
        "trash-2",
        "Removed.",
        services.remove_listing,
        Event.REMOVE,
        "Remove this listing?",
        "It disappears for everybody. Trades and reviews stay.",
    ),
)


def find_action(slug: str) -> Action | None:
    """The action with this slug, or None."""
    return next((action for action in ACTIONS if action.slug == slug), None)


def available(listing: Listing) -> list[Action]:
    """What can be done with the listing now, without publishing a draft, which has its own page."""
    state = State(listing.state)
    shown = []
    for action in ACTIONS:
        by_table = action.event is not None and action.event != Event.PUBLISH and (state, action.event) in TRANSITIONS
        by_hand = (action.slug == "renew" and _ends_soon(listing)) or (
            action.slug == "duplicate" and state not in (State.DRAFT, State.REMOVED)
        )
        if by_table or by_hand:
            shown.append(action)
    return shown


def _ends_soon(listing: Listing) -> bool:
    """Whether it is time to ask the owner to renew: 7 days before the end."""
    if listing.state != State.ACTIVE or listing.expires_at is None:
        return False
    return listing.expires_at - clock.now() < timedelta(days=RENEWABLE_BEFORE_DAYS)


def run(action: Action, *, actor: Member, listing_id: UUID) -> Listing:
    """Do it; raises what the service raises."""
    return action.run(actor=actor, listing_id=listing_id)
