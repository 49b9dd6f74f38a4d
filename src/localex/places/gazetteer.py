"""Turns the features of an extract into safe places with sensible names, and into postcodes."""

import re
import statistics
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from localex.lib.geo import Point, distance_km
from localex.places.hours import is_readable
from localex.places.kinds import Kind, find_kind
from localex.places.osm import OUTLINE, Extract, Feature
from localex.places.streets import NearbyCarParks, NearbyStreets

NAME_LENGTH = 120
HOURS_LENGTH = 255
STREET_WITHIN_M = 80
CAR_PARK_WITHIN_M = 100
SAME_WITHIN_M = 100
POSTCODE = re.compile(r"[A-Z0-9][A-Z0-9 -]{1,11}")

YES_NO = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """A safe place as the extract tells it; the fields are those of `SafePlace`."""

    osm_ref: str
    osm_kind: str
    name: str
    what: str
    tier: int
    latitude: float
    longitude: float
    opening_hours: str
    lit: bool | None
    step_free: bool | None
    parking: bool | None
    covered: bool | None
    daylight_only: bool


@dataclass(frozen=True, slots=True)
class FoundPlaces:
    """The places, how many were left out because nobody could find them by name, and how many were mapped twice."""

    places: Sequence[FoundPlace]
    nameless: int
    doubles: int


@dataclass(frozen=True, slots=True)
class FoundPostcode:
    """A postcode and the middle of the addresses that carry it."""

    code: str
    latitude: float
    longitude: float


def find_places(extract: Extract) -> FoundPlaces:
    """The safe places of `extract`, each with a name of its own."""
    streets = NearbyStreets(extract.features)
    car_parks = NearbyCarParks(extract.features)
    chains = Counter(f.tags["name"] for f in extract.features if "shop" in f.tags and "name" in f.tags)
    found: list[tuple[FoundPlace, str | None]] = []
    nameless = 0
    for feature, kind in _candidates(extract.features, chains):
        spot = feature.middle
        street = clean(feature.tags.get("addr:street", "")) or streets.find_name(spot, within_m=STREET_WITHIN_M)
        name = _name(feature.tags, kind, street)
        if name is None:
            nameless += 1
            continue
        has_parking = car_parks.has_one(spot, within_m=CAR_PARK_WITHIN_M)
        found.append((_place(feature, kind, name, has_parking), street))
    distinct = _without_doubles(found)
    return FoundPlaces(_tell_apart(distinct), nameless=nameless, doubles=len(found) - len(distinct))


def _candidates(features: Iterable[Feature], chains: Mapping[str, int]) -> Iterable[tuple[Feature, Kind]]:
    for feature in features:
        # A building with a courtyard comes twice, as its outline and as the relation; the outline keeps its own ref.
        kind = None if OUTLINE in feature.tags else find_kind(feature.tags)
        if kind and (not kind.needs_chain or _is_chain(feature.tags, chains)):
            yield feature, kind


def find_postcodes(extract: Extract) -> Sequence[FoundPostcode]:
    """The postcodes of the addresses in `extract`, each at the median of its addresses: one wrong tag moves nothing."""
    spots: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for feature in extract.features:
        for part in feature.tags.get("addr:postcode", "").split(";"):
            code = " ".join(part.upper().split())
            if POSTCODE.fullmatch(code):
                spots[code].append(feature.middle)
    return [
        FoundPostcode(
            code,
            round(statistics.median(lat for _, lat in middles), 5),
            round(statistics.median(lon for lon, _ in middles), 5),
        )
        for code, middles in sorted(spots.items())
    ]


def clean(text: str) -> str:
    """`text` on one line, without control and direction characters, which could disguise what a page says."""
    plain = "".join(" " if letter.isspace() else letter for letter in text)
    return " ".join("".join(letter for letter in plain if unicodedata.category(letter)[0] != "C").split())


def _is_chain(tags: Mapping[str, str], chains: Mapping[str, int]) -> bool:
    return "brand" in tags or "brand:wikidata" in tags or chains.get(tags.get("name", ""), 0) > 1


def _name(tags: Mapping[str, str], kind: Kind, street: str | None) -> str | None:
    own = next((clean(tags[key]) for key in ("name", "brand", "operator") if clean(tags.get(key, ""))), None)
    if own and own.casefold() != kind.what.casefold():
        return kind.name_pattern.format(own)[:NAME_LENGTH]
    if street is None:
        return None
    on = "on" if "addr:street" in tags else "near"
    return f"{kind.what} {on} {street}"[:NAME_LENGTH]


def _place(feature: Feature, kind: Kind, name: str, has_parking: bool) -> FoundPlace:
    tags = feature.tags
    lon, lat = feature.middle
    hours = clean(tags.get("opening_hours", ""))
    lit = YES_NO.get(tags.get("lit", ""))
    return FoundPlace(
        osm_ref=feature.ref,
        osm_kind=kind.tag,
        name=name,
        what=kind.what,
        tier=kind.tier,
        latitude=round(lat, 6),
        longitude=round(lon, 6),
        opening_hours=hours if len(hours) <= HOURS_LENGTH and is_readable(hours) else "",
        lit=lit,
        step_free=YES_NO.get(tags.get("wheelchair", "")),
        parking=has_parking or None,
        covered=YES_NO.get(tags.get("covered", "")),
        # A lit car park is fine after dark; a park is not, whatever its lamps.
        daylight_only=kind.daylight_only and not (lit and kind.key == "shop"),
    )


def _without_doubles(places: Sequence[tuple[FoundPlace, str | None]]) -> Sequence[tuple[FoundPlace, str | None]]:
    """Leave out what is mapped twice, as a node and as the building around it; the building comes later and stays."""
    kept: dict[tuple[str, str], list[tuple[FoundPlace, str | None]]] = defaultdict(list)
    for place, street in reversed(places):
        namesakes = kept[place.osm_kind, place.name]
        if all(distance_km(_point(place), _point(other)) * 1000 > SAME_WITHIN_M for other, _ in namesakes):
            namesakes.append((place, street))
    return [pair for namesakes in reversed(kept.values()) for pair in reversed(namesakes)]


def _point(place: FoundPlace) -> Point:
    return Point(place.latitude, place.longitude)


def _tell_apart(places: Sequence[tuple[FoundPlace, str | None]]) -> Sequence[FoundPlace]:
    """Add the street to names that occur more than once, and a number where even that is the same."""
    counts = Counter(place.name for place, _ in places)
    seen: Counter[str] = Counter()
    distinct = []
    for place, street in places:
        name = place.name
        if counts[name] > 1 and street and street not in name:
            name = f"{name}, {street}"
        seen[name] += 1
        if seen[name] > 1:
            name = f"{name} ({seen[name]})"
        distinct.append(replace(place, name=name[:NAME_LENGTH]))
    return distinct
