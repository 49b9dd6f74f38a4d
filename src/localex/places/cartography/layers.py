"""What is drawn, by which tags, in which order: the legend of the map."""

from collections.abc import Mapping
from dataclasses import dataclass

ZOOMS = (13, 14, 15, 16, 17)


@dataclass(frozen=True, slots=True)
class Surface:
    """A filled area. `tags` maps a key to the values that belong to it; `tolerance_m` is what simplifying may shift."""

    name: str
    tags: Mapping[str, frozenset[str]]
    tolerance_m: float = 1.0


@dataclass(frozen=True, slots=True)
class Way:
    """A stroked line. `widths_px` are those at zooms 13 to 17; 0 means not drawn there. `rank` orders the names."""

    name: str
    tags: Mapping[str, frozenset[str]]
    widths_px: tuple[float, float, float, float, float]
    has_casing: bool = True
    rank: int = 9


def _tags(**tags: str) -> Mapping[str, frozenset[str]]:
    return {key: frozenset(values.split()) for key, values in tags.items()}


# From the ground up.
SURFACES: tuple[Surface, ...] = (
    Surface("works", _tags(landuse="industrial commercial retail railway construction quarry military port"), 2.0),
    Surface("grounds", _tags(amenity="school university college hospital kindergarten", landuse="cemetery"), 1.5),
    Surface("vines", _tags(landuse="vineyard orchard allotments"), 2.0),
    Surface("wood", _tags(landuse="forest", natural="wood scrub"), 2.0),
    Surface(
        "park",
        _tags(
            leisure="park garden common playground golf_course nature_reserve recreation_ground village_green",
            landuse="grass meadow recreation_ground village_green",
            natural="grassland heath",
        ),
        1.5,
    ),
    Surface("sport", _tags(leisure="pitch sports_centre stadium track"), 1.0),
    Surface("sand", _tags(natural="beach sand"), 1.5),
    Surface(
        "water", _tags(natural="water bay", waterway="riverbank dock", landuse="reservoir basin", leisure="marina"), 1.5
    ),
    Surface("pool", _tags(leisure="swimming_pool"), 0.7),
    Surface(
        "square", _tags(highway="pedestrian footway service platform", amenity="marketplace", railway="platform"), 0.8
    ),
    Surface("parking", _tags(amenity="parking bus_station"), 0.8),
)

BUILDING_TOLERANCE_M = 0.5

# From the least to the most important: later ones are drawn over earlier ones.
WAYS: tuple[Way, ...] = (
    Way("track", _tags(highway="track bridleway"), (0, 0, 0.9, 1.3, 1.8), has_casing=False),
    Way("path", _tags(highway="footway path cycleway steps"), (0, 0, 0.9, 1.4, 2.2), has_casing=False),
    Way("service", _tags(highway="service"), (0, 0.8, 1.7, 3.6, 7)),
    Way("foot", _tags(highway="pedestrian living_street"), (0.9, 1.7, 3.2, 6.2, 11), rank=5),
    Way("minor", _tags(highway="residential unclassified road"), (0.9, 1.7, 3.4, 7, 13), rank=6),
    Way("middle", _tags(highway="tertiary tertiary_link secondary secondary_link"), (1.5, 2.5, 4.6, 8.6, 15.5), rank=4),
    Way("main", _tags(highway="primary primary_link trunk_link motorway_link"), (1.9, 3, 5, 9, 16), rank=3),
    Way("trunk", _tags(highway="trunk motorway"), (2.3, 3.6, 5.6, 10, 17.5), rank=3),
)
BY_NAME = {way.name: way for way in WAYS}

STREAM_PX = (0.7, 0.9, 1.4, 2.2, 3.4)
RIVER_PX = (1.6, 2.4, 4.2, 8, 14)
RAIL_PX = (0.9, 1.1, 1.5, 2.2, 3.0)
SIDING_PX = (0, 0, 0.7, 1.0, 1.5)


def find_surface(tags: Mapping[str, str]) -> str | None:
    """The name of the surface that an area with these tags is, or None. The last that matches lies on top."""
    return next((s.name for s in reversed(SURFACES) if _matches(tags, s.tags)), None)


def find_way(tags: Mapping[str, str]) -> str | None:
    """The name of the sort of street that a line with these tags is, or None."""
    if tags.get("area") == "yes" or "highway" not in tags:
        return None
    if tags.get("service") in ("parking_aisle", "driveway") and tags["highway"] == "service":
        return "service" if tags["service"] == "driveway" else None
    return next((way.name for way in WAYS if _matches(tags, way.tags)), None)


def find_rail(tags: Mapping[str, str]) -> str | None:
    """ "rail" for a line of the railway that runs trains, "siding" for yards and spurs, or None."""
    if tags.get("railway") not in ("rail", "light_rail", "tram", "narrow_gauge", "funicular"):
        return None
    return "siding" if "service" in tags or tags.get("usage") == "industrial" else "rail"


def _matches(tags: Mapping[str, str], wanted: Mapping[str, frozenset[str]]) -> bool:
    return any(tags.get(key) in values for key, values in wanted.items())
