"""The sea, which OpenStreetMap has only as its shore: coastlines with the land on their left."""

import math
from collections.abc import Iterable, Sequence

from localex.places.cartography.frame import Frame, Spot
from localex.places.cartography.shapes import Edges, clip_line, project
from localex.places.osm import Feature
from localex.places.rings import join_lines


def sea_rings(features: Iterable[Feature], frame: Frame, edges: Edges) -> list[list[Spot]]:
    """Closed outlines of the sea inside `edges`; none where no coastline crosses the sheet from edge to edge.

    A shore that enters and leaves the sheet is closed along the edge with the sea on its right. One that ends inside
    the sheet, because the extract is cut there, is led straight on to the nearest edge.
    """
    pieces = [f.lines[0] for f in features if f.tags.get("natural") == "coastline" and f.ref.startswith("way/")]
    shores: list[list[Spot]] = []
    for line in join_lines(pieces, may_turn=False):
        if line[0] == line[-1]:
            continue  # an island: it is land, and the sea round it comes from the other shores
        parts = clip_line(project(line, frame.place), edges)
        shores += [_led_to_the_edge(part, edges) for part in parts if len(part) > 1]
    return _close(shores, edges) if shores else []


def _led_to_the_edge(shore: list[Spot], edges: Edges) -> list[Spot]:
    return [_nearest_on_edge(shore[0], edges), *shore, _nearest_on_edge(shore[-1], edges)]


def _nearest_on_edge(spot: Spot, edges: Edges) -> Spot:
    left, top, right, bottom = edges
    x, y = spot
    return min(((left, y), (right, y), (x, top), (x, bottom)), key=lambda other: math.dist(spot, other))


def _close(shores: Sequence[list[Spot]], edges: Edges) -> list[list[Spot]]:
    """Join the shores to rings: from where one leaves, along the edge to where the next one enters.

    On the sheet y runs down, so with the sea on the right hand the edge is followed clockwise as it is seen.
    """
    starts = sorted((_along(shore[0], edges), number) for number, shore in enumerate(shores))
    free = set(range(len(shores)))
    rings = []
    while free:
        first = number = min(free)
        ring: list[Spot] = []
        while number in free:
            free.discard(number)
            shore = shores[number]
            ring += shore
            leaving = _along(shore[-1], edges)
            following = [(place, other) for place, other in starts if other in free or other == first]
            entering, number = min(following, key=lambda pair: (pair[0] - leaving) % _total(edges))
            ring += _corners(leaving, entering, edges)
        ring.append(ring[0])
        rings.append(ring)
    return rings


def _total(edges: Edges) -> float:
    left, top, right, bottom = edges
    return 2 * (right - left + bottom - top)


def _along(spot: Spot, edges: Edges) -> float:
    """How far `spot`, on the edge, is from the north-west corner, clockwise."""
    left, top, right, bottom = edges
    x, y = spot
    wide, high = right - left, bottom - top
    sides = [(abs(y - top), x - left), (abs(x - right), wide + y - top)]
    sides += [(abs(y - bottom), wide + high + right - x), (abs(x - left), 2 * wide + high + bottom - y)]
    return min(sides)[1]


def _corners(leaving: float, entering: float, edges: Edges) -> list[Spot]:
    """The corners of the sheet passed clockwise between two places on its edge."""
    left, top, right, bottom = edges
    wide, high = right - left, bottom - top
    places = [
        (0.0, (left, top)),
        (wide, (right, top)),
        (wide + high, (right, bottom)),
        (2 * wide + high, (left, bottom)),
    ]
    total = _total(edges)
    span = (entering - leaving) % total
    passed = sorted(((place - leaving) % total, corner) for place, corner in places)
    return [corner for away, corner in passed if 0 < away < span]
