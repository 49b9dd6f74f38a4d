"""A listing as it appears in a list: what the card component shows, and nothing that is private."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.urls import reverse

from localex.lib.geo import Point, distance_km
from localex.listings.models import Listing, ListingPhoto
from localex.listings.states import State
from localex.media.queries import photo_srcset, photo_url

# The first finished picture of each listing, in one query for all; uses the index of listing_photo_position.
FIRST_PICTURES = (
    ListingPhoto.objects.filter(photo__state="ready")
    .select_related("photo")
    .order_by("listing_id", "position")
    .distinct("listing_id")
)
COVERS: Prefetch = Prefetch("listing_photos", queryset=FIRST_PICTURES, to_attr="covers")

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
    "category__icon",
    "cell_latitude",
    "cell_longitude",
    "published_at",
    "expires_at",
    "updated_at",
)


@dataclass(frozen=True, slots=True)
class Card:
    """One listing in a list, as components/card.html wants it.

    `price` is in hundredths; `picture` is empty without one; `distance_km` is from the viewer to the centre of the
    listing's cell, None when nobody knows where the viewer is.
    """

    id: UUID
    url: str
    title: str
    price: int
    is_gift: bool
    is_wanted: bool
    state: str
    icon: str
    picture: str = ""
    small_picture: str = ""
    srcset: str = ""
    placeholder: str = ""
    alt: str = ""
    distance_km: float | None = None
    published_at: datetime | None = None
    note: str = ""


def cell_of(listing: Listing) -> Point | None:
    """The centre of the listing's grid cell: all that anybody but its owner may know of its place."""
    if listing.cell_latitude is None or listing.cell_longitude is None:
        return None
    return Point(listing.cell_latitude, listing.cell_longitude)


def distance_to(listing: Listing, viewer: Point | None) -> float | None:
    """Kilometres from the viewer to the centre of the listing's cell."""
    cell = cell_of(listing)
    return None if viewer is None or cell is None else distance_km(viewer, cell)


def make_card(listing: Listing, viewer: Point | None = None, *, note: str = "") -> Card:
    """The card of a listing that was loaded by `with_covers`. `note` replaces distance and age."""
    return Card(
        id=listing.id,
        url=reverse("listings:detail", args=[listing.id]),
        title=listing.title or "Untitled draft",
        price=listing.price,
        is_gift=listing.is_gift,
        is_wanted=listing.is_wanted,
        state="" if listing.state == State.ACTIVE else listing.get_state_display(),
        icon=listing.category.icon if listing.category else "package",
        distance_km=distance_to(listing, viewer),
        published_at=listing.published_at,
        note=note,
        **_picture_of(listing),
    )


def _picture_of(listing: Listing) -> dict[str, str]:
    covers: Sequence[ListingPhoto] = getattr(listing, "covers", ())
    if not covers:
        return {}
    photo = covers[0].photo
    return {
        "picture": photo_url(photo, 600),
        "small_picture": photo_url(photo, 200),
        "srcset": photo_srcset(photo),
        "placeholder": photo.placeholder,
        "alt": covers[0].alt_text,
    }


def with_covers(rows: QuerySet[Listing]) -> QuerySet[Listing]:
    """The rows with what cards need, and nothing that is private: one query, and one for all pictures."""
    return rows.select_related("category").only(*CARD_FIELDS).prefetch_related(COVERS)


def make_cards(listings: Iterable[Listing], viewer: Point | None = None) -> list[Card]:
    """The cards of listings that were loaded by `with_covers`, in their order."""
    return [make_card(listing, viewer) for listing in listings]
