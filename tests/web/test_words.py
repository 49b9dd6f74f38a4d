"""Amounts, moments and distances as people say them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from localex.lib import clock
from localex.web import words

WHEN = datetime(2025, 11, 25, 16, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (3000, "30 credits"),
        (100, "1 credit"),
        (1250, "12.50 credits"),
        (0, "0 credits"),
        (10_000_000, "100,000 credits"),
    ],
)
def test_credits_carry_their_noun(amount: int, said: str) -> None:
    assert words.say_credits(amount) == said


def test_a_community_names_its_credits() -> None:
    assert words.say_credits(100, "Krone", "Kronen") == "1 Krone"
    assert words.say_credits(200, "Krone", "Kronen") == "2 Kronen"


def test_moments_are_said_in_the_time_zone_in_force() -> None:
    with timezone.override("Europe/Vienna"):
        assert words.say_moment(WHEN).endswith(", 17:05")
        assert words.say_day(WHEN).startswith("Tuesday 25 November")
        assert words.say_short_day(WHEN) == "Tue 25 Nov"


def test_another_year_is_said() -> None:
    assert words.say_day(clock.now() + timedelta(days=800)).split()[-1].isdigit()
    assert not words.say_day(clock.now()).split()[-1].isdigit()


def test_deadlines_are_short_when_near() -> None:
    noon = clock.now().replace(hour=12, minute=0)
    with clock.shifted(noon - clock.now()):
        assert words.say_deadline(noon + timedelta(hours=2)) == "today 14:00"
        assert words.say_deadline(noon + timedelta(days=1)) == "tomorrow 12:00"
        assert words.say_deadline(noon + timedelta(days=3)) == f"{noon + timedelta(days=3):%A} 12:00"
        assert ", " in words.say_deadline(noon + timedelta(days=9))


@pytest.mark.parametrize(
    ("days", "said"),
    [(0, "today"), (1, "yesterday"), (3, "3 days ago"), (7, "1 week ago"), (20, "2 weeks ago"), (70, "2 months ago")],
)
def test_ages_are_rounded(days: int, said: str) -> None:
    assert words.say_age(clock.now() - timedelta(days=days)) == said


@pytest.mark.parametrize(
    ("km", "unit", "said"),
    [
        (0.2, "km", "under 1 km"),
        (1.4, "km", "1 km"),
        (12.6, "km", "13 km"),
        (1.0, "mi", "under 1 mi"),
        (8.1, "mi", "5 mi"),
    ],
)
def test_distances_are_no_finer_than_the_grid(km: float, unit: str, said: str) -> None:
    assert words.say_distance(km, unit) == said
