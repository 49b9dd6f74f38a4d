"""Where a map's picture, markers and square lie, so that a map is there without JavaScript too."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from localex.communities.queries import get_community
from localex.lib.geo import KM_PER_DEGREE, Box, Point, cell_box
from localex.places.models import MapSheet
from localex.places.queries import find_map

WIDTH, HEIGHT = 400, 300  # units of the frame; about a pixel each on a phone
MARGIN = 1.35  # room round the outermost marker
RADIUS_KM = {"area": 1.6, "pick": 3.0, "places": 1.0}
SPARE = {"area": 0.6, "pick": 0.0, "places": 0.35}


@dataclass(frozen=True, slots=True)
class Marker:
    """A numbered place in the frame, and where it really is."""

    number: str
    name: str
    x: float
    y: float
    latitude: float
    longitude: float
    url: str = ""


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Something in the frame, in its units."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class MapPicture:
    """What components/map.html draws. `image` and `url` are None and "" when the community has no drawn map."""

    mode: str
    label: str
    centre: Point
    radius_km: float
    url: str = ""
    bounds: Box | None = None
    image: Rectangle | None = None
    square: Rectangle | None = None
    square_bounds: Box | None = None
    markers: Sequence[Marker] = field(default_factory=tuple)


def _mercator(point: Point) -> tuple[float, float]:
    """Web Mercator as a share of the world: x from the west, y from the north."""
    lat = math.radians(max(-85.05, min(85.05, point.lat)))
    return (point.lon + 180) / 360, 0.5 - math.asinh(math.tan(lat)) / (2 * math.pi)


@dataclass(frozen=True, slots=True)
class _Lens:
    """Turns degrees into units of the frame round `centre`."""

    centre: Point
    radius_km: float

    @property
    def scale(self) -> float:
        """Units of the frame for the whole world's width."""
        across_km = 360 * KM_PER_DEGREE * math.cos(math.radians(self.centre.lat))
        return across_km / (2 * self.radius_km) * WIDTH

    def spot(self, point: Point) -> tuple[float, float]:
        x, y = _mercator(point)
        x0, y0 = _mercator(self.centre)
        return round(WIDTH / 2 + (x - x0) * self.scale, 2), round(HEIGHT / 2 + (y - y0) * self.scale, 2)

    def rectangle(self, box: Box) -> Rectangle:
        left, top = self.spot(Point(box.north, box.west))
        right, bottom = self.spot(Point(box.south, box.east))
        return Rectangle(left, top, round(right - left, 2), round(bottom - top, 2))


def describe_map(wanted: Mapping[str, Any]) -> MapPicture:
    """Work out the picture of a map; `wanted` has the keys that components/map.html documents."""
    mode = wanted["mode"]
    sheet: MapSheet | None = wanted.get("sheet") or find_map(wanted["community_id"])
    places: Sequence[Mapping[str, Any]] = wanted.get("places") or ()
    centre = _find_centre(wanted, places, sheet)
    radius_km = float(wanted.get("radius_km") or _radius_around(centre, places) or RADIUS_KM[mode])
    cell = cell_box(centre) if mode == "area" else None
    lens = _Lens(centre, radius_km)
    if sheet:
        lens = _keep_on(sheet, lens, SPARE[mode])
    return MapPicture(
        mode=mode,
        label=wanted.get("label") or "Map",
        centre=lens.centre,
        radius_km=round(lens.radius_km, 3),
        url=sheet.url if sheet else "",
        bounds=sheet.box if sheet else None,
        image=lens.rectangle(sheet.box) if sheet else None,
        square=lens.rectangle(cell) if cell else None,
        square_bounds=cell,
        markers=[_mark(lens, place, number) for number, place in enumerate(places, start=1)],
    )


def _keep_on(sheet: MapSheet, lens: _Lens, spare: float) -> _Lens:
    """Move the lens, and without `spare` narrow it, so that the frame lies on the sheet.

    The sheet fades into the page, so a frame may look over its edge by `spare` (a share of its half width): what it is
    about stays off the rim.
    """
    east_km = KM_PER_DEGREE * math.cos(math.radians(lens.centre.lat))
    half_wide, half_high = (sheet.east - sheet.west) / 2, (sheet.north - sheet.south) / 2
    radius_km = lens.radius_km
    if not spare:
        radius_km = min(radius_km, half_wide * east_km, half_high * KM_PER_DEGREE * WIDTH / HEIGHT)
    wide, high = (1 - spare) * radius_km / east_km, (1 - spare) * radius_km / KM_PER_DEGREE * HEIGHT / WIDTH
    lat = min(max(lens.centre.lat, sheet.south + high), max(sheet.north - high, sheet.south + high))
    lon = min(max(lens.centre.lon, sheet.west + wide), max(sheet.east - wide, sheet.west + wide))
    return _Lens(Point(lat, lon), radius_km)


def _find_centre(wanted: Mapping[str, Any], places: Sequence[Mapping[str, Any]], sheet: MapSheet | None) -> Point:
    if wanted.get("latitude") is not None and wanted.get("longitude") is not None:
        return Point(float(wanted["latitude"]), float(wanted["longitude"]))
    if places:
        latitudes = [float(place["latitude"]) for place in places]
        longitudes = [float(place["longitude"]) for place in places]
        return Point((min(latitudes) + max(latitudes)) / 2, (min(longitudes) + max(longitudes)) / 2)
    if sheet is None:
        return get_community(community_id=wanted["community_id"]).centre
    return Point((sheet.south + sheet.north) / 2, (sheet.west + sheet.east) / 2)


def _radius_around(centre: Point, places: Sequence[Mapping[str, Any]]) -> float | None:
    """Half the width of a frame that holds all places; None without any, and never closer than 600 m."""
    if not places:
        return None
    east_km = KM_PER_DEGREE * math.cos(math.radians(centre.lat))
    wide = max(abs(float(place["longitude"]) - centre.lon) * east_km for place in places)
    high = max(abs(float(place["latitude"]) - centre.lat) * KM_PER_DEGREE for place in places)
    return max(0.6, wide * MARGIN, high * MARGIN * WIDTH / HEIGHT)


def _mark(lens: _Lens, place: Mapping[str, Any], number: int) -> Marker:
    point = Point(float(place["latitude"]), float(place["longitude"]))
    x, y = lens.spot(point)
    said = str(place.get("number", number))
    return Marker(said, str(place.get("name", "")), x, y, point.lat, point.lon, str(place.get("url", "")))
