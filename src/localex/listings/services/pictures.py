"""The pictures of a listing: added, removed, put in order, described. Position 0 is the cover."""

from collections.abc import Sequence
from uuid import UUID

from django.core.files.base import File
from django.db import transaction

from localex.lib import clock
from localex.listings.access import access_own, access_own_photo
from localex.listings.errors import Incomplete, TooManyPictures, WrongState
from localex.listings.models import Listing, ListingPhoto
from localex.listings.rules import MAX_PHOTOS
from localex.listings.services.states import REFUSALS
from localex.listings.states import EDITABLE, State
from localex.media import services as media_services
from localex.members.models import Member

MAX_ALT_LENGTH = 200


def _check_editable(listing: Listing) -> None:
    if listing.state not in EDITABLE:
        raise WrongState(REFUSALS[State(listing.state)], kept="The pictures are as they were.")


def _list(listing: Listing) -> list[ListingPhoto]:
    return list(ListingPhoto.objects.filter(listing=listing).select_related("photo").order_by("position"))


def _renumber(pictures: Sequence[ListingPhoto]) -> None:
    """Positions from 0; the constraint on them is checked at commit, so they may meet on the way."""
    moved = [shown for position, shown in enumerate(pictures) if shown.position != position]
    for position, shown in enumerate(pictures):
        shown.position = position
    ListingPhoto.objects.bulk_update(moved, ["position"])


def _touch(listing: Listing) -> None:
    Listing.objects.filter(pk=listing.pk).update(updated_at=clock.now())


def add_photo(
    *,
    actor: Member,
    listing_id: UUID,
    content: "File[bytes] | bytes",
    alt_text: str = "",
    is_prepared_later: bool = True,
) -> ListingPhoto:
    """Take in an upload as the last picture of the actor's listing; locks the listing.

    Raises ListingNotFound, WrongState, TooManyPictures, and what `media.services.take_in_photo` raises.
    """
    with transaction.atomic():
        listing = access_own(actor=actor, listing_id=listing_id, lock=True)
        _check_editable(listing)
        count = ListingPhoto.objects.filter(listing=listing).count()
        if count >= MAX_PHOTOS:
            raise TooManyPictures("A listing has at most 12 pictures. Remove one first.", kept="The 12 are untouched.")
        photo = media_services.take_in_photo(
            community_id=listing.community_id,
            uploader_id=actor.id,
            content=content,
            is_prepared_later=is_prepared_later,
        )
        shown = ListingPhoto(community_id=listing.community_id, listing=listing, photo=photo, position=count)
        shown.alt_text = alt_text.strip()[:MAX_ALT_LENGTH]
        shown.save(force_insert=True)
        _touch(listing)
    return shown


def remove_photo(*, actor: Member, listing_photo_id: UUID) -> Listing:
    """Take a picture off; it is deleted when no other listing shows it. Locks the listing.

    Raises ListingNotFound, WrongState, and Incomplete for the last picture of a listing that others can see.
    """
    with transaction.atomic():
        shown = access_own_photo(actor=actor, listing_photo_id=listing_photo_id)
        listing = shown.listing
        _check_editable(listing)
        left = [other for other in _list(listing) if other.pk != shown.pk]
        is_needed = listing.state != State.DRAFT and not listing.is_wanted
        if is_needed and not any(other.photo.state == "ready" for other in left):
            raise Incomplete({"photos": ["This is the only picture. Add another one before you remove it."]})
        photo_id = shown.photo_id
        shown.delete()
        _renumber(left)
        if not ListingPhoto.objects.filter(photo_id=photo_id).exists():
            media_services.delete_photo(photo_id=photo_id)
        _touch(listing)
    return listing


def move_photo(*, actor: Member, listing_photo_id: UUID, to: str) -> Listing:
    """Move a picture `earlier` or `later` by one, or to the front as the `cover`; at the end it stays.

    Locks the listing. Raises ListingNotFound, WrongState; ValueError for another word.
    """
    with transaction.atomic():
        shown = access_own_photo(actor=actor, listing_photo_id=listing_photo_id)
        _check_editable(shown.listing)
        pictures = _list(shown.listing)
        chosen = next(other for other in pictures if other.pk == shown.pk)
        place = {"cover": 0, "earlier": chosen.position - 1, "later": chosen.position + 1}.get(to)
        if place is None:
            raise ValueError(f"pictures do not move {to}")
        pictures.remove(chosen)
        pictures.insert(max(0, min(place, len(pictures))), chosen)
        _renumber(pictures)
        _touch(shown.listing)
    return shown.listing


def arrange_photos(*, actor: Member, listing_id: UUID, order: Sequence[UUID]) -> Listing:
    """Put the pictures into this order of their ListingPhoto ids; ids that are not (any more) there are ignored, and
    pictures that are not named come last. Locks the listing. Raises ListingNotFound, WrongState."""
    with transaction.atomic():
        listing = access_own(actor=actor, listing_id=listing_id, lock=True)
        _check_editable(listing)
        wanted = {identifier: place for place, identifier in enumerate(order[:MAX_PHOTOS])}
        pictures = sorted(_list(listing), key=lambda shown: (wanted.get(shown.pk, MAX_PHOTOS), shown.position))
        _renumber(pictures)
        _touch(listing)
    return listing


def describe_photo(*, actor: Member, listing_photo_id: UUID, alt_text: str) -> ListingPhoto:
    """Say what a picture shows, for those who cannot see it; 200 characters are kept. Raises ListingNotFound."""
    with transaction.atomic():
        shown = access_own_photo(actor=actor, listing_photo_id=listing_photo_id)
        shown.alt_text = " ".join(alt_text.split())[:MAX_ALT_LENGTH]
        shown.save(update_fields=["alt_text"])
    return shown
