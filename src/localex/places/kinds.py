"""Which OpenStreetMap objects are safe places, what they are called, and in which of product.md's tiers they stand.

The order is that of preference: an object with several tags (a café in a library) takes the first that matches.
"""

from collections.abc import Mapping
from dataclasses import dataclass

TIER_WORDS = {
    1: "Staffed public building",
    2: "Busy place with staff",
    3: "Sociable place with people around",
    4: "Everyday public place",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of safe place. `name_pattern` makes the place's name from that of the shop it belongs to.

    `usual_hours` are never shown: they only keep a bank whose hours are not known from being proposed at night.
    """

    key: str
    value: str
    tier: int
    what: str
    usual_hours: str
    daylight_only: bool = False
    name_pattern: str = "{}"
    needs_chain: bool = False

    @property
    def tag(self) -> str:
        """As OpenStreetMap writes it."""
        return f"{self.key}={self.value}"


ALWAYS = "24/7"
OFFICE = "Mo-Fr 08:00-16:00; PH off"
SHOP = "Mo-Sa 09:00-18:00; PH off"
FOOD = "Mo-Su 09:00-20:00"


def _kinds(key: str, tier: int, usual_hours: str, **words: str) -> list[Kind]:
    return [Kind(key, value, tier, what, usual_hours) for value, what in words.items()]


def _chains(**words: str) -> list[Kind]:
    return [Kind("shop", value, 4, what, SHOP, needs_chain=True) for value, what in words.items()]


# Each tier is product.md's list, tag by tag; what is not named there is not a safe place.
KINDS: tuple[Kind, ...] = (
    *_kinds("amenity", 1, ALWAYS, police="Police station", fire_station="Fire station", hospital="Hospital"),
    *_kinds("amenity", 1, OFFICE, townhall="Town hall", courthouse="Courthouse", public_building="Public office"),
    *_kinds("office", 1, OFFICE, government="Public office", tax="Tax office"),
    *_kinds("building", 1, OFFICE, public="Public building", government="Public building"),
    *_kinds("amenity", 2, OFFICE, bank="Bank"),
    *_kinds("amenity", 2, "Mo-Su 06:00-21:00", fuel="Petrol station"),
    *_kinds("shop", 2, SHOP, mall="Shopping centre", department_store="Department store", doityourself="DIY store"),
    *_kinds("shop", 2, SHOP, furniture="Furniture store", garden_centre="Garden centre", wholesale="Wholesale store"),
    *_kinds("amenity", 3, "Mo-Fr 10:00-18:00; PH off", library="Library", community_centre="Community centre"),
    *_kinds("amenity", 3, FOOD, cafe="Café", fast_food="Snack bar"),
    Kind("shop", "supermarket", 4, "Supermarket car park", SHOP, daylight_only=True, name_pattern="Car park at {}"),
    *_kinds("shop", 4, SHOP, chemist="Drugstore", electronics="Electronics shop", variety_store="Variety store"),
    *_chains(clothes="Clothes shop", shoes="Shoe shop", books="Bookshop", sports="Sports shop", toys="Toy shop"),
    *_chains(convenience="Corner shop", stationery="Stationery shop", optician="Optician", hardware="Hardware shop"),
    Kind("leisure", "park", 4, "Park", ALWAYS, daylight_only=True),
)
USUAL_HOURS = {kind.tag: kind.usual_hours for kind in KINDS}

SHUT = frozenset({"private", "no"})
GONE = ("disused", "abandoned", "demolished")


def find_kind(tags: Mapping[str, str]) -> Kind | None:
    """The kind of safe place that an object with these tags is, or None."""
    if tags.get("access") in SHUT or any(tags.get(key) == "yes" for key in GONE):
        return None
    return next((kind for kind in KINDS if tags.get(kind.key) == kind.value), None)
