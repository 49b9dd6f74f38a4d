"""What can be asked about safe places, postcodes and the drawn map."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count

from localex.communities.models import Community
from localex.communities.queries import get_community
from localex.lib.errors import NotFound
from localex.lib.geo import Box, Point, snap
from localex.places import choice, hours
from localex.places.kinds import USUAL_HOURS
from localex.places.models import MapSheet, Postcode, SafePlace, State
from localex.places.ranking import Ranked, list_best

MAX_LISTED = 500
PAGE = 50
MAX_CONSIDERED = 1_000  # places whose hours are looked at for one choice


@dataclass(frozen=True, slots=True)
class Proposal:
    """A safe place proposed to two members. Legs are rounded kilometres; `open_then` None: unknown, or no time yet."""

    place: SafePlace
    score: float
    leg_a_km: float
    leg_b_km: float
    open_then: bool | None
    reason: str
    consent_a: bool
    consent_b: bool

    @property
    def needs_consent(self) -> bool:
        """Whether somebody must say yes to their long way first: a leg over five miles."""
        return self.consent_a or self.consent_b


def get_place(*, place_id: UUID) -> SafePlace:
    """The place, also a retired one; NotFound when there is none."""
    place = SafePlace.objects.select_related("community").filter(pk=place_id).first()
    if place is None:
        raise NotFound("There is no such safe place.")
    return place


def list_places(
    *, community_id: UUID, box: Box | None = None, tier: int | None = None, limit: int = MAX_LISTED
) -> Sequence[SafePlace]:
    """Active places of a community, safest first, at most `limit` (bounded by 500); only of a tier or in a box."""
    places = SafePlace.objects.select_related("community").filter(community_id=community_id, state=State.ACTIVE)
    if tier:
        places = places.filter(tier=tier)
    if box:
        places = places.filter(latitude__range=(box.south, box.north), longitude__range=(box.west, box.east))
    return list(places.order_by("tier", "name", "id")[: min(limit, MAX_LISTED)])


def list_proposals(*, community_id: UUID, a: Point, b: Point, at: datetime | None) -> Sequence[Proposal]:
    """Three to five safe places for members at `a` and `b` who meet at `at` (aware), best first; fewer where few are.

    Looks round the midpoint of the two at 5, then 7.5, then 10 miles until at least three are found. With a time,
    what is shut then, and what needs daylight in the dark, is left out. Points may be private: only their public
    cells are used.
    """
    community = get_community(community_id=community_id)
    cell_a, cell_b = snap(a), snap(b)
    chosen: Sequence[choice.Candidate[SafePlace]] = []
    for ring_km in choice.RINGS_KM:
        chosen = choice.choose(_candidates(community, cell_a, cell_b, ring_km, at))
        if len(chosen) >= choice.FEWEST:
            break
    return [_proposal(candidate) for candidate in chosen]


def _candidates(
    community: Community, a: Point, b: Point, ring_km: float, at: datetime | None
) -> list[choice.Candidate[SafePlace]]:
    """The best places of a ring that are usable at `at`: page by page, until there are enough to choose from."""
    usable: list[choice.Candidate[SafePlace]] = []
    for offset in range(0, MAX_CONSIDERED, PAGE):
        page, is_last = list_best(community_id=community.pk, a=a, b=b, ring_km=ring_km, limit=PAGE, offset=offset)
        for ranked in page:
            is_open = _is_usable(ranked.place, community, at)
            if is_open is not False:
                usable.append(_candidate(ranked, is_open))
        if is_last or len(choice.choose(usable)) == choice.MOST:
            break
    return usable


def _candidate(ranked: Ranked, is_open: bool | None) -> choice.Candidate[SafePlace]:
    place = ranked.place
    return choice.Candidate(place, place.point, place.tier, place.osm_kind, ranked.leg_a_km, ranked.leg_b_km, is_open)


def _is_usable(place: SafePlace, community: Community, at: datetime | None) -> bool | None:
    """False when shut at `at`, too dark for it, or likely shut; None when nothing is known or no time is set."""
    if at is None:
        return None
    is_open = _is_open(place, community, at, place.opening_hours)
    is_likely_open = is_open is not None or _is_open(place, community, at, USUAL_HOURS.get(place.osm_kind, ""))
    return False if is_likely_open is False else is_open


def _is_open(place: SafePlace, community: Community, at: datetime, text: str) -> bool | None:
    if place.daylight_only and not hours.is_daylight(at=at, point=place.point):
        return False
    return hours.is_open(text, at=at, timezone=community.timezone, country=community.country, point=place.point)


def _proposal(candidate: choice.Candidate[SafePlace]) -> Proposal:
    place = candidate.place
    return Proposal(
        place=place,
        score=candidate.score,
        leg_a_km=choice.round_leg(candidate.leg_a_km),
        leg_b_km=choice.round_leg(candidate.leg_b_km),
        open_then=candidate.is_open,
        reason=choice.explain(candidate, place.tier_words),
        consent_a=choice.needs_consent(candidate.leg_a_km),
        consent_b=choice.needs_consent(candidate.leg_b_km),
    )


def is_open_at(place: SafePlace, when: datetime) -> bool | None:
    """Whether `place` is open at `when` (aware) by its community's clock and holidays; None when it is not known.

    A place for daylight only is shut in the dark. Reads the place's community unless it is loaded already.
    """
    return _is_open(place, place.community, when, place.opening_hours)


def find_postcode(*, community_id: UUID, code: str) -> Postcode | None:
    """Where a postcode of the community is, whatever its capitals and spaces; None when it is not known."""
    return Postcode.objects.filter(community_id=community_id, code=" ".join(code.upper().split())).first()


def find_map(community_id: UUID) -> MapSheet | None:
    """The drawn map of a community, or None when none has been imported."""
    return MapSheet.objects.select_related("community").filter(community_id=community_id).first()


def find_map_by_slug(*, slug: str) -> MapSheet | None:
    """The drawn map of the community with this address, or None."""
    return MapSheet.objects.select_related("community").filter(community__slug=slug).first()


def count_tiers(*, community_id: UUID) -> dict[int, int]:
    """How many active places a community has in each tier; tiers without any are left out."""
    rows = SafePlace.objects.filter(community_id=community_id, state=State.ACTIVE).order_by("tier").values_list("tier")
    return dict(rows.annotate(count=Count("id")))
