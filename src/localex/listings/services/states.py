"""The events of a listing. Each locks the row, follows the table in `states`, and tells other contexts by an event."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction

from localex.jobs import events
from localex.lib import clock
from localex.listings import rules
from localex.listings.access import access_own, lock_listing
from localex.listings.errors import Incomplete, WrongState
from localex.listings.models import Listing, ListingPhoto
from localex.listings.states import SHOWING, TRANSITIONS, Event, State
from localex.members.models import Member
from localex.members.services import check_may_act

EXPIRES_AFTER = timedelta(days=rules.EXPIRES_AFTER_DAYS)
# What a listing has left at least when a trade falls through: its owner did not choose to be away from the market.
LEFT_AFTER_TRADE = timedelta(days=rules.RENEWABLE_BEFORE_DAYS)
SWEEP = 500

REFUSALS = {
    State.RESERVED: "This listing is reserved for a trade right now.",
    State.TRADED: "This listing has been traded.",
    State.PAUSED: "This listing is paused.",
    State.EXPIRED: "This listing has expired.",
    State.DRAFT: "This listing is still a draft.",
    State.PENDING_REVIEW: "This listing is waiting for review.",
    State.REMOVED: "This listing was taken down.",
    State.ACTIVE: "This listing is already on show.",
}


def photo_states(listing: Listing) -> list[str]:
    """The states of the pictures on a listing."""
    return list(ListingPhoto.objects.filter(listing=listing).values_list("photo__state", flat=True))


def check_showable(listing: Listing) -> None:
    """Incomplete unless every rule of `rules` holds."""
    problems = rules.list_problems(listing, photo_states(listing))
    if problems:
        raise Incomplete(problems)


def _move(listing: Listing, event: Event) -> None:
    """Set the next state, or raise WrongState."""
    following = TRANSITIONS.get((State(listing.state), event))
    if following is None:
        raise WrongState(REFUSALS[State(listing.state)], kept="Nothing was changed.")
    if event in SHOWING:
        check_showable(listing)
    listing.state = following
    listing.updated_at = clock.now()


def _begin_showing(listing: Listing) -> None:
    listing.published_at = clock.now()
    listing.expires_at = clock.now() + EXPIRES_AFTER


def _own_event(actor: Member, listing_id: UUID, event: Event, name: str) -> Listing:
    with transaction.atomic():
        listing = access_own(actor=actor, listing_id=listing_id, lock=True)
        if event in SHOWING:
            check_may_act(actor)
        _move(listing, event)
        if event in (Event.PUBLISH, Event.RELIST):
            _begin_showing(listing)
        listing.save(update_fields=["state", "updated_at", "published_at", "expires_at"])
        events.publish(name, listing_id=listing.id)
    return listing


def publish_listing(*, actor: Member, listing_id: UUID) -> Listing:
    """Show a draft to everybody for 60 days. Publishes `listing.published`.

    Raises ListingNotFound, WrongState, MemberMayNotAct, and Incomplete with everything that is missing.
    """
    return _own_event(actor, listing_id, Event.PUBLISH, "listing.published")


def pause_listing(*, actor: Member, listing_id: UUID) -> Listing:
    """Hide an active listing until it is resumed. Publishes `listing.withdrawn`. Raises ListingNotFound, WrongState."""
    return _own_event(actor, listing_id, Event.PAUSE, "listing.withdrawn")


def resume_listing(*, actor: Member, listing_id: UUID) -> Listing:
    """Show a paused listing again, with what is left of its 60 days. Publishes and raises as `publish_listing`."""
    return _own_event(actor, listing_id, Event.RESUME, "listing.published")


def mark_as_gone(*, actor: Member, listing_id: UUID) -> Listing:
    """The thing went another way. Publishes `listing.withdrawn`. Raises ListingNotFound, WrongState."""
    return _own_event(actor, listing_id, Event.MARK_AS_GONE, "listing.withdrawn")


def relist_listing(*, actor: Member, listing_id: UUID) -> Listing:
    """Show an expired or gone listing as new for 60 days. Publishes `listing.published`. Raises as publish."""
    return _own_event(actor, listing_id, Event.RELIST, "listing.published")


def remove_listing(*, actor: Member, listing_id: UUID) -> Listing:
    """Take it down for good; trades and reviews keep their row. Publishes `listing.withdrawn`.

    Raises ListingNotFound, WrongState (a trade is open on it).
    """
    return _own_event(actor, listing_id, Event.REMOVE, "listing.withdrawn")


def renew_listing(*, actor: Member, listing_id: UUID) -> Listing:
    """Give an active listing 60 days from now; it keeps its place in the order. Raises ListingNotFound, WrongState."""
    with transaction.atomic():
        listing = access_own(actor=actor, listing_id=listing_id, lock=True)
        if listing.state != State.ACTIVE:
            raise WrongState(REFUSALS[State(listing.state)], kept="Nothing was changed.")
        listing.expires_at = clock.now() + EXPIRES_AFTER
        listing.save(update_fields=["expires_at"])
    return listing


def _trade_event(listing_id: UUID, event: Event) -> Listing:
    with transaction.atomic():
        listing = lock_listing(listing_id=listing_id)
        following = TRANSITIONS.get((State(listing.state), event))
        if following is None:
            raise WrongState(REFUSALS[State(listing.state)], kept="No credits were moved.")
        listing.state = following
        listing.updated_at = clock.now()
        listing.save(update_fields=["state", "updated_at", "expires_at"])
    return listing


def reserve_listing(*, listing_id: UUID) -> Listing:
    """An offer was accepted. For trading, within its transaction; locks the row. WrongState unless active."""
    return _trade_event(listing_id, Event.RESERVE)


def relist_after_trade(*, listing_id: UUID) -> Listing:
    """The trade fell through: on show again, for 7 days at least. For trading. WrongState unless reserved."""
    with transaction.atomic():
        listing = _trade_event(listing_id, Event.RELEASE)
        listing.expires_at = max(listing.expires_at or clock.now(), clock.now() + LEFT_AFTER_TRADE)
        listing.save(update_fields=["expires_at"])
        events.publish("listing.published", listing_id=listing.id)
    return listing


def mark_traded(*, listing_id: UUID) -> Listing:
    """The thing was handed over. For trading, within its transaction. Raises WrongState unless reserved."""
    return _trade_event(listing_id, Event.TRADE)


def expire_listings(*, limit: int = SWEEP) -> int:
    """End the 60 days of at most `limit` listings; publishes `listing.expired` for each. How many there were.

    Uses the index listing_expiry; rows that somebody holds are left for the next sweep.
    """
    with transaction.atomic():
        due = Listing.objects.filter(state__in=[State.ACTIVE, State.PAUSED], expires_at__lte=clock.now())
        listings = list(due.order_by("expires_at", "id").select_for_update(skip_locked=True, no_key=True)[:limit])
        for listing in listings:
            _move(listing, Event.EXPIRE)
            events.publish("listing.expired", listing_id=listing.id)
        Listing.objects.bulk_update(listings, ["state", "updated_at"])
    return len(listings)
