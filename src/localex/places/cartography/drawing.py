"""Puts the map together: surfaces, streets, rails, bridges, names, and a soft edge."""

import base64
import gzip
import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import pairwise

from localex.lib.geo import Box, Point, bounding_box
from localex.places.cartography.fonts import font_faces
from localex.places.cartography.frame import Frame, Spot
from localex.places.cartography.layers import (
    BUILDING_TOLERANCE_M,
    SURFACES,
    WAYS,
    ZOOMS,
    find_rail,
    find_surface,
    find_way,
)
from localex.places.cartography.lettering import Lettering
from localex.places.cartography.naming import find_names
from localex.places.cartography.sea import sea_rings
from localex.places.cartography.shapes import area_of, clip_line, clip_ring, path_of, project, simplify
from localex.places.cartography.style import style_sheet
from localex.places.osm import OUTLINE, Extract, Feature
from localex.places.rings import join_lines

MAX_BYTES = 350_000
MAX_SIDE_KM = 40
ATTRIBUTION = "© OpenStreetMap contributors, Open Database License 1.0 (ODbL)"
FADE = 0.03  # of the shorter side: the sheet melts into the page


@dataclass(frozen=True, slots=True)
class Detail:
    """How much is drawn. `coarseness` multiplies every tolerance; smaller houses than `house_m2` are left out."""

    coarseness: float
    house_m2: float
    dropped: frozenset[str] = frozenset()


_ROUGH = frozenset({"track", "siding", "path"})
_ROUGHER = _ROUGH | {"service", "foot", "stream", "parking", "square"}

# Tried in turn until the map is small enough.
DETAILS = (
    Detail(1.0, 12),
    Detail(1.6, 60),
    Detail(2.5, 200, _ROUGH),
    Detail(4.0, math.inf, _ROUGH),
    Detail(8.0, math.inf, _ROUGHER),
    *(Detail(16.0 * 2**step, math.inf, _ROUGHER | {"minor", "middle"}) for step in range(8)),
)
BYTES_PER_VERTEX = 3  # at least: what is hopelessly too large is not tried


@dataclass(frozen=True, slots=True)
class DrawnMap:
    """A finished map. `key` is the SHA-256 of `svg` in hexadecimal, `style_digest` that of its style in base64."""

    svg: bytes
    compressed: bytes
    key: str
    style_digest: str
    box: Box
    width: int
    height: int


Lines = dict[str, list[list[Spot]]]


def draw_map(extract: Extract, *, title: str) -> DrawnMap:
    """Draw `extract` as an SVG of at most 350 kB, in as much detail as fits. Repeatable to the byte."""
    extract = replace(extract, box=_town_box(extract.box))
    frame = Frame.around(extract.box)
    names, letters = _names(extract, frame)
    style = style_sheet(frame, font_faces(letters))
    vertices = sum(len(line) for feature in extract.features for line in feature.lines)
    for detail in DETAILS:
        if vertices * BYTES_PER_VERTEX > MAX_BYTES * 4 * detail.coarseness:
            continue
        svg = _compose(extract, frame, detail, style, names, title).encode()
        if len(svg) <= MAX_BYTES:
            break
    return DrawnMap(
        svg=svg,
        compressed=gzip.compress(svg, 9, mtime=0),
        key=hashlib.sha256(svg).hexdigest(),
        style_digest=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        box=extract.box,
        width=frame.width,
        height=frame.height,
    )


def _town_box(box: Box) -> Box:
    """`box`, or the middle of one that no town fills: a sheet of a whole country would show nothing of a street."""
    middle = Point((box.south + box.north) / 2, (box.west + box.east) / 2)
    most = bounding_box(middle, MAX_SIDE_KM / 2)
    return Box(
        max(box.south, most.south), max(box.west, most.west), min(box.north, most.north), min(box.east, most.east)
    )


def _compose(extract: Extract, frame: Frame, detail: Detail, style: str, names: str, title: str) -> str:
    surfaces = _surfaces(extract.features, frame, detail)
    ways = _ways(extract.features, frame, detail)
    defs = "".join(f'<path id="{name}" d="{path_of(lines)}"/>' for name, lines in ways.items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {frame.width} {frame.height}"'
        f' width="{frame.width}" height="{frame.height}"><title>{escape(title)}</title><desc>{ATTRIBUTION}</desc>'
        f"<style>{style}</style><defs>{defs}{_fade_defs()}</defs>"
        '<rect class="f" width="100%" height="100%" fill="var(--ground)"/>'
        f"{''.join(surfaces)}{_strokes(ways)}{names}{_fade(frame)}</svg>"
    )


def _edges(frame: Frame) -> tuple[float, float, float, float]:
    """A little more than the sheet, so that no outline shows at its edge."""
    return -40.0, -40.0, frame.width + 40.0, frame.height + 40.0


