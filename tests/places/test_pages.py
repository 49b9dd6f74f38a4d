"""The page of safe places and the map's address, over HTTP as a visitor."""

import gzip
from typing import Any

import pytest
from django.test import Client

from localex.communities.models import Community
from localex.places import queries
from localex.places.services import retire_place
from tests.places.towns import add_place

pytestmark = pytest.mark.django_db


def test_a_visitor_sees_the_safest_places_first(client: Client, krems: Community) -> None:
    page = client.get(f"/places/?community={krems.slug}")
    assert page.status_code == 200
    text = page.content.decode()
    assert "Polizeiinspektion" in text
    assert "Staffed public building" in text
    assert "OpenStreetMap contributors" in text
    assert queries.find_map(krems.id).url in text
    assert "Schnitzelpalast" not in text


def test_each_tier_has_its_tab_and_goes_on_page_by_page(client: Client, krems: Community) -> None:
    first = client.get(f"/places/?community={krems.slug}&tier=2")
    names = [card.place.name for card in first.context["page"].cards.items]
    following = first.context["page"].cards.next_cursor
    second = client.get(f"/places/?community={krems.slug}&tier=2&cursor={following}")
    more = [card.place.name for card in second.context["page"].cards.items]
    assert len(names) == 12
    assert not set(names) & set(more)
    assert second.context["page"].cards.items[0].number == 13


def test_a_page_costs_few_queries(client: Client, krems: Community, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(8):
        client.get(f"/places/?community={krems.slug}&tier=3")


def test_hostile_names_and_questions_are_harmless(client: Client, community: Community) -> None:
    add_place(community, name="<script>alert(1)</script>")
    page = client.get(f"/places/?community={community.slug}&tier=nonsense")
    assert "<script>alert" not in page.content.decode()
    assert client.get(f"/places/?community={community.slug}&cursor=rubbish").status_code == 400
    assert client.get("/places/?community=nowhere").status_code == 404


def test_a_town_without_places_says_so(client: Client, community: Community) -> None:
    assert "No safe places yet" in client.get(f"/places/?community={community.slug}").content.decode()


def test_what_is_taken_out_is_gone_from_the_page(client: Client, krems: Community) -> None:
    hall = next(place for place in queries.list_places(community_id=krems.id) if place.what == "Town hall")
    retire_place(place_id=hall.id)
    assert hall.name not in client.get(f"/places/?community={krems.slug}").content.decode()


class TestMap:
    """The drawn map."""

    def test_it_is_kept_for_a_year_under_an_address_that_names_its_content(
        self, client: Client, krems: Community
    ) -> None:
        answer = client.get(queries.find_map(krems.id).url, headers={"Accept-Encoding": "gzip, br"})
        assert answer.status_code == 200
        assert answer["Content-Type"] == "image/svg+xml"
        assert answer["Content-Encoding"] == "gzip"
        assert "immutable" in answer["Cache-Control"]
        assert "Accept-Encoding" in answer["Vary"]
        assert gzip.decompress(answer.content).startswith(b"<svg ")
        assert not answer.cookies

    def test_without_compression_or_version_it_is_plain_and_short_lived(self, client: Client, krems: Community) -> None:
        answer = client.get(f"/maps/{krems.slug}.svg", headers={"Accept-Encoding": "identity"})
        assert answer.content.startswith(b"<svg ")
        assert "Content-Encoding" not in answer
        assert "immutable" not in answer["Cache-Control"]

    def test_a_browser_that_has_it_is_told_so(self, client: Client, krems: Community) -> None:
        first = client.get(f"/maps/{krems.slug}.svg")
        again = client.get(f"/maps/{krems.slug}.svg", headers={"If-None-Match": first["ETag"]})
        assert again.status_code == 304
        assert again.content == b""
        assert again["ETag"] == first["ETag"]

    def test_opened_by_itself_it_may_do_nothing(self, client: Client, krems: Community) -> None:
        policy = client.get(f"/maps/{krems.slug}.svg")["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy

    def test_no_map_is_not_found(self, client: Client, community: Community) -> None:
        assert client.get(f"/maps/{community.slug}.svg").status_code == 404
        assert client.post(f"/maps/{community.slug}.svg").status_code == 405
