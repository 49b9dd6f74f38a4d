"""The drawn map: safe, small, the same each time, and true to the ground."""

import base64
import gzip
import hashlib
import math
import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localex.lib.geo import Box, Point, distance_km
from localex.places.cartography import shapes
from localex.places.cartography.drawing import MAX_BYTES, draw_map
from localex.places.cartography.frame import Frame
from localex.places.cartography.layers import ZOOMS, find_rail, find_surface, find_way
from localex.places.cartography.lettering import Lettering
from localex.places.cartography.naming import find_names
from localex.places.cartography.sea import sea_rings
from localex.places.cartography.style import shown_width
from localex.places.osm import Extract, Feature, read_extract
from tests.places.towns import KREMS, MONACO

SVG = "{http://www.w3.org/2000/svg}"
BOX = Box(48.39, 15.60, 48.41, 15.67)


def feature(number: int, line: list[tuple[float, float]], *, is_area: bool = False, **tags: str) -> Feature:
    return Feature(f"way/{number}", tags, (tuple(line),), is_area=is_area)


@pytest.mark.parametrize("path", [KREMS, MONACO], ids=["krems", "monaco"])
def test_a_real_town_is_small_and_the_same_each_time(path: Path) -> None:
    extract = read_extract(path)
    drawn = draw_map(extract, title="Town")
    assert len(drawn.svg) <= MAX_BYTES
    assert len(drawn.compressed) < len(drawn.svg) / 2
    assert gzip.decompress(drawn.compressed) == drawn.svg
    assert drawn.key == hashlib.sha256(drawn.svg).hexdigest()
    assert draw_map(extract, title="Town") == drawn


def test_the_file_says_whose_it_is_and_asks_nobody_for_anything() -> None:
    drawn = draw_map(read_extract(KREMS), title="Krems & <Donau>")
    root = ET.fromstring(drawn.svg)
    assert root.find(f"{SVG}title").text == "Krems & <Donau>"
    assert "OpenStreetMap contributors" in root.find(f"{SVG}desc").text
    assert "ODbL" in root.find(f"{SVG}desc").text
    addresses = [value for element in root.iter() for key, value in element.attrib.items() if key.endswith("href")]
    assert all(address.startswith("#") for address in addresses)
    style = root.find(f"{SVG}style").text
    assert all(address.startswith("data:font/woff2") for address in re.findall(r"url\(([^)]*)\)", style))
    assert not [element for element in root.iter() if element.tag == f"{SVG}script"]
    assert not [key for element in root.iter() for key in element.attrib if key.startswith("on") or key == "style"]
    assert drawn.style_digest == base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def test_streets_and_letters_are_styled_for_dark_and_for_every_zoom() -> None:
    style = ET.fromstring(draw_map(read_extract(KREMS), title="Krems").svg).find(f"{SVG}style").text
    assert "prefers-color-scheme:dark" in style
    assert all(f".l{zoom}{{display:inline}}" in style for zoom in ZOOMS)


def test_names_from_the_map_cannot_break_out_of_the_drawing() -> None:
    hostile = '</text><script>alert("1")</script>'
    street = feature(1, [(15.61, 48.40), (15.66, 48.40)], highway="primary", name=hostile)
    svg = draw_map(Extract(BOX, [street]), title=hostile).svg
    assert b"<script" not in svg
    assert hostile in "".join(ET.fromstring(svg).itertext())


def test_a_region_is_drawn_coarser_until_it_is_small_enough() -> None:
    def winding(number: int) -> Feature:
        south = 48.0 + number / 3000
        line = [(15.0 + x / 200, south + 0.002 * math.sin(x * number)) for x in range(100)]
        return feature(number, line, highway=("residential", "track", "primary")[number % 3])

    region = Extract(Box(48.0, 15.0, 49.0, 16.0), [winding(number) for number in range(3000)])
    drawn = draw_map(region, title="Region")
    assert len(drawn.svg) <= MAX_BYTES
    assert max(drawn.width, drawn.height) <= 12_001
    assert drawn.box.north - drawn.box.south < 0.4  # the middle 40 km


