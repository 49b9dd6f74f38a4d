"""Reads an OpenStreetMap extract (.osm, .osm.gz, .osm.bz2 or .osm.pbf) into features with geometry.

Extracts are cut at an edge, so relations miss members and ways run far outside: what is incomplete is used as far as it
goes and never an error. A file that is not an extract at all is one clear `UnreadableExtract`.
"""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import osmium

from localex.lib.errors import Unprocessable
from localex.lib.geo import Box
from localex.places.rings import join_rings

SUFFIXES = (".osm", ".osm.gz", ".osm.bz2", ".osm.pbf", ".xml", ".pbf")
MAX_FILE_BYTES = 500_000_000
MAX_FEATURES = 2_000_000
REPORT_EVERY = 2_000

# Only objects with one of these keys can become a place, a postcode or a line of the map.
KEYS = frozenset(
    ("amenity", "shop", "office", "leisure", "building", "highway", "railway", "waterway", "natural", "landuse")
) | {"place", "addr:postcode"}

# Set on an area whose tags stand on its outer way, which is a feature too: the way's ref.
OUTLINE = "localex:outline"

Lonlat = tuple[float, float]
Progress = Callable[[int, int | None, str], None]


class UnreadableExtract(Unprocessable):
    """The file is not an OpenStreetMap extract that can be read, or holds nothing to use. Nothing was changed."""

    code = "unreadable_extract"


