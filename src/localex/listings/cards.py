"""A listing as it appears in a list: what the card component shows, and nothing that is private."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch

from localex.lib.geo import Point, distance_km
from localex.listings.models import Listing, ListingPhoto
from localex.media.models import Photo

# The first finished picture of each listing, in one query for all; uses the index of listing_photo_position.
COVERS: Prefetch = Prefetch(
    "listing_photos",
    queryset=ListingPhoto.objects.filter(photo__state="ready")
    .select_related("photo")
    .order_by("listing_id", "position")
    .distinct("listing_id"),
    to_attr="covers",
)

# What a card needs of the row. The exact place and the search vector stay in the database.
CARD_FIELDS = (
    "id",
    "community_id",
    "owner_id",
    "direction",
    "kind",
    "title",
    "price",
    "state",
    "condition",
    "category_id",
    "cell_latitude",
    "cell_longitude",
    "published_at",
    "expires_at",
    "updated_at",
)


@dataclass(frozen=True, slots=True)
class Card:
    """One listing in a list. `price` is in hundredths; `distance_km` is from the viewer to the centre of its cell, None
    when nobody knows where the viewer is."""

    id: UUID
    title: str
    price: int
    is_gift: bool
    is_wanted: bool
    state: str
    condition: str
    photo: Photo | None
    alt_text: str
    distance_km: float | None
    published_at: datetime | None


def cell_of(listing: Listing) -> Point | None:
    """The centre of the listing's grid cell: all that anybody but its owner may know of its place."""
    if listing.cell_latitude is None or listing.cell_longitude is None:
        return None
    return Point(listing.cell_latitude, listing.cell_longitude)


def distance_to(listing: Listing, viewer: Point | None) -> float | None:
    """Kilometres from the viewer to the centre of the listing's cell."""
    cell = cell_of(listing)
    return None if viewer is None or cell is None else distance_km(viewer, cell)


def make_card(listing: Listing, viewer: Point | None = None) -> Card:
    """The card of a listing that was loaded with `COVERS`."""
    covers: Sequence[ListingPhoto] = getattr(listing, "covers", ())
    cover = covers[0] if covers else None
    return Card(
        id=listing.id,
        title=listing.title or "Untitled draft",
        price=listing.price,
        is_gift=listing.is_gift,
        is_wanted=listing.is_wanted,
        state=listing.state,
        condition=listing.get_condition_display(),
        photo=cover.photo if cover else None,
        alt_text=cover.alt_text if cover else "",
        distance_km=distance_to(listing, viewer),
        published_at=listing.published_at,
    )


def make_cards(listings: Iterable[Listing], viewer: Point | None = None) -> list[Card]:
    """The cards of listings that were loaded with `COVERS`, in their order."""
    return [make_card(listing, viewer) for listing in listings]
