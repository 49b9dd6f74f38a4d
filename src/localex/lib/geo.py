"""Points on the Earth, distances, and the fixed grid that hides where exactly somebody is."""

import math
from dataclasses import dataclass

EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG
KM_PER_MILE = 1.609344
CELL_DEGREES = 0.009  # about 1 km of latitude
KM_PER_DEGREE = 111.195  # of latitude, on the mean sphere


@dataclass(frozen=True, slots=True)
class Point:
    """A place in degrees, WGS 84. ValueError outside -90..90 and -180..180."""

    lat: float
    lon: float

    def __post_init__(self) -> None:
        if not (-90 <= self.lat <= 90 and -180 <= self.lon <= 180):
            raise ValueError(f"no such place: latitude {self.lat}, longitude {self.lon}")


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in degrees; it does not cross the antimeridian."""

    south: float
    west: float
    north: float
    east: float


def distance_km(a: Point, b: Point) -> float:
    """Great-circle distance in kilometres by the haversine formula (R. W. Sinnott, 1984)."""
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    half_lat = (lat_b - lat_a) / 2
    half_lon = math.radians(b.lon - a.lon) / 2
    h = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, h)))


def snap(point: Point) -> Point:
    """The centre of the cell of the fixed grid, about 1 km wide, that holds `point`.

    The grid never moves, so however often somebody looks, the average tells nothing more. Rows are 0.009 degrees
    high; within a row the width in degrees is that of 0.009 degrees of latitude at the row's middle.
    """
    row = min(math.floor(point.lat / CELL_DEGREES), math.floor(90 / CELL_DEGREES) - 1)
    middle = (row + 0.5) * CELL_DEGREES
    width = min(CELL_DEGREES / max(math.cos(math.radians(middle)), 1e-6), 360.0)
    column = math.floor((point.lon + 180) / width)
    lon = min((column + 0.5) * width - 180, 180.0)
    return Point(round(middle, 6), round(lon, 6))


def cell_box(centre: Point) -> Box:
    """The cell whose centre `snap` gave."""
    half = CELL_DEGREES / 2
    half_width = half / max(math.cos(math.radians(centre.lat)), 1e-6)
    return Box(centre.lat - half, centre.lon - half_width, centre.lat + half, centre.lon + half_width)


def bounding_box(centre: Point, radius_km: float) -> Box:
    """The smallest box that holds everything within `radius_km` of `centre`, cut at the poles and +-180."""
    high = radius_km / KM_PER_DEGREE
    wide = high / max(math.cos(math.radians(min(abs(centre.lat) + high, 89.9))), 1e-6)
    return Box(
        max(centre.lat - high, -90.0),
        max(centre.lon - wide, -180.0),
        min(centre.lat + high, 90.0),
        min(centre.lon + wide, 180.0),
    )


def midpoint(a: Point, b: Point) -> Point:
    """The point half-way along the great circle between `a` and `b`."""
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    span = math.radians(b.lon - a.lon)
    x, y = math.cos(lat_b) * math.cos(span), math.cos(lat_b) * math.sin(span)
    lat = math.atan2(math.sin(lat_a) + math.sin(lat_b), math.hypot(math.cos(lat_a) + x, y))
    lon = math.radians(a.lon) + math.atan2(y, math.cos(lat_a) + x)
    return Point(math.degrees(lat), (math.degrees(lon) + 540) % 360 - 180)
