"""Open or shut, light or dark: by the clock, the holidays and the sun of the place."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from localex.communities.models import Community
from localex.lib.geo import Point
from localex.places import hours, queries
from tests.places.towns import CENTRE, add_place, at

BANK = "Mo-Fr 08:00-12:30, 14:00-15:30; PH off"


def is_open(text: str, when: datetime, zone: str = "Europe/Vienna", country: str = "AT") -> bool | None:
    return hours.is_open(text, at=when, timezone=zone, country=country, point=CENTRE)


@pytest.mark.parametrize(
    ("text", "when", "expected"),
    [
        (BANK, at(24, 12), True),
        (BANK, at(24, 13), False),
        (BANK, at(22, 12), False),
        (BANK, datetime(2026, 12, 8, 12, tzinfo=ZoneInfo("Europe/Vienna")), False),  # Mariä Empfängnis, in Austria only
        ("24/7", at(24, 3), True),
        ("sunrise-sunset", at(24, 12), True),
        ("sunrise-sunset", at(24, 17), False),
        ("", at(24, 12), None),
        ("when I like", at(24, 12), None),
        ('Mo-Fr 08:00-12:00 unknown "ask"', at(24, 9), None),
    ],
)
def test_hours_are_read_as_openstreetmap_means_them(text: str, when: datetime, expected: bool | None) -> None:
    assert is_open(text, when) is expected


def test_holidays_are_those_of_the_country() -> None:
    holiday = datetime(2026, 12, 8, 12, tzinfo=ZoneInfo("Europe/Vienna"))
    assert is_open(BANK, holiday, country="AT") is False
    assert is_open(BANK, holiday, country="DE", zone="Europe/Berlin") is True
    assert is_open(BANK, holiday, country="ZZ") is True


def test_the_clock_is_that_of_the_place_whatever_zone_the_moment_has() -> None:
    noon_utc = datetime(2026, 11, 24, 11, 45, tzinfo=UTC)  # 12:45 in Vienna, 06:45 in New York
    assert is_open(BANK, noon_utc) is False
    assert is_open("Mo-Fr 06:00-07:00", noon_utc, zone="America/New_York", country="US") is True


def test_the_hour_that_comes_twice_in_autumn_is_no_trouble() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert is_open("Su 02:00-03:00", first) is True
    assert is_open("Su 02:00-03:00", second) is True


def test_daylight_follows_the_sun_also_beyond_the_polar_circle() -> None:
    assert hours.is_daylight(at=at(24, 12), point=CENTRE)
    assert not hours.is_daylight(at=at(24, 17), point=CENTRE)
    north = Point(78.2, 15.6)
    assert hours.is_daylight(at=datetime(2026, 6, 21, 0, tzinfo=UTC), point=north)
    assert not hours.is_daylight(at=datetime(2026, 12, 21, 12, tzinfo=UTC), point=north)


def test_hours_are_said_in_words() -> None:
    assert hours.say("Mo-Fr 07:30-19:00;Sa off") == "Mon–Fri 07:30–19:00; Sat closed"
    assert hours.say("24/7") == "Day and night"
    assert hours.say("") == ""


@pytest.mark.django_db
def test_a_place_knows_whether_it_is_open(community: Community) -> None:
    bank = add_place(community, opening_hours=BANK)
    park = add_place(community, daylight_only=True)
    unknown = add_place(community)
    assert queries.is_open_at(bank, at(24, 12)) is True
    assert queries.is_open_at(bank, at(24, 17)) is False
    assert queries.is_open_at(park, at(24, 17)) is False
    assert queries.is_open_at(park, at(24, 12)) is None
    assert queries.is_open_at(unknown, at(24, 3)) is None
