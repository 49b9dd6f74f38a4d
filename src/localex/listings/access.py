"""Loads listings for those who may have them; for everybody else there is none."""

from uuid import UUID

from localex.listings.errors import ListingNotFound
from localex.listings.models import Listing, ListingPhoto
from localex.listings.states import State
from localex.members.models import Member


def lock_listing(*, listing_id: UUID) -> Listing:
    """The listing, its row locked until the transaction ends. ListingNotFound."""
    listing = Listing.objects.select_for_update(no_key=True, of=("self",)).filter(pk=listing_id).first()
    if listing is None:
        raise ListingNotFound
    return listing


def access_own(*, actor: Member, listing_id: UUID, lock: bool = False) -> Listing:
    """The actor's own listing with community, owner and category; with `lock` its row is locked until the
    transaction ends. ListingNotFound for a stranger's and for a removed one."""
    rows = Listing.objects.select_related("community", "owner", "category")
    rows = rows.select_for_update(no_key=True, of=("self",)) if lock else rows
    listing = rows.filter(pk=listing_id, owner=actor).exclude(state=State.REMOVED).first()
    if listing is None:
        raise ListingNotFound
    return listing


def access_own_photo(*, actor: Member, listing_photo_id: UUID) -> ListingPhoto:
    """A picture of the actor's own listing, whose row is locked until the transaction ends. ListingNotFound."""
    shown = ListingPhoto.objects.filter(pk=listing_photo_id, listing__owner=actor).first()
    if shown is None:
        raise ListingNotFound
    shown.listing = access_own(actor=actor, listing_id=shown.listing_id, lock=True)
    return shown