def _surfaces(features: Iterable[Feature], frame: Frame, detail: Detail) -> list[str]:
    """One path per sort of surface, from the ground up, the houses last."""
    metre = frame.units_per_metre()
    tolerances = {surface.name: surface.tolerance_m for surface in SURFACES} | {"house": BUILDING_TOLERANCE_M}
    rings: Lines = defaultdict(list)
    courtyards = {f.tags[OUTLINE] for f in features if OUTLINE in f.tags}
    for feature in features:
        if not feature.is_area or feature.ref in courtyards:
            continue
        is_house = feature.tags.get("building", "no") != "no"
        name = "house" if is_house else find_surface(feature.tags)
        if name is None or name in detail.dropped:
            continue
        smallest = (detail.house_m2 if is_house else 40 * detail.coarseness) * metre * metre
        for number, ring in enumerate(feature.lines):
            shape = clip_ring(project(ring, frame.place), _edges(frame))
            if len(shape) > 3 and area_of(shape) >= smallest:
                plain = simplify(shape, tolerances[name] * metre * detail.coarseness)
                rings[name].append(_turned(plain, is_hole=number >= feature.outer_count))
    for sea in sea_rings(features, frame, _edges(frame)):
        rings["water"].append(_turned(simplify(sea, tolerances["water"] * metre * detail.coarseness), is_hole=False))
    order = [surface.name for surface in SURFACES] + ["house"]
    return [f'<path class="{name}" d="{path_of(rings[name], closed=True)}"/>' for name in order if name in rings]


def _turned(ring: list[Spot], *, is_hole: bool) -> list[Spot]:
    """Outlines run one way and holes the other, so that the non-zero rule leaves holes open and overlaps filled."""
    area = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring))
    return ring[::-1] if (area > 0) == is_hole else ring


def _ways(features: Iterable[Feature], frame: Frame, detail: Detail) -> Mapping[str, list[list[Spot]]]:
    """The lines of each sort of street, rail and stream, by name; "-b" is on a bridge, "-t" in a tunnel."""
    pieces: dict[str, list[tuple[tuple[float, float], ...]]] = defaultdict(list)
    for feature in features:
        if feature.is_area or feature.ref.startswith("node/"):
            continue
        name = _way_name(feature.tags)
        if name and name not in detail.dropped:
            deck = "-t" if _is_set(feature.tags, "tunnel") else "-b" if _is_set(feature.tags, "bridge") else ""
            pieces[name + deck].append(feature.lines[0])
    tolerance = 0.7 * frame.units_per_metre() * detail.coarseness
    return {
        name: [
            simplify(part, tolerance)
            for line in join_lines(lines)
            for part in clip_line(project(line, frame.place), _edges(frame))
        ]
        for name, lines in sorted(pieces.items())
    }


def _way_name(tags: Mapping[str, str]) -> str | None:
    waterway = tags.get("waterway")
    if waterway in ("river", "canal"):
        return "river"
    if waterway in ("stream", "ditch", "drain"):
        return "stream"
    return find_rail(tags) or find_way(tags)


def _is_set(tags: Mapping[str, str], key: str) -> bool:
    return tags.get(key, "no") != "no"


def _strokes(ways: Mapping[str, Sequence[object]]) -> str:
    """Every line in drawing order: water, tunnels, paths, streets, rails, then what is on bridges."""
    cased = [way.name for way in WAYS if way.has_casing]
    plain = [way.name for way in WAYS if not way.has_casing]
    parts = [_use(ways, name, name) for name in ("stream", "river")]
    parts += [_use(ways, f"{name}-t", f"{name} c tunnel") for name in cased]
    parts += [_use(ways, name, name) for name in plain]
    parts += [_use(ways, name, f"{name} c") for name in cased]
    parts += [_use(ways, name, f"{name} r") for name in cased]
    parts += [_use(ways, name, sort) for name in ("siding", "rail") for sort in _rail(name)]
    parts += [_use(ways, f"{name}-b", sort) for name in ("siding", "rail") for sort in _rail(name)]
    parts += [_use(ways, f"{name}-b", name) for name in plain]
    parts += [_use(ways, f"{name}-b", f"{name} c b") for name in cased]
    parts += [_use(ways, f"{name}-b", f"{name} r") for name in cased]
    return "".join(parts)


def _rail(name: str) -> tuple[str, ...]:
    return ("rail", "rail tie") if name == "rail" else ("siding",)


def _use(ways: Mapping[str, Sequence[object]], name: str, style: str) -> str:
    return f'<use href="#{name}" class="{style}"/>' if name in ways else ""


def _names(extract: Extract, frame: Frame) -> tuple[str, set[str]]:
    """The names of every zoom as one piece of SVG, and the letters that they need."""
    names = find_names(extract, frame)
    groups = []
    for level, zoom in enumerate(ZOOMS):
        lettering = Lettering(frame, level).set_all(names)
        paths = f"<defs>{''.join(lettering.paths)}</defs>" if lettering.paths else ""
        groups.append(f'{paths}<g class="l l{zoom}">{"".join(lettering.elements)}</g>')
    return "".join(groups), {letter for name in names for letter in name.text}


def _fade_defs() -> str:
    stops = '<stop stop-color="var(--ground)"/><stop offset="1" stop-color="var(--ground)" stop-opacity="0"/>'
    turns = {"w": "", "e": ' x1="1" x2="0"', "n": ' x2="0" y2="1"', "s": ' x2="0" y1="1"'}
    return "".join(f'<linearGradient id="fade-{side}"{turn}>{stops}</linearGradient>' for side, turn in turns.items())


def _fade(frame: Frame) -> str:
    wide, high = frame.width, frame.height
    rim = round(FADE * min(wide, high))
    rims = {
        "w": f'width="{rim}" height="{high}"',
        "e": f'x="{wide - rim}" width="{rim}" height="{high}"',
        "n": f'width="{wide}" height="{rim}"',
        "s": f'y="{high - rim}" width="{wide}" height="{rim}"',
    }
    return "".join(f'<rect {size} fill="url(#fade-{side})"/>' for side, size in rims.items())
