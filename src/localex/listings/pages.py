"""What the pages of listings show, put together from queries."""

from typing import Any

from django.urls import reverse

from localex.lib.geo import Point
from localex.lib.pages import Page
from localex.listings import actions, queries
from localex.listings.actions import Action
from localex.listings.cards import cell_of, distance_to, make_card
from localex.listings.forms import CONDITION_HELP
from localex.listings.models import Condition, Listing
from localex.listings.states import EDITABLE, State
from localex.media.queries import photo_dimensions, photo_srcset, photo_url
from localex.members.models import Member
from localex.members.queries import public_facts

GROUP_NAMES = {
    "active": "On show",
    "drafts": "Drafts",
    "reserved": "Reserved",
    "paused": "Paused and expired",
    "traded": "Gone",
}
# Said on the listing's own page in place of the button.
STATE_NOTES = {
    State.RESERVED: ("Reserved", "Somebody’s offer was accepted. If the trade falls through, it will be back here."),
    State.TRADED: ("Gone", "This has found a new home."),
    State.PAUSED: ("Paused", "Only you can see it at the moment."),
    State.EXPIRED: ("Expired", "Its 60 days are over. Only you can see it."),
    State.DRAFT: ("Draft", "Only you can see it until you publish it."),
    State.PENDING_REVIEW: ("Waiting for review", "A coordinator looks at it first. Only you can see it."),
}


def _gallery(listing: Listing) -> list[dict[str, Any]]:
    pictures = []
    for shown in queries.list_photos(listing_id=listing.pk):
        width, height = photo_dimensions(shown.photo, 1200)
        pictures.append(
            {
                "url": photo_url(shown.photo, 1200),
                "small": photo_url(shown.photo, 200),
                "srcset": photo_srcset(shown.photo),
                "placeholder": shown.photo.placeholder,
                "width": width,
                "height": height,
                "alt": shown.alt_text or f"{listing.title}, picture {shown.position + 1}",
            }
        )
    return pictures


def _place_of(viewer: Member | None) -> Point | None:
    """Their public cell: even a rounded distance from the exact place would tell more than the cell."""
    return viewer.cell if viewer is not None else None


def _area_map(listing: Listing) -> dict[str, Any] | None:
    """What components/map.html needs for the square kilometre; the exact place is not in it."""
    cell = cell_of(listing)
    if cell is None:
        return None
    return {
        "mode": "area",
        "community_id": listing.community_id,
        "latitude": cell.lat,
        "longitude": cell.lon,
        "label": f"The square kilometre of {listing.community.area_name} where it is",
    }


def describe_detail(listing: Listing, viewer: Member | None) -> dict[str, Any]:
    """Everything on a listing's own page. The exact place stays out: the template gets the cell."""
    is_owner = viewer is not None and viewer.pk == listing.owner_id
    condition = Condition(listing.condition) if listing.condition else None
    return {
        "listing": listing,
        "community": listing.community,
        "pictures": _gallery(listing),
        "condition": condition.label if condition else "",
        "condition_help": CONDITION_HELP[condition] if condition else "",
        "owner": listing.owner,
        "owner_facts": public_facts(listing.owner),
        "distance_km": None if is_owner else distance_to(listing, _place_of(viewer)),
        "area_map": _area_map(listing),
        "is_owner": is_owner,
        "can_edit": is_owner and listing.state in EDITABLE,
        "can_offer": not is_owner and listing.state == State.ACTIVE,
        "is_elsewhere": viewer is not None and viewer.community_id != listing.community_id,
        "state_note": STATE_NOTES.get(State(listing.state)),
        "actions": actions.available(listing) if is_owner else [],
        "similar": queries.list_similar(listing=listing, viewer=_place_of(viewer)),
    }


def describe_mine(actor: Member, group: str, page: Page[Listing]) -> dict[str, Any]:
    """The tabs with their counts and one page of rows."""
    counts = queries.count_own(actor=actor)
    address = reverse("listings:mine")
    return {
        "group": group,
        "page": page,
        "rows": [
            {"card": make_card(row), "listing": row, "actions": actions.available(row), "menu_id": str(place)}
            for place, row in enumerate(page.items, 1)
        ],
        "tabs": [
            {
                "label": f"{name} ({counts[key]})" if counts[key] else name,
                "url": f"{address}?show={key}",
                "is_current": key == group,
            }
            for key, name in GROUP_NAMES.items()
            if counts[key] or key in ("active", "drafts", group)
        ],
        "is_first": not any(counts.values()),
    }


def place_after(action: Action, listing: Listing) -> str:
    """Where the owner is after an action: with the listing, or with the others when it is gone from sight."""
    if action.slug == "duplicate":
        return reverse("listings:edit", args=[listing.pk])
    if action.slug == "remove":
        return reverse("listings:mine")
    return reverse("listings:detail", args=[listing.pk])
