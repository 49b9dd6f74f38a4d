"""The still picture of a map: what is where in its frame."""

import pytest

from localex.communities.models import Community
from localex.lib.geo import Point, cell_box, snap
from localex.places.models import MapSheet
from localex.web import maps


def sheet() -> MapSheet:
    """A sheet round Krems that was never saved."""
    krems = Community(slug="krems", name="Krems")
    return MapSheet(
        community=krems, key="0" * 64, south=48.36, west=15.55, north=48.46, east=15.68, width=9600, height=11000
    )


@pytest.fixture
def wanted() -> dict[str, object]:
    return {"mode": "area", "sheet": sheet(), "latitude": 48.4095, "longitude": 15.6141}


def test_the_square_is_the_public_cell_and_lies_in_the_frame(wanted: dict[str, object]) -> None:
    cell = snap(Point(48.4095, 15.6141))
    picture = maps.describe_map({**wanted, "latitude": cell.lat, "longitude": cell.lon})
    assert picture.square is not None
    assert picture.square_bounds == cell_box(cell)
    assert picture.square.x + picture.square.width / 2 == pytest.approx(maps.WIDTH / 2, abs=0.5)
    # 1 km of a frame that is 3.2 km wide
    assert picture.square.width == pytest.approx(maps.WIDTH / 3.2, rel=0.02)


def test_the_sheet_covers_the_frame(wanted: dict[str, object]) -> None:
    image = maps.describe_map(wanted).image
    assert image is not None
    assert image.x <= 0
    assert image.y <= 0
    assert image.x + image.width >= maps.WIDTH
    assert image.y + image.height >= maps.HEIGHT


def test_markers_lie_in_the_frame_in_their_order(wanted: dict[str, object]) -> None:
    places = [
        {"name": "Library", "latitude": 48.4105, "longitude": 15.602},
        {"name": "Town hall", "latitude": 48.4098, "longitude": 15.608},
        {"name": "Police", "latitude": 48.4072, "longitude": 15.6155},
    ]
    picture = maps.describe_map({"mode": "places", "sheet": wanted["sheet"], "places": places})
    assert [marker.number for marker in picture.markers] == ["1", "2", "3"]
    assert [marker.x for marker in picture.markers] == sorted(marker.x for marker in picture.markers)
    for marker in picture.markers:
        assert 0 < marker.x < maps.WIDTH
        assert 0 < marker.y < maps.HEIGHT


def test_picking_never_shows_what_is_beyond_the_sheet(wanted: dict[str, object]) -> None:
    picture = maps.describe_map({"mode": "pick", "sheet": wanted["sheet"], "latitude": 48.361, "longitude": 15.551})
    assert picture.image is not None
    assert picture.image.x <= 0.5
    assert picture.image.y + picture.image.height >= maps.HEIGHT - 0.5
