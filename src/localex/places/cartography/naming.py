"""What gets a name on the map, and along which line or at which spot the name stands."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from localex.places.cartography.frame import Frame, Spot
from localex.places.cartography.layers import BY_NAME, find_surface, find_way
from localex.places.cartography.shapes import area_of, clip_line, is_inside, project
from localex.places.osm import Extract, Feature
from localex.places.rings import join_lines

TOWNS = ("city", "town")
QUARTERS = ("suburb", "village", "quarter", "neighbourhood", "hamlet", "island")


@dataclass(frozen=True, slots=True)
class Name:
    """A text that wants onto the map. `rank` 0 comes first; `room` is the width of its area in units, for a spot.

    `px` are the letter sizes at zooms 13 to 17, 0 where it is not shown. An `is_movable` one is drawn in from the edge.
    """

    text: str
    style: str
    rank: int
    px: tuple[float, ...]
    line: Sequence[Spot] | None = None
    spot: Spot | None = None
    room: float | None = None
    is_movable: bool = False


# Letter sizes in pixels; the style sheet has the same.
TOWN_PX = (15.0, 16.0, 18.0, 20.0, 22.0)
QUARTER_PX, QUARTER_SPACING = 11.0, 0.08
STREET_PX = 11.0
WET_PX, WET_SPACING = 14.0, 0.14

FROM_14 = (False, True, True, True, True)
FROM_15 = (False, False, True, True, True)
STREET_SHOWN = {3: FROM_14, 4: FROM_14, 5: FROM_15, 6: FROM_15}


def _sizes(px: float, shown: tuple[bool, ...]) -> tuple[float, ...]:
    return tuple(px if is_shown else 0.0 for is_shown in shown)


def find_names(extract: Extract, frame: Frame) -> Sequence[Name]:
    """Every name that could be written, the most important first."""
    names = [*_places(extract.features, frame), *_surfaces(extract.features, frame)]
    names += _lines(extract.features, frame)
    return sorted(names, key=lambda name: (name.rank, -_length(name)))


def _length(name: Name) -> float:
    return float(len(name.line)) if name.line else 0.0


def _places(features: Iterable[Feature], frame: Frame) -> Iterable[Name]:
    for feature in features:
        text = feature.tags.get("name")
        if not text or not feature.ref.startswith("node/"):
            continue
        spot = frame.place(*feature.middle)
        if feature.tags.get("place") in TOWNS:
            yield Name(text, "town", 0, TOWN_PX, spot=spot, is_movable=True)
        elif feature.tags.get("place") in QUARTERS:
            yield Name(text.upper(), "quarter", 1, _sizes(QUARTER_PX, FROM_14), spot=spot)


def _surfaces(features: Iterable[Feature], frame: Frame) -> Iterable[Name]:
    """Parks and lakes, where the name fits into them."""
    for feature in features:
        text = feature.tags.get("name")
        if not text or not feature.is_area or "building" in feature.tags:
            continue
        surface = find_surface(feature.tags)
        if surface not in ("park", "water", "wood"):
            continue
        ring = project(feature.lines[0], frame.place)
        room = (max(x for x, _ in ring) - min(x for x, _ in ring)) * 0.95
        if area_of(ring) > 0 and feature.tags.get("waterway") != "riverbank":
            style, px = ("wet", WET_PX) if surface == "water" else ("leaf", STREET_PX)
            yield Name(text, style, 7, _sizes(px, FROM_15), spot=frame.place(*feature.middle), room=room)


def _lines(features: Sequence[Feature], frame: Frame) -> Iterable[Name]:
    """Rivers and streets, their pieces joined to one line per name as far as they meet."""
    pieces: dict[tuple[str, str, int], list[tuple[tuple[float, float], ...]]] = defaultdict(list)
    for feature in features:
        text = feature.tags.get("name")
        if not text or feature.is_area or feature.tags.get("tunnel"):
            continue
        waterway, way = feature.tags.get("waterway"), find_way(feature.tags)
        if waterway in ("river", "canal"):
            pieces[text, "river", 2].append(feature.lines[0])
        elif waterway == "stream":
            pieces[text, "stream", 8].append(feature.lines[0])
        elif way and BY_NAME[way].rank in STREET_SHOWN:
            pieces[text, "street", BY_NAME[way].rank].append(feature.lines[0])
    edges = (0.0, 0.0, float(frame.width), float(frame.height))
    banks = [project(f.lines[0], frame.place) for f in features if f.is_area and find_surface(f.tags) == "water"]
    for (text, sort, rank), lines in pieces.items():
        for line in join_lines(lines):
            for part in clip_line(project(line, frame.place), edges):
                yield _name_of_line(text.rstrip("?"), sort, rank, part, banks)


def _name_of_line(text: str, sort: str, rank: int, line: Sequence[Spot], banks: Sequence[Sequence[Spot]]) -> Name:
    """The name of a street, a stream, or a river; one between banks that are drawn is written into the water."""
    if sort == "street":
        return Name(text, "road", rank, _sizes(STREET_PX, STREET_SHOWN[rank]), line=line)
    if sort == "stream":
        return Name(text, "brook", rank, _sizes(STREET_PX, FROM_15), line=line)
    is_wide = any(is_inside(line[len(line) // 2], bank) for bank in banks)
    if is_wide:
        return Name(text, "wet", rank, (WET_PX,) * 5, line=line)
    return Name(text, "brook", rank, _sizes(STREET_PX, FROM_14), line=line)
