"""Distances, and a grid that gives nothing away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localex.lib.geo import Point, bounding_box, cell_box, distance_km, midpoint, snap

lats, lons = st.floats(-85, 85), st.floats(-179, 179)
points = st.builds(Point, lats, lons)


def test_known_distance() -> None:
    # Krems to Vienna, Stephansplatz, by an independent calculator: 60.6 km.
    assert distance_km(Point(48.4095, 15.6141), Point(48.2085, 16.3731)) == pytest.approx(60.4, abs=0.5)


def test_no_such_place() -> None:
    with pytest.raises(ValueError, match="no such place"):
        Point(91, 0)


@given(points, points)
def test_distance_is_symmetric_and_the_midpoint_is_half_way(a: Point, b: Point) -> None:
    whole = distance_km(a, b)
    assert whole == pytest.approx(distance_km(b, a))
    if whole < 15_000:
        middle = midpoint(a, b)
        assert distance_km(a, middle) == pytest.approx(whole / 2, rel=1e-6, abs=1e-6)
        assert distance_km(middle, b) == pytest.approx(whole / 2, rel=1e-6, abs=1e-6)


@given(points)
def test_snapping_stays_near_and_forgets_where_in_the_cell(point: Point) -> None:
    centre = snap(point)
    assert distance_km(point, centre) < 0.8
    assert snap(centre) == centre
    box = cell_box(centre)
    inside = Point(
        box.south + (box.north - box.south) * 0.3,
        max(-180.0, min(180.0, box.west + (box.east - box.west) * 0.7)),
    )
    assert snap(inside) == centre


@given(points, st.floats(0.1, 50), st.floats(0, 1), st.floats(0, 1))
def test_the_box_holds_everything_within_the_radius(centre: Point, radius_km: float, u: float, v: float) -> None:
    box = bounding_box(centre, radius_km)
    candidate = Point(max(-90, min(90, centre.lat + (u - 0.5) * 2)), max(-180, min(180, centre.lon + (v - 0.5) * 4)))
    if distance_km(centre, candidate) <= radius_km:
        assert box.south <= candidate.lat <= box.north
        assert box.west <= candidate.lon <= box.east
