"""Reading extracts: real ones against the counts in their README, and files that are none."""

import gzip
from collections import Counter
from pathlib import Path

import pytest

from localex.places.gazetteer import clean, find_places, find_postcodes
from localex.places.kinds import KINDS, TIER_WORDS, find_kind
from localex.places.osm import OUTLINE, UnreadableExtract, centroid, read_extract
from localex.places.rings import join_lines, join_rings
from tests.places.towns import KREMS, MONACO

# Counted independently of this code, in the README that came with the extracts.
COUNTED = {
    KREMS: {
        "amenity=police": 2,
        "amenity=fire_station": 1,
        "amenity=townhall": 1,
        "amenity=hospital": 2,
        "amenity=bank": 11,
        "shop=supermarket": 9,
        "amenity=cafe": 7,
        "amenity=fast_food": 9,
        "leisure=park": 7,
        "amenity=fuel": 7,
    },
    MONACO: {
        "amenity=police": 6,
        "amenity=hospital": 3,
        "amenity=townhall": 1,
        "amenity=library": 1,
        "amenity=bank": 7,
        "amenity=cafe": 11,
        "amenity=fast_food": 7,
        "shop=supermarket": 3,
        "leisure=park": 9,
        "amenity=fuel": 5,
    },
}


@pytest.mark.parametrize("path", [KREMS, MONACO], ids=["krems", "monaco"])
def test_every_object_that_was_counted_is_found(path: Path) -> None:
    features = [f for f in read_extract(path).features if OUTLINE not in f.tags]
    found = Counter(kind.tag for f in features if (kind := find_kind(f.tags)))
    assert {tag: found[tag] for tag in COUNTED[path]} == COUNTED[path]


@pytest.mark.parametrize("path", [KREMS, MONACO], ids=["krems", "monaco"])
def test_all_of_them_become_places_but_those_without_a_name_and_doubles(path: Path) -> None:
    found = find_places(read_extract(path))
    counts = Counter(place.osm_kind for place in found.places)
    missing = sum(COUNTED[path].values()) - sum(counts[tag] for tag in COUNTED[path])
    assert missing == found.nameless + found.doubles
    assert missing <= 3
    names = [place.name for place in found.places]
    assert len(names) == len(set(names))
    assert all(place.name.strip() and place.what for place in found.places)


def test_places_have_the_tiers_of_the_product() -> None:
    tiers = {kind.tag: kind.tier for kind in KINDS}
    for tag, tier in {
        "amenity=police": 1,
        "amenity=fire_station": 1,
        "amenity=hospital": 1,
        "amenity=townhall": 1,
        "amenity=bank": 2,
        "shop=doityourself": 2,
        "shop=mall": 2,
        "amenity=fuel": 2,
        "amenity=cafe": 3,
        "amenity=fast_food": 3,
        "amenity=library": 3,
        "amenity=community_centre": 3,
        "shop=supermarket": 4,
        "shop=chemist": 4,
        "leisure=park": 4,
    }.items():
        assert tiers[tag] == tier
    assert set(tiers.values()) == set(TIER_WORDS)
    assert all(kind.tier == 4 for kind in KINDS if kind.daylight_only)


def test_facts_come_from_the_tags_and_the_unknown_stays_unknown() -> None:
    places = {place.name: place for place in find_places(read_extract(KREMS)).places}
    palace = places["Schnitzelpalast"]
    assert (palace.step_free, palace.opening_hours, palace.lit) == (True, "10:00-22:00", None)
    assert places["Wachauer Park"].daylight_only
    assert places["Kremserbank"].parking is True
    assert places["Polizeiinspektion"].what == "Police station"


def test_places_without_a_name_are_called_after_their_street() -> None:
    names = {place.name for place in find_places(read_extract(KREMS)).places}
    assert "Bank near Göttweigergasse" in names
    assert {"Volksbank, Untere Landstraße", "Car park at Penny, Wiener Straße"} <= names


def test_ways_stand_at_their_centroid() -> None:
    hall = next(place for place in find_places(read_extract(KREMS)).places if place.what == "Town hall")
    assert hall.osm_ref.startswith("way/")
    assert (hall.latitude, hall.longitude) == pytest.approx((48.4113, 15.6000), abs=0.0003)
    assert centroid([(0, 0), (4, 0), (4, 2), (0, 2), (0, 0)]) == (2, 1)


def test_postcodes_are_the_median_of_their_addresses() -> None:
    (low, high) = find_postcodes(read_extract(KREMS))
    assert (low.code, high.code) == ("3495", "3500")
    assert (high.latitude, high.longitude) == pytest.approx((48.410, 15.609), abs=0.005)


def test_control_and_direction_characters_never_reach_a_name() -> None:
    assert clean(" Café\u202e\u0000\n Zentral ") == "Café Zentral"


def test_pieces_join_to_rings_and_lines_whatever_their_direction() -> None:
    ring = join_rings([((0, 0), (1, 0)), ((1, 1), (1, 0)), ((1, 1), (0, 1), (0, 0))])
    assert len(ring) == 1
    assert ring[0][0] == ring[0][-1]
    assert join_rings([((0, 0), (1, 0)), ((1, 0), (1, 1))]) == []
    (line,) = join_lines([((1, 0), (2, 0)), ((0, 0), (1, 0)), ((3, 0), (2, 0))])
    assert set(line) == {(0, 0), (1, 0), (2, 0), (3, 0)}


BOMB = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;">]><osm version="0.6">&c;</osm>'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("town.osm.gz", b"this is no gzip file"),
        ("town.osm.gz", gzip.compress(b"<html>no map</html>")),
        ("town.osm.gz", KREMS.read_bytes()[:200_000]),
        ("town.osm", b"<osm version='0.6'><node id='1' lat='48' lon='15'"),
        ("town.osm", BOMB.encode()),
        ("town.osm", b"<osm version='0.6'></osm>"),
        ("town.osm", b""),
        ("town.osm.pbf", b"\x00\x00\xff\xff" * 100),
        ("town.zip", b"PK"),
    ],
    ids=["no-gzip", "html", "cut", "unclosed", "entities", "empty-map", "empty", "pbf", "suffix"],
)
def test_what_is_no_extract_is_one_clear_error(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnreadableExtract) as caught:
        read_extract(path)
    assert name in caught.value.message
    assert caught.value.kept == "Nothing was changed."


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(UnreadableExtract, match="There is no file"):
        read_extract(tmp_path / "nowhere.osm.gz")


def test_impossible_coordinates_and_dangling_references_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "odd.osm"
    path.write_text(
        "<osm version='0.6'>"
        "<node id='1' lat='48.4' lon='15.6'><tag k='amenity' v='police'/><tag k='name' v='&lt;b&gt;Police'/></node>"
        "<node id='2' lat='48.41' lon='15.61'><tag k='amenity' v='bank'/><tag k='name' v='Bank'/></node>"
        "<node id='3' lat='48.42' lon='15.61'><tag k='amenity' v='cafe'/><tag k='opening_hours' v='when I like'/>"
        "<tag k='name' v='Whim'/></node>"
        "<way id='4'><nd ref='1'/><nd ref='99'/><tag k='highway' v='residential'/></way>"
        "<relation id='5'><member type='way' ref='77' role='outer'/><tag k='type' v='multipolygon'/>"
        "<tag k='natural' v='water'/></relation>"
        "</osm>"
    )
    found = find_places(read_extract(path))
    assert {place.name for place in found.places} == {"<b>Police", "Whim"}
    assert found.nameless == 1
    assert all(place.opening_hours == "" for place in found.places)
