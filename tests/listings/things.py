"""Listings for tests, made through the services."""

from functools import cache
from typing import Any

from localex.lib.geo import Point
from localex.listings import services
from localex.listings.models import Category, Listing
from localex.media.services import prepare_photo
from localex.members.models import Member
from localex.members.services import set_location
from tests.media import pictures

HOME = Point(48.412345, 15.598765)  # six decimals that must never appear on a page for others
WORDS = {
    "title": "Oak bedside table with drawer",
    "description": "Solid oak, 45 cm wide and 60 cm high. It stood beside our bed for ten years and still looks good.",
    "condition": "good",
    "price": 3000,
}


@cache
def _picture() -> bytes:
    return pictures.jpeg(400, 500)


def leaf(slug: str = "tables-desks") -> Category:
    return Category.objects.get(slug=slug)


def at(member: Member, point: Point = HOME) -> Member:
    """The same member, living there."""
    return set_location(member_id=member.pk, point=point)


def new_draft(
    owner: Member, *, photos: int = 1, point: Point | None = HOME, category: str = "tables-desks", **changes: Any
) -> Listing:
    """A draft that lacks nothing; a wanted has no picture unless told."""
    is_wanted = changes.get("direction") == "wanted"
    listing = services.start_draft(actor=owner)
    services.update_listing(
        actor=owner, listing_id=listing.pk, changes={**WORDS, "category": leaf(category), **changes}
    )
    if point is not None:
        services.set_location(actor=owner, listing_id=listing.pk, point=point)
    for _ in range(0 if is_wanted and photos == 1 else photos):
        shown = services.add_photo(actor=owner, listing_id=listing.pk, content=_picture(), is_prepared_later=False)
        prepare_photo(photo_id=shown.photo_id)
    return Listing.objects.get(pk=listing.pk)


def new_listing(owner: Member, **changes: Any) -> Listing:
    """An active listing."""
    draft = new_draft(owner, **changes)
    return services.publish_listing(actor=owner, listing_id=draft.pk)


def new_wanted(owner: Member, **changes: Any) -> Listing:
    """An active listing without a picture, which is quick to make in numbers."""
    return new_listing(owner, direction="wanted", **changes)
