"""Whether a place is open and whether it is light, at a moment, by the place's own clock and sun."""

import re
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from astral import Observer
from astral.sun import elevation
from opening_hours import OpeningHours
from opening_hours.opening_hours import ParserError, UnknownCountryError

from localex.lib.geo import Point

SUNSET_DEGREES = -0.833  # the upper edge of the sun on the horizon, with refraction (Meeus, 1998)


def is_open(text: str, *, at: datetime, timezone: str, country: str, point: Point) -> bool | None:
    """Whether `text`, as OpenStreetMap writes opening hours, says open at `at`; None when it does not say.

    `at` is aware; the answer is by the clock of `timezone` and the public holidays of `country` (ISO 3166 alpha-2).
    """
    hours = _parse(text, timezone, country, round(point.lat, 2), round(point.lon, 2)) if text else None
    if hours is None:
        return None
    local = at.astimezone(ZoneInfo(timezone))
    if hours.is_unknown(local):
        return None
    return bool(hours.is_open(local))


def is_daylight(*, at: datetime, point: Point) -> bool:
    """Whether the sun is up at `point` at `at` (aware). Holds in polar day and night too."""
    return bool(elevation(Observer(point.lat, point.lon), at) > SUNSET_DEGREES)


def is_readable(text: str) -> bool:
    """Whether `text` is opening hours that can be evaluated."""
    return bool(text) and _parse(text, "UTC", "", 0.0, 0.0) is not None


@lru_cache(maxsize=20_000)
def _parse(text: str, timezone: str, country: str, lat: float, lon: float) -> OpeningHours | None:
    """The parsed hours, or None when they cannot be read. Coordinates serve sunrise and sunset inside the hours."""
    zone = ZoneInfo(timezone)
    try:
        return OpeningHours(text, timezone=zone, country=country or None, coords=(lat, lon), auto_country=False)
    except UnknownCountryError:
        return OpeningHours(text, timezone=zone, coords=(lat, lon), auto_country=False)
    except ParserError:
        return None


_DAYS = {"Mo": "Mon", "Tu": "Tue", "We": "Wed", "Th": "Thu", "Fr": "Fri", "Sa": "Sat", "Su": "Sun"}
_WORDS = _DAYS | {"PH": "public holidays", "SH": "school holidays", "off": "closed"}
_WORD = re.compile(r"\b(" + "|".join(_WORDS) + r")\b")


def say(text: str) -> str:
    """OpenStreetMap's opening hours as people write them: "Mo-Fr 08:00-12:00" is "Mon–Fri 08:00–12:00"."""
    if text == "24/7":
        return "Day and night"
    spaced = re.sub(r"\s*;\s*", "; ", text)
    return _WORD.sub(lambda found: _WORDS[found[1]], spaced).replace("-", "–")
