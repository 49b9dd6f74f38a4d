"""What the page of safe places shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from localex.communities.models import Community
from localex.communities.queries import find_by_slug, list_open
from localex.lib import clock
from localex.lib.errors import BadRequest, NotFound
from localex.lib.geo import Point, distance_km
from localex.lib.pages import Page, decode_cursor, encode_cursor
from localex.members.models import Member
from localex.places import hours, queries
from localex.places.kinds import TIER_WORDS
from localex.places.models import SafePlace

PER_PAGE = 12

TIER_TABS = {1: "Public", 2: "Busy", 3: "Sociable", 4: "Everyday"}
TIER_NOTES = {
    1: "Somebody is on duty, and it is the safest choice for a first trade.",
    2: "Banks, petrol stations and big shops, staffed while they are open. Meet inside or right at the entrance.",
    3: "Cafés, snack bars and libraries: people around you, and a table to look at the thing in peace.",
    4: "Shops, car parks and parks that everybody knows. What is outdoors is for daylight only.",
}
TIER_ICONS = {1: "landmark", 2: "store", 3: "coffee", 4: "trees"}


@dataclass(frozen=True, slots=True)
class PlaceCard:
    """One place as the list shows it; `number` is its number on the map."""

    number: int
    place: SafePlace
    distance_km: float | None
    is_open: bool | None
    hours_words: str
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class PlacesPage:
    """Everything on the page."""

    community: Community
    tabs: Sequence[Mapping[str, Any]]
    note: str
    icon: str
    tier_words: str
    cards: Page[PlaceCard]
    map: Mapping[str, Any] | None
    is_empty: bool


def describe_places(*, member: Member | None, slug: str | None, tier: str | None, cursor: str | None) -> PlacesPage:
    """The places of one tier, nearest to the member first, for a visitor those nearest to the middle of the community.

    Without a tier, the safest that has any. Raises NotFound when there is no such community.
    """
    community = _community(member, slug)
    counts = queries.count_tiers(community_id=community.pk)
    shown = int(tier) if tier and tier in map(str, TIER_WORDS) else min(counts, default=1)
    places = queries.list_places(community_id=community.pk, tier=shown)
    here = member.cell if member and member.community_id == community.pk else None
    start = _start(cursor)
    nearest = sorted(places, key=lambda place: (distance_km(here or community.centre, place.point), place.name))
    some = nearest[start : start + PER_PAGE]
    now = clock.now()
    cards = [_card(start + number, place, here, now) for number, place in enumerate(some, start=1)]
    next_cursor = encode_cursor([start + PER_PAGE]) if start + PER_PAGE < len(nearest) else None
    return PlacesPage(
        community=community,
        tabs=_tabs(community, member, counts, shown),
        note=TIER_NOTES[shown],
        icon=TIER_ICONS[shown],
        tier_words=TIER_WORDS[shown],
        cards=Page(cards, next_cursor),
        map=_map(community, cards),
        is_empty=not counts,
    )


def _community(member: Member | None, slug: str | None) -> Community:
    """The one asked for; else the member's; else the only open one, or the first of several."""
    if slug:
        found = find_by_slug(slug=slug)
    elif member:
        found = member.community
    else:
        found = next(iter(list_open()), None)
    if found is None:
        raise NotFound("There is no such community.")
    return found


def _start(cursor: str | None) -> int:
    if not cursor:
        return 0
    (start,) = decode_cursor(cursor, length=1)
    if not isinstance(start, int) or not 0 <= start < queries.MAX_LISTED:
        raise BadRequest("This page link is damaged. Start again from the first page.", code="bad_cursor")
    return start


def _tabs(
    community: Community, member: Member | None, counts: Mapping[int, int], shown: int
) -> Sequence[Mapping[str, Any]]:
    elsewhere = "" if member and member.community_id == community.pk else f"&community={community.slug}"
    return [
        {"label": TIER_TABS[tier], "url": f"?tier={tier}{elsewhere}", "is_current": tier == shown}
        for tier in TIER_TABS
        if counts.get(tier)
    ]


def _card(number: int, place: SafePlace, here: Point | None, now: datetime) -> PlaceCard:
    facts = [
        ("accessibility", "Step-free" if place.step_free else ""),
        ("square-parking", "Car park close by" if place.parking else ""),
        ("lightbulb", "Lit at night" if place.lit else ""),
        ("house", "Under a roof" if place.covered else ""),
        ("sun", "Only by daylight" if place.daylight_only else ""),
    ]
    return PlaceCard(
        number=number,
        place=place,
        distance_km=distance_km(here, place.point) if here else None,
        is_open=queries.is_open_at(place, now) if place.opening_hours or place.daylight_only else None,
        hours_words=hours.say(place.opening_hours),
        facts=[fact for fact in facts if fact[1]],
    )


def _map(community: Community, cards: Sequence[PlaceCard]) -> Mapping[str, Any] | None:
    """As components/map.html wants it."""
    if not cards:
        return None
    markers = [
        {"name": card.place.name, "latitude": card.place.latitude, "longitude": card.place.longitude}
        | {"number": card.number, "url": f"#place-{card.number}"}
        for card in cards
    ]
    return {
        "mode": "places",
        "community_id": community.pk,
        "places": markers,
        "label": f"Map of safe places in {community.name}",
    }
