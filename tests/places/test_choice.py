"""The choice of safe places: the formula, its properties, and what it must not give away."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localex.communities.models import Community
from localex.lib.geo import CELL_DEGREES, Point, distance_km, midpoint, snap
from localex.places import choice, queries, services
from localex.places.models import SafePlace
from localex.places.ranking import list_best
from tests.places.towns import CENTRE, add_place, at

LEGS = st.floats(0, 60)
TIERS = st.integers(1, 4)


@given(LEGS, LEGS, TIERS)
def test_the_score_lies_between_nothing_and_one_and_is_fair_to_both(a: float, b: float, tier: int) -> None:
    assert 0 <= choice.score(a, b, tier) <= 1
    assert choice.score(a, b, tier) == choice.score(b, a, tier)
    assert 0 <= choice.fairness(a, b) == choice.fairness(b, a) <= 1


@given(LEGS, TIERS)
def test_a_safer_tier_never_scores_less(leg: float, tier: int) -> None:
    assert choice.score(leg, leg, min(tier + 1, 4)) <= choice.score(leg, leg, tier)


def test_the_formula_is_the_products() -> None:
    assert choice.score(0, 0, 1) == pytest.approx(1.0)
    # .4 * 2/4 + .3 * (1 - 3 / 16.09344) + .3 * .8, worked out by hand
    assert choice.score(2, 4, 2) == pytest.approx(0.2 + 0.2440766 + 0.24)
    assert choice.score(40, 40, 4) == pytest.approx(0.4 + 0 + 0.12)


CANDIDATES = st.lists(
    st.builds(
        choice.Candidate,
        place=st.integers(),
        point=st.builds(Point, lat=st.floats(48.3, 48.5), lon=st.floats(15.5, 15.7)),
        tier=TIERS,
        kind=st.sampled_from(["amenity=bank", "amenity=cafe", "leisure=park"]),
        leg_a_km=LEGS,
        leg_b_km=LEGS,
        is_open=st.sampled_from([True, False, None]),
    ),
    max_size=30,
)


@given(CANDIDATES)
def test_at_most_five_are_chosen_best_first_and_none_that_is_shut(candidates: list[choice.Candidate[int]]) -> None:
    chosen = choice.choose(candidates)
    usable = [candidate for candidate in candidates if candidate.is_open is not False]
    assert min(len(usable), choice.FEWEST) <= len(chosen) <= choice.MOST
    assert all(candidate.is_open is not False for candidate in chosen)
    assert all(better.score >= worse.score for better, worse in pairwise(chosen))
    if usable:
        assert chosen[0].score == max(candidate.score for candidate in usable)


@given(st.floats(0, 100))
def test_shown_legs_are_half_kilometres_and_never_nothing(leg: float) -> None:
    shown = choice.round_leg(leg)
    assert shown >= 0.5
    assert (shown * 2).is_integer()
    assert abs(shown - leg) <= 0.5


def test_two_doors_of_one_hospital_are_one_proposal() -> None:
    def door(number: int, kind: str, lat: float) -> choice.Candidate[int]:
        return choice.Candidate(number, Point(lat, 15.6), 1, kind, 1.0, 1.0 + number / 10, None)

    doors = [door(number, "amenity=hospital", 48.4 + number / 100_000) for number in range(3)]
    others = [door(number, "amenity=police", 48.4 + number / 100) for number in range(4, 8)]
    assert [candidate.kind for candidate in choice.choose([*doors, *others])].count("amenity=hospital") == 1
    assert len(choice.choose(doors)) == 3  # better close together than fewer than three


@pytest.mark.django_db
class TestProposals:
    """Against real places."""

    A, B = Point(48.4105, 15.605), Point(48.409, 15.66)

    def test_three_to_five_are_proposed_with_words_and_rounded_legs(self, krems: Community) -> None:
        proposals = queries.list_proposals(community_id=krems.id, a=self.A, b=self.B, at=None)
        assert 3 <= len(proposals) <= 5
        for proposal in proposals:
            assert proposal.reason.endswith(".")
            assert (proposal.leg_a_km * 2).is_integer()
            assert proposal.open_then is None
            assert not proposal.needs_consent

    def test_who_asks_does_not_matter(self, krems: Community) -> None:
        one = queries.list_proposals(community_id=krems.id, a=self.A, b=self.B, at=at(24, 12))
        other = queries.list_proposals(community_id=krems.id, a=self.B, b=self.A, at=at(24, 12))
        assert [p.place for p in one] == [p.place for p in other]
        assert [(p.leg_a_km, p.leg_b_km) for p in one] == [(p.leg_b_km, p.leg_a_km) for p in other]

    def test_moving_within_the_public_cell_changes_nothing(self, krems: Community) -> None:
        """Neither the places nor the order nor the distances tell where in the cell somebody lives."""
        cell = snap(self.A)
        asked = [
            queries.list_proposals(community_id=krems.id, a=Point(cell.lat + north, cell.lon + east), b=self.B, at=None)
            for north in (-0.49 * CELL_DEGREES, 0, 0.49 * CELL_DEGREES)
            for east in (-0.6 * CELL_DEGREES, 0, 0.6 * CELL_DEGREES)
        ]
        told = [[(p.place.id, p.leg_a_km, p.leg_b_km, p.score, p.needs_consent) for p in answer] for answer in asked]
        assert all(answer == told[0] for answer in told)

    def test_the_statement_ranks_as_the_formula_does(self, krems: Community) -> None:
        a, b = snap(self.A), snap(self.B)
        ranked, is_last = list_best(community_id=krems.id, a=a, b=b, ring_km=2.0, limit=500)
        middle = midpoint(a, b)
        everything = SafePlace.objects.filter(community=krems, state="active")
        near = {place.id for place in everything if distance_km(place.point, middle) <= 2.0}
        assert is_last
        assert {one.place.id for one in ranked} == near
        assert 10 < len(near) < everything.count()
        scores = [choice.score(one.leg_a_km, one.leg_b_km, one.place.tier) for one in ranked]
        assert all(worse <= better + 0.002 for better, worse in pairwise(scores))
        for one in ranked:
            assert (one.leg_a_km, one.leg_b_km) == (distance_km(a, one.place.point), distance_km(b, one.place.point))

    def test_what_is_shut_dark_or_likely_shut_is_not_proposed(self, community: Community) -> None:
        add_place(community, name="Shut", opening_hours="Mo-Fr 08:00-12:00")
        add_place(community, name="Park", what="Park", osm_kind="leisure=park", tier=4, daylight_only=True)
        add_place(community, name="Bank", what="Bank", osm_kind="amenity=bank", tier=2)
        add_place(community, name="Open", opening_hours="24/7", latitude=CENTRE.lat + 0.003)

        def names(when: datetime | None) -> set[str]:
            proposals = queries.list_proposals(community_id=community.id, a=CENTRE, b=CENTRE, at=when)
            return {proposal.place.name for proposal in proposals}

        assert names(at(24, 10)) == {"Shut", "Park", "Bank", "Open"}
        assert names(at(24, 14)) == {"Park", "Bank", "Open"}
        assert names(at(24, 17)) == {"Open"}
        assert names(None) == {"Shut", "Park", "Bank", "Open"}

    def test_the_ring_grows_until_three_are_found(self, community: Community) -> None:
        for number, km in enumerate((1.0, 9.0, 11.0, 15.5)):
            place_lat = CENTRE.lat + km / 111.195
            add_place(community, name=f"Café {number}", latitude=place_lat, opening_hours="24/7")
        near = snap(CENTRE)
        found = queries.list_proposals(community_id=community.id, a=near, b=near, at=at(24, 12))
        assert len(found) == 3  # 7.5 miles were enough, the fourth lies beyond
        assert [p.needs_consent for p in found] == [False, True, True]
        assert all(p.open_then for p in found)

    def test_nothing_near_is_an_empty_list(self, krems: Community) -> None:
        assert queries.list_proposals(community_id=krems.id, a=Point(10, 10), b=Point(10, 10), at=None) == []

    def test_retired_places_and_those_of_others_are_never_proposed(self, krems: Community) -> None:
        first = queries.list_proposals(community_id=krems.id, a=self.A, b=self.B, at=None)[0].place
        services.retire_place(place_id=first.id)
        again = queries.list_proposals(community_id=krems.id, a=self.A, b=self.B, at=None)
        assert first.id not in {proposal.place.id for proposal in again}
        assert all(proposal.place.community_id == krems.id for proposal in again)

    def test_a_choice_needs_few_queries(self, krems: Community, django_assert_max_num_queries) -> None:
        with django_assert_max_num_queries(2):
            queries.list_proposals(community_id=krems.id, a=self.A, b=self.B, at=at(24, 12).astimezone(UTC))