def test_an_empty_extract_is_an_empty_sheet() -> None:
    assert ET.fromstring(draw_map(Extract(BOX, []), title="Nothing").svg).tag == f"{SVG}svg"


def test_a_unit_is_half_a_metre_and_north_is_up() -> None:
    frame = Frame.around(BOX)
    west, east = frame.place(BOX.west, 48.40), frame.place(BOX.east, 48.40)
    ground_m = 1000 * distance_km(Point(48.40, BOX.west), Point(48.40, BOX.east))
    assert east[0] - west[0] == pytest.approx(frame.width, abs=1)
    assert frame.width / ground_m == pytest.approx(2.0, rel=0.005)
    assert frame.place(15.63, 48.41)[1] == pytest.approx(0, abs=0.5)
    assert frame.place(15.63, 48.39)[1] == pytest.approx(frame.height, abs=0.5)


def test_each_zoom_doubles_the_shown_width() -> None:
    frame = Frame.around(BOX)
    widths = [shown_width(frame, zoom) for zoom in ZOOMS]
    assert all(wider == pytest.approx(2 * width) for width, wider in pairwise(widths))
    assert shown_width(frame, 0) == pytest.approx(256 * (BOX.east - BOX.west) / 360, rel=0.001)


def test_no_two_names_of_a_zoom_collide() -> None:
    extract = read_extract(KREMS)
    frame = Frame.around(extract.box)
    for level in range(len(ZOOMS)):
        lettering = Lettering(frame, level)
        claimed: list[list[tuple[float, float, float]]] = []
        take = lettering._take

        def remembering(dots, take=take, claimed=claimed):
            is_free = take(dots)
            if is_free:
                claimed.append(list(dots))
            return is_free

        lettering._take = remembering  # type: ignore[method-assign]
        lettering.set_all(find_names(extract, frame))
        assert len(claimed) == len(lettering.elements)
        for number, one in enumerate(claimed):
            for other in claimed[number + 1 :]:
                apart = min(math.hypot(x - x2, y - y2) - r - r2 for x, y, r in one for x2, y2, r2 in other)
                assert apart >= 0


def test_the_main_names_of_krems_are_written() -> None:
    text = " ".join(ET.fromstring(draw_map(read_extract(KREMS), title="Krems").svg).itertext())
    for name in ("Krems an der Donau", "Donau", "Ringstraße", "Untere Landstraße", "Robinson Park", "WEINZIERL"):
        assert name in text


@pytest.mark.parametrize(
    ("find", "tags", "expected"),
    [
        (find_surface, {"landuse": "forest"}, "wood"),
        (find_surface, {"natural": "water", "landuse": "basin"}, "water"),
        (find_surface, {"amenity": "bench"}, None),
        (find_way, {"highway": "trunk"}, "trunk"),
        (find_way, {"highway": "service", "service": "parking_aisle"}, None),
        (find_way, {"highway": "pedestrian", "area": "yes"}, None),
        (find_rail, {"railway": "rail", "service": "yard"}, "siding"),
        (find_rail, {"railway": "abandoned"}, None),
    ],
)
def test_tags_decide_what_is_drawn(find, tags: dict[str, str], expected: str | None) -> None:
    assert find(tags) == expected


SPOTS = st.tuples(st.floats(-50, 150), st.floats(-50, 150))
EDGES = (0.0, 0.0, 100.0, 100.0)


@given(st.lists(SPOTS, min_size=2, max_size=12))
def test_what_is_clipped_lies_inside(line: list[tuple[float, float]]) -> None:
    inside = [spot for part in shapes.clip_line(line, EDGES) for spot in part]
    ring = shapes.clip_ring([*line, line[0]], EDGES)
    assert all(-1e-6 <= value <= 100 + 1e-6 for spot in [*inside, *ring] for value in spot)


