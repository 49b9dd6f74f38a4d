"""Imports change the database as the extract says, once, and never half."""

from pathlib import Path

import pytest

from localex.communities.models import Community
from localex.lib.errors import NotFound
from localex.lib.ids import new_id
from localex.places import queries, services
from localex.places.models import MapSheet, Postcode, SafePlace
from localex.places.osm import UnreadableExtract
from tests.places.towns import KREMS, MONACO

pytestmark = pytest.mark.django_db


def contents(community: Community) -> list[tuple[object, ...]]:
    """Everything kept about the places of a community, but the times."""
    rows = SafePlace.objects.filter(community=community).order_by("osm_ref")
    return list(rows.values_list("osm_ref", "name", "tier", "latitude", "longitude", "opening_hours", "state"))


def test_a_second_import_changes_nothing(community: Community) -> None:
    first = services.import_places(community_id=community.id, path=KREMS)
    before, key = contents(community), queries.find_map(community.id).key
    second = services.import_places(community_id=community.id, path=KREMS)
    assert (first.added, first.updated, first.retired) == (first.active, 0, 0)
    assert (second.added, second.updated, second.retired) == (0, 0, 0)
    assert second.unchanged == first.added == len(before)
    assert contents(community) == before
    assert Postcode.objects.filter(community=community).count() == first.postcode_count == 2
    assert MapSheet.objects.filter(community=community).count() == 1
    assert queries.find_map(community.id).key == key


def test_an_import_mends_what_differs_and_retires_what_has_vanished(krems: Community) -> None:
    bank = SafePlace.objects.get(community=krems, name="Kremserbank")
    SafePlace.objects.filter(pk=bank.pk).update(name="Old name", opening_hours="")
    gone = SafePlace.objects.create(
        community=krems, name="Burnt down", what="Café", tier=3, osm_ref="node/1", latitude=48.4, longitude=15.6
    )
    by_hand = SafePlace.objects.create(
        community=krems, name="By hand", what="Café", tier=3, latitude=48.4, longitude=15.6
    )
    report = services.import_places(community_id=krems.id, path=KREMS)
    assert (report.added, report.updated, report.retired) == (0, 1, 1)
    for place in (bank, gone, by_hand):
        place.refresh_from_db()
    assert bank.name == "Kremserbank"
    assert (gone.state, gone.retired_reason) == ("retired", "vanished")
    assert by_hand.state == "active"


def test_what_returns_to_the_map_comes_back_but_what_a_coordinator_took_out_stays_out(krems: Community) -> None:
    back, out = SafePlace.objects.filter(community=krems)[:2]
    SafePlace.objects.filter(pk=back.pk).update(state="retired", retired_reason="vanished")
    services.retire_place(place_id=out.id)
    services.import_places(community_id=krems.id, path=KREMS)
    for place in (back, out):
        place.refresh_from_db()
    assert back.state == "active"
    assert (out.state, out.retired_reason) == ("retired", "unsuitable")
    assert services.restore_place(place_id=out.id).state == "active"


def test_the_wrong_town_is_refused_unless_it_is_meant(krems: Community) -> None:
    before = contents(krems)
    with pytest.raises(services.ImportWouldRetireMost):
        services.import_places(community_id=krems.id, path=MONACO)
    assert contents(krems) == before
    report = services.import_places(community_id=krems.id, path=MONACO, may_retire_most=True)
    assert report.retired == len(before)


@pytest.mark.parametrize("damage", ["cut", "noise"])
def test_a_damaged_file_changes_nothing(krems: Community, tmp_path: Path, damage: str) -> None:
    content = KREMS.read_bytes()
    path = tmp_path / "broken.osm.gz"
    path.write_bytes(content[:-1000] if damage == "cut" else content[:100_000] + b"\x00" * 500 + content[100_500:])
    before = contents(krems)
    with pytest.raises(UnreadableExtract):
        services.import_places(community_id=krems.id, path=path)
    assert contents(krems) == before


def test_an_extract_without_places_is_refused(krems: Community, tmp_path: Path) -> None:
    path = tmp_path / "fields.osm"
    path.write_text(
        "<osm version='0.6'><node id='1' lat='48.4' lon='15.6'/><node id='2' lat='48.5' lon='15.7'/><way id='3'>"
        "<nd ref='1'/><nd ref='2'/><tag k='highway' v='track'/></way><way id='4'><nd ref='2'/><nd ref='1'/>"
        "<tag k='highway' v='track'/></way></osm>"
    )
    with pytest.raises(UnreadableExtract, match="no safe places"):
        services.import_places(community_id=krems.id, path=path)


def test_progress_is_told_from_reading_to_done(community: Community) -> None:
    told: list[tuple[int, int | None, str]] = []
    services.import_places(
        community_id=community.id, path=KREMS, progress=lambda done, total, words: told.append((done, total, words))
    )
    assert told[0] == (0, None, "Reading the extract")
    done, total, words = told[-1]
    assert done == total
    assert words == "Done"


def test_a_community_or_place_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        services.import_places(community_id=new_id(), path=KREMS)
    with pytest.raises(NotFound):
        services.retire_place(place_id=new_id())
    with pytest.raises(NotFound):
        queries.get_place(place_id=new_id())


def test_postcodes_are_found_however_they_are_typed(krems: Community) -> None:
    assert queries.find_postcode(community_id=krems.id, code=" 3500 ") is not None
    assert queries.find_postcode(community_id=krems.id, code="9999") is None
    assert queries.find_postcode(community_id=new_id(), code="3500") is None
