"""What a listing must be before others see it, as pure functions that the form, the services and the tests share."""

from collections.abc import Mapping, Sequence
from typing import Final

from localex.lib.money import display
from localex.listings.models import MAX_PRICE, MIN_PRICE, Kind, Listing

TITLE_LENGTH: Final = (10, 100)
DESCRIPTION_LENGTH: Final = (50, 2000)
WANTED_DESCRIPTION_LENGTH: Final = (20, 2000)
MAX_PHOTOS: Final = 12
EXPIRES_AFTER_DAYS: Final = 60
RENEWABLE_BEFORE_DAYS: Final = 7

Problems = dict[str, list[str]]


def _length_problem(text: str, limits: tuple[int, int], name: str) -> list[str]:
    least, most = limits
    length = len(text.strip())
    if length == 0:
        return [f"Write a {name}."]
    if length < least:
        missing = least - length
        return [f"Make the {name} a little longer: {missing} more character{'s' if missing > 1 else ''}."]
    return [f"Make the {name} shorter: at most {most:,} characters."] if length > most else []


def title_problems(listing: Listing) -> list[str]:
    """10 to 100 characters."""
    return _length_problem(listing.title, TITLE_LENGTH, "title")


def description_problems(listing: Listing) -> list[str]:
    """50 to 2,000 characters; from 20 for a wanted."""
    limits = WANTED_DESCRIPTION_LENGTH if listing.is_wanted else DESCRIPTION_LENGTH
    return _length_problem(listing.description, limits, "description")


def category_problems(listing: Listing) -> list[str]:
    """A category of the second level."""
    if listing.category is None:
        return ["Choose a category."]
    return ["Choose a more exact category."] if listing.category.parent_id is None else []


def condition_problems(listing: Listing) -> list[str]:
    """Needed for what somebody has; a wanted may leave it open."""
    return [] if listing.condition or listing.is_wanted else ["Say what condition it is in."]


def price_problems(listing: Listing) -> list[str]:
    """1 to 100,000 whole credits; 0 for a gift."""
    if listing.kind == Kind.GIFT:
        return ["A gift costs nothing."] if listing.price else []
    if listing.price % 100:
        return ["The price is in whole credits."]
    if MIN_PRICE <= listing.price <= MAX_PRICE:
        return []
    return [f"Set a price from {display(MIN_PRICE)} to {display(MAX_PRICE)} credits, or make it a gift."]


def location_problems(listing: Listing) -> list[str]:
    """Somewhere, so that others see how far it is."""
    return [] if listing.cell_latitude is not None else ["Say roughly where it is: a postcode or a point on the map."]


def photo_problems(listing: Listing, photo_states: Sequence[str]) -> list[str]:
    """1 to 12 finished pictures; 0 to 12 for a wanted. `photo_states` are those of the pictures on it."""
    if len(photo_states) > MAX_PHOTOS:
        return [f"At most {MAX_PHOTOS} pictures."]
    if "pending" in photo_states:
        return ["A picture is still being prepared. This takes a few seconds."]
    return [] if "ready" in photo_states or listing.is_wanted else ["Add at least one picture."]


def list_problems(listing: Listing, photo_states: Sequence[str]) -> Problems:
    """Everything that keeps this listing from being shown, by field; empty when it may be."""
    found = {
        "photos": photo_problems(listing, photo_states),
        "title": title_problems(listing),
        "category": category_problems(listing),
        "condition": condition_problems(listing),
        "description": description_problems(listing),
        "price": price_problems(listing),
        "location": location_problems(listing),
    }
    return {field: problems for field, problems in found.items() if problems}


def only(problems: Problems, fields: Mapping[str, object] | Sequence[str]) -> Problems:
    """Those problems that belong to one step's fields."""
    return {field: found for field, found in problems.items() if field in fields}