@dataclass(frozen=True, slots=True)
class Feature:
    """One object. A node has a line of one point, a way one line, an area rings, `outer_count` outer ones first."""

    ref: str
    tags: Mapping[str, str]
    lines: tuple[tuple[Lonlat, ...], ...]
    is_area: bool = False
    outer_count: int = 1

    @property
    def middle(self) -> Lonlat:
        """Longitude and latitude of a node, of the centroid of an area's first ring, of a line's middle vertex."""
        line = self.lines[0]
        return centroid(line) if self.is_area else line[len(line) // 2]


@dataclass(frozen=True, slots=True)
class Extract:
    """What an extract holds and the box that it covers."""

    box: Box
    features: Sequence[Feature]


@dataclass(slots=True)
class _Relations:
    """The multipolygons: their own tags, members by role, and which ways are needed for them."""

    tags: dict[int, dict[str, str]] = field(default_factory=dict)
    members: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    way_ids: set[int] = field(default_factory=set)


def read_extract(path: Path, *, progress: Progress | None = None) -> Extract:
    """Everything of the extract at `path` that a map or a safe place is made from. Raises UnreadableExtract."""
    _check_file(path)
    try:
        relations = _read_relations(path)
        features, member_lines = _read_objects(path, relations, progress)
        features.extend(_assemble(relations, member_lines))
        box = _header_box(path) or _covered_box(features)
    except (RuntimeError, ValueError, OSError) as error:
        raise UnreadableExtract(
            f"{path.name} is damaged or not an OpenStreetMap extract: {str(error)[:200]}", kept="Nothing was changed."
        ) from error
    if box is None:
        raise UnreadableExtract(f"{path.name} holds no streets, buildings or places.", kept="Nothing was changed.")
    return Extract(box, features)


def centroid(ring: Sequence[Lonlat]) -> Lonlat:
    """The centre of gravity of a closed ring (Bourke, 1988); the mean of its points when it encloses nothing."""
    base_x, base_y = ring[0]  # relative to a corner: small numbers keep their digits
    twice_area = sum_x = sum_y = 0.0
    for (x1, y1), (x2, y2) in pairwise(ring):
        cross = (x1 - base_x) * (y2 - base_y) - (x2 - base_x) * (y1 - base_y)
        twice_area += cross
        sum_x += (x1 + x2 - 2 * base_x) * cross
        sum_y += (y1 + y2 - 2 * base_y) * cross
    if abs(twice_area) < 1e-14:
        return statistics.fmean(x for x, _ in ring), statistics.fmean(y for _, y in ring)
    return base_x + sum_x / (3 * twice_area), base_y + sum_y / (3 * twice_area)


def _check_file(path: Path) -> None:
    kept = "Nothing was changed."
    if not path.is_file():
        raise UnreadableExtract(f"There is no file {path}.", kept=kept)
    if not path.name.endswith(SUFFIXES):
        raise UnreadableExtract(
            f"{path.name} is not an extract: its name must end with {', '.join(SUFFIXES)}.", kept=kept
        )
    if path.stat().st_size > MAX_FILE_BYTES:
        raise UnreadableExtract(
            f"{path.name} is larger than 500 MB. Cut out the town first (osmium extract).", kept=kept
        )


def _header_box(path: Path) -> Box | None:
    with osmium.io.Reader(str(path), osmium.osm.NOTHING) as reader:
        box = reader.header().box()
    if not box.valid():
        return None
    low, high = box.bottom_left, box.top_right
    return Box(low.lat, low.lon, high.lat, high.lon)


def _covered_box(features: Iterable[Feature]) -> Box | None:
    """The box of the middle 98 % of streets and buildings: ways that run out of the extract must not widen it."""
    middles = [f.middle for f in features if "highway" in f.tags or "building" in f.tags]
    if len(middles) < 2:
        middles = [f.middle for f in features]
    if len(middles) < 2:
        return None
    edges = []
    for axis in (1, 0):
        values = sorted(middle[axis] for middle in middles)
        cut = len(values) // 100
        edges.append((values[cut] - 0.0005, values[-1 - cut] + 0.0005))
    (south, north), (west, east) = edges
    return Box(south, west, north, east)


def _read_relations(path: Path) -> _Relations:
    found = _Relations()
    relations: Iterable[Any] = osmium.FileProcessor(str(path), osmium.osm.RELATION)
    for relation in relations:
        tags = dict(relation.tags)
        if tags.pop("type", "") != "multipolygon" or "boundary" in tags:
            continue
        members = [(member.ref, member.role) for member in relation.members if member.type == "w"]
        if members:
            found.tags[relation.id] = tags
            found.members[relation.id] = members
            found.way_ids.update(ref for ref, _ in members)
    return found


def _read_objects(
    path: Path, relations: _Relations, progress: Progress | None
) -> tuple[list[Feature], dict[int, Feature]]:
    """Tagged nodes and ways as features, and the ways that multipolygons are made of."""
    features: list[Feature] = []
    members: dict[int, Feature] = {}
    tagged_nodes = osmium.filter.EmptyTagFilter()
    tagged_nodes.enable_for(osmium.osm.NODE)
    kinds = osmium.osm.NODE | osmium.osm.WAY
    things: Iterable[Any] = osmium.FileProcessor(str(path), kinds).with_locations().with_filter(tagged_nodes)
    for count, thing in enumerate(things):
        if progress and count % REPORT_EVERY == 0:
            progress(count, None, "Reading the extract")
        feature = _feature(thing)
        if feature is None:
            continue
        if thing.is_way() and thing.id in relations.way_ids:
            members[thing.id] = feature
        if not KEYS.isdisjoint(feature.tags):
            features.append(feature)
        if len(features) > MAX_FEATURES:
            raise ValueError("more than two million objects; cut out the town first")
    return features, members


def _feature(thing: Any) -> Feature | None:
    tags = dict(thing.tags)
    if thing.is_node():
        spot = thing.location
        return Feature(f"node/{thing.id}", tags, (((spot.lon, spot.lat),),)) if spot.valid() else None
    line = tuple((node.lon, node.lat) for node in thing.nodes if node.location.valid())
    if len(line) < 2:
        return None
    is_area = len(line) > 3 and line[0] == line[-1] and _encloses(tags)
    return Feature(f"way/{thing.id}", tags, (line,), is_area=is_area)


def _encloses(tags: Mapping[str, str]) -> bool:
    """Whether a closed way with these tags is a surface; a roundabout or a fenced track is not."""
    if "area" in tags:
        return tags["area"] != "no"
    return not ("highway" in tags or "barrier" in tags or tags.get("railway") in ("rail", "tram"))


def _assemble(relations: _Relations, lines: Mapping[int, Feature]) -> Iterable[Feature]:
    """The multipolygons as areas. One without tags of its own takes those of its outer way (the old custom)."""
    for relation_id, members in relations.members.items():
        outers = [lines[ref] for ref, role in members if role != "inner" and ref in lines]
        if not outers:
            continue
        own = relations.tags[relation_id]
        tags = own if not KEYS.isdisjoint(own) else {**outers[0].tags, **own, OUTLINE: outers[0].ref}
        outer_rings = join_rings([outer.lines[0] for outer in outers])
        inner_rings = join_rings([lines[ref].lines[0] for ref, role in members if role == "inner" and ref in lines])
        if outer_rings and not KEYS.isdisjoint(tags):
            rings = (*outer_rings, *inner_rings)
            yield Feature(f"relation/{relation_id}", tags, rings, is_area=True, outer_count=len(outer_rings))
