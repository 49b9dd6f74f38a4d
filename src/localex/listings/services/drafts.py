"""Drafts and the words of a listing."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from localex.jobs import events
from localex.lib import clock
from localex.lib.geo import Point, distance_km, snap
from localex.listings.access import access_own
from localex.listings.errors import TooManyDrafts, WrongState
from localex.listings.models import Kind, Listing, ListingPhoto
from localex.listings.services.states import REFUSALS, check_showable
from localex.listings.states import EDITABLE, State
from localex.members.errors import TooFarAway
from localex.members.models import Member
from localex.members.services import MAX_DISTANCE_KM, check_may_act

MAX_DRAFTS: Final = 30
CHANGEABLE: Final = frozenset(
    {"direction", "kind", "category", "title", "description", "condition", "price", "known_issues", "brand", "size"}
)
# Shown in one line everywhere: cards, mails, titles of pages.
ONE_LINE: Final = frozenset({"title", "brand", "size"})
COPIED: Final = (*sorted(CHANGEABLE), "latitude", "longitude", "cell_latitude", "cell_longitude", "language")


def start_draft(*, actor: Member, draft_id: UUID | None = None, direction: str = "offer") -> Listing:
    """The draft with this id, made unless it is there: a form sent twice begins one draft.

    It starts where the member is. Raises ListingNotFound when the id is somebody else's, TooManyDrafts from 30,
    MemberMayNotAct.
    """
    check_may_act(actor)
    with transaction.atomic():
        if draft_id is not None and Listing.objects.filter(pk=draft_id).exists():
            return access_own(actor=actor, listing_id=draft_id, lock=True)
        if Listing.objects.filter(owner=actor, state=State.DRAFT).count() >= MAX_DRAFTS:
            raise TooManyDrafts("You have 30 drafts. Finish or remove one first.", kept="Your drafts are untouched.")
        listing = Listing(owner=actor, community=actor.community, direction=direction)
        listing.pk = draft_id or listing.pk
        listing.language = actor.community.language
        if actor.point is not None:
            _place(listing, actor.point)
        # Two pictures that are sent at once both find no draft: the second waits here for the first and uses its row.
        Listing.objects.bulk_create([listing], ignore_conflicts=True)
        return access_own(actor=actor, listing_id=listing.pk, lock=True)


def _place(listing: Listing, point: Point) -> None:
    cell = snap(point)
    listing.latitude, listing.longitude = point.lat, point.lon
    listing.cell_latitude, listing.cell_longitude = cell.lat, cell.lon


def _tidied(field: str, value: Any) -> Any:
    """Text without white space around it; what is shown in one line, without any inside but single spaces."""
    if not isinstance(value, str):
        return value
    return " ".join(value.split()) if field in ONE_LINE else value.strip()


def _open_for_editing(actor: Member, listing_id: UUID) -> Listing:
    listing = access_own(actor=actor, listing_id=listing_id, lock=True)
    if listing.state not in EDITABLE:
        raise WrongState(REFUSALS[State(listing.state)], kept="The listing is as it was.")
    return listing


def update_listing(*, actor: Member, listing_id: UUID, changes: Mapping[str, Any]) -> Listing:
    """Change words, price (hundredths), category or kind; locks the row.

    A draft keeps whatever is typed. A listing that others can see must stay complete: Incomplete otherwise, and
    nothing is changed. Raises ListingNotFound, and WrongState while a trade is open on it.
    """
    unknown = set(changes) - CHANGEABLE
    if unknown:
        raise TypeError(f"not changeable: {', '.join(sorted(unknown))}")
    with transaction.atomic():
        listing = _open_for_editing(actor, listing_id)
        for field, value in changes.items():
            setattr(listing, field, _tidied(field, value))
        if listing.kind == Kind.GIFT:
            listing.price = 0
        _save(listing, [*changes, "price"])
    return listing


def set_location(*, actor: Member, listing_id: UUID, point: Point) -> Listing:
    """Say where the thing is: kept exactly for its owner, shown to others as the centre of its grid cell.

    Raises TooFarAway beyond 50 km from the community's centre, and otherwise as `update_listing`.
    """
    with transaction.atomic():
        listing = _open_for_editing(actor, listing_id)
        if distance_km(point, listing.community.centre) > MAX_DISTANCE_KM:
            words = f"This place is too far from {listing.community.name}. Choose one within {MAX_DISTANCE_KM:.0f} km."
            raise TooFarAway(words, kept="The listing is where it was.", fields={"location": [words]})
        _place(listing, point)
        _save(listing, ["latitude", "longitude", "cell_latitude", "cell_longitude"])
    return listing


def _save(listing: Listing, fields: list[str]) -> None:
    if listing.state != State.DRAFT:
        check_showable(listing)
    listing.updated_at = clock.now()
    listing.save(update_fields=[*fields, "updated_at"])
    if listing.state == State.ACTIVE:
        events.publish("listing.changed", listing_id=listing.id)


def duplicate_listing(*, actor: Member, listing_id: UUID) -> Listing:
    """A new draft with the same words, place and pictures. Raises ListingNotFound, TooManyDrafts."""
    with transaction.atomic():
        original = access_own(actor=actor, listing_id=listing_id)
        copy = start_draft(actor=actor)
        for field in COPIED:
            setattr(copy, field, getattr(original, field))
        copy.save()
        pictures = ListingPhoto.objects.filter(listing=original).exclude(photo__state="rejected").order_by("position")
        ListingPhoto.objects.bulk_create(
            ListingPhoto(
                community_id=copy.community_id,
                listing=copy,
                photo_id=shown.photo_id,
                position=position,
                alt_text=shown.alt_text,
            )
            for position, shown in enumerate(pictures)
        )
    return copy
