"""The sheet: degrees to units in Web Mercator, and what a unit is in pixels at each zoom."""

import math
from dataclasses import dataclass

from localex.lib.geo import Box, Point

EARTH_CIRCUMFERENCE_M = 40_075_016.686  # at the equator, WGS 84, as Web Mercator has it
TILE_PX = 256
UNITS_PER_METRE = 2.0
MAX_SIDE_UNITS = 12_000  # keeps coordinates short; a large area gets coarser units

Spot = tuple[float, float]


def _mercator(lon: float, lat: float) -> Spot:
    """Web Mercator as a share of the world's width: x from the west, y from the north."""
    clipped = math.radians(max(-85.05, min(85.05, lat)))
    return (lon + 180) / 360, 0.5 - math.asinh(math.tan(clipped)) / (2 * math.pi)


@dataclass(frozen=True, slots=True)
class Frame:
    """A box of the Earth laid on a sheet of `width` by `height` units, the origin at its north-west corner."""

    box: Box
    width: int
    height: int
    units_per_world: float

    @classmethod
    def around(cls, box: Box) -> "Frame":
        """The sheet for `box`: half a metre per unit, more where the longer side would pass 12,000 units."""
        (west, north), (east, south) = _mercator(box.west, box.north), _mercator(box.east, box.south)
        metres_per_world = EARTH_CIRCUMFERENCE_M * math.cos(math.radians((box.south + box.north) / 2))
        longest_m = max(east - west, south - north) * metres_per_world
        scale = metres_per_world * min(UNITS_PER_METRE, MAX_SIDE_UNITS / longest_m)
        return cls(box, round((east - west) * scale), round((south - north) * scale), scale)

    def place(self, lon: float, lat: float) -> Spot:
        """Units from the sheet's north-west corner; outside the box they lie outside the sheet."""
        x, y = _mercator(lon, lat)
        west, north = _mercator(self.box.west, self.box.north)
        return (x - west) * self.units_per_world, (y - north) * self.units_per_world

    def units_per_px(self, zoom: float) -> float:
        """Units that one CSS pixel covers at a zoom of the usual tile scheme (256 px at zoom 0)."""
        return self.units_per_world / (TILE_PX * 2**zoom)

    def units_per_metre(self) -> float:
        """Units of one metre on the ground in the middle of the sheet."""
        middle = math.radians((self.box.south + self.box.north) / 2)
        return self.units_per_world / (EARTH_CIRCUMFERENCE_M * math.cos(middle))


def frame_of(box: Box) -> Frame:
    """The frame of a stored sheet: the same box gives the same units."""
    return Frame.around(box)


def zoom_for(centre: Point, radius_km: float, width_px: int) -> float:
    """The zoom at which twice `radius_km` around `centre` is `width_px` wide."""
    metres_per_px = 2 * radius_km * 1000 / width_px
    return math.log2(EARTH_CIRCUMFERENCE_M * math.cos(math.radians(centre.lat)) / (TILE_PX * metres_per_px))