@given(st.lists(SPOTS, min_size=2, max_size=20), st.floats(0.1, 20))
def test_simplifying_keeps_ends_and_strays_no_further_than_told(line: list[tuple[float, float]], limit: float) -> None:
    plain = shapes.simplify(line, limit)
    assert (plain[0], plain[-1]) == (line[0], line[-1])
    assert set(plain) <= set(line)
    for spot in line:
        assert min(shapes.distance_to_segment(spot, a, b) for a, b in pairwise(plain)) <= limit + 1e-9


def test_paths_are_relative_and_short() -> None:
    assert shapes.path_of([[(0, 0), (10, 0), (10, -5), (4.4, 5)]]) == "M0 0l10 0 0-5-6 10"
    assert shapes.path_of([[(0, 0), (10, 0), (10, 10), (0, 0)]], closed=True) == "M0 0l10 0 0 10z"
    assert shapes.path_of([[(0, 0), (0.2, 0.3)]]) == ""


def test_holes_stay_open_and_overlaps_filled() -> None:
    outer = ((15.61, 48.395), (15.65, 48.395), (15.65, 48.405), (15.61, 48.405), (15.61, 48.395))
    inner = ((15.62, 48.398), (15.63, 48.398), (15.63, 48.402), (15.62, 48.402), (15.62, 48.398))
    lake = Feature("relation/1", {"natural": "water"}, (outer, inner), is_area=True)
    path = next(
        e for e in ET.fromstring(draw_map(Extract(BOX, [lake]), title="").svg).iter() if e.get("class") == "water"
    )
    rings = re.findall(r"l([-\d ]+)z", path.get("d"))
    areas = []
    for ring in rings:
        numbers = [int(n) for n in re.findall(r"-?\d+", ring)]
        x = y = area = 0
        for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
            area += x * (y + dy) - (x + dx) * y
            x, y = x + dx, y + dy
        areas.append(area)
    assert len(areas) == 2
    assert areas[0] * areas[1] < 0


WEST_SHORE = [(15.63, 48.38), (15.63, 48.42)]  # northwards: land to the west, sea to the east
EAST_SHORE = [(15.65, 48.42), (15.65, 48.38)]  # southwards: land to the east


@pytest.mark.parametrize(
    ("shores", "wet", "dry"),
    [
        ([WEST_SHORE], [(15.66, 48.40)], [(15.61, 48.40)]),
        ([WEST_SHORE[::-1]], [(15.61, 48.40)], [(15.66, 48.40)]),
        ([WEST_SHORE, EAST_SHORE], [(15.64, 48.40)], [(15.61, 48.40), (15.66, 48.40)]),
        ([[(15.63, 48.38), (15.63, 48.395)], [(15.63, 48.395), (15.63, 48.409)]], [(15.66, 48.40)], [(15.61, 48.40)]),
        ([[(15.62, 48.42), (15.64, 48.395), (15.66, 48.42)]], [(15.61, 48.40), (15.64, 48.393)], [(15.64, 48.407)]),
        ([[(15.63, 48.395), (15.64, 48.395), (15.63, 48.40), (15.63, 48.395)]], [], [(15.66, 48.40)]),
    ],
    ids=["east", "west", "strait", "cut-off", "cape", "only-an-island"],
)
def test_the_sea_lies_to_the_right_of_its_shore(
    shores: list[list[tuple[float, float]]], wet: list[tuple[float, float]], dry: list[tuple[float, float]]
) -> None:
    frame = Frame.around(BOX)
    features = [feature(number, shore, natural="coastline") for number, shore in enumerate(shores)]
    rings = sea_rings(features, frame, (0.0, 0.0, float(frame.width), float(frame.height)))

    def is_wet(spot: tuple[float, float]) -> bool:
        return any(shapes.is_inside(frame.place(*spot), ring) for ring in rings)

    assert all(is_wet(spot) for spot in wet)
    assert not any(is_wet(spot) for spot in dry)
