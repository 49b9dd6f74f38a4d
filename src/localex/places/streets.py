"""Finds what is close to a point: the nearest named street, a car park. A grid of small cells keeps it quick."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise

from localex.lib.geo import KM_PER_DEGREE
from localex.places.osm import Feature, Lonlat

CELL_DEGREES = 0.002  # about 220 m of latitude

Cell = tuple[int, int]
Segment = tuple[str, Lonlat, Lonlat]


class NearbyStreets:
    """The named streets of an extract."""

    def __init__(self, features: Iterable[Feature]) -> None:
        self._cells: dict[Cell, list[Segment]] = defaultdict(list)
        for feature in features:
            name = feature.tags.get("name")
            if name and "highway" in feature.tags and feature.ref.startswith("way/"):
                line = feature.lines[0]
                for start, end in pairwise(line):
                    for cell in _cells_between(start, end):
                        self._cells[cell].append((name, start, end))

    def find_name(self, spot: Lonlat, *, within_m: float) -> str | None:
        """The name of the street nearest to `spot`, or None when none is within `within_m` metres (at most 150)."""
        segments = (segment for cell in _cells_around(spot) for segment in self._cells.get(cell, ()))
        best = min(((_metres_to(spot, start, end), name) for name, start, end in segments), default=(math.inf, ""))
        return best[1] if best[0] <= within_m else None


class NearbyCarParks:
    """The public car parks of an extract."""

    def __init__(self, features: Iterable[Feature]) -> None:
        self._cells: dict[Cell, list[Lonlat]] = defaultdict(list)
        for feature in features:
            if feature.tags.get("amenity") == "parking" and _is_public(feature.tags):
                for spot in (feature.middle, *feature.lines[0]):
                    self._cells[_cell(spot)].append(spot)

    def has_one(self, spot: Lonlat, *, within_m: float) -> bool:
        """Whether a car park is within `within_m` metres (at most 150) of `spot`."""
        spots = (other for cell in _cells_around(spot) for other in self._cells.get(cell, ()))
        return any(_metres_to(spot, other, other) <= within_m for other in spots)


def _is_public(tags: Mapping[str, str]) -> bool:
    return tags.get("access") not in ("private", "no")


def _cell(spot: Lonlat) -> Cell:
    return math.floor(spot[0] / CELL_DEGREES), math.floor(spot[1] / CELL_DEGREES)


def _cells_around(spot: Lonlat) -> Iterable[Cell]:
    x, y = _cell(spot)
    return ((x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1))


def _cells_between(start: Lonlat, end: Lonlat) -> Iterable[Cell]:
    """The cells along a segment, found by steps shorter than a cell: long segments stay cheap."""
    steps = min(int(max(abs(end[0] - start[0]), abs(end[1] - start[1])) / CELL_DEGREES) + 1, 200)
    spots = (
        (start[0] + (end[0] - start[0]) * i / steps, start[1] + (end[1] - start[1]) * i / steps)
        for i in range(steps + 1)
    )
    return {_cell(spot) for spot in spots}


def _metres_to(spot: Lonlat, start: Lonlat, end: Lonlat) -> float:
    """From `spot` to a segment, on a plane that touches the Earth at `spot`."""
    wide = math.cos(math.radians(spot[1]))
    ax, ay = (start[0] - spot[0]) * wide, start[1] - spot[1]
    bx, by = (end[0] - spot[0]) * wide, end[1] - spot[1]
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    share = 0.0 if length == 0 else max(0.0, min(1.0, -(ax * dx + ay * dy) / length))
    return math.hypot(ax + share * dx, ay + share * dy) * KM_PER_DEGREE * 1000
