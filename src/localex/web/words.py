"""Amounts, moments and distances as people say them."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format

from localex.lib import clock, money
from localex.lib.geo import KM_PER_MILE

_AGES = ((365, "year"), (30, "month"), (7, "week"))


def say_credits(amount: int, one: str = "credit", many: str = "credits") -> str:
    """Hundredths with the community's word for them: 100 is "1 credit", 3000 is "30 credits"."""
    return money.in_words(amount, one, many)


def say_noun(amount: int, one: str = "credit", many: str = "credits") -> str:
    """The word for an amount alone: "credit" for exactly one, else "credits"."""
    return money.noun(amount, one, many)


def say_day(when: datetime) -> str:
    """ "Tuesday 24 November", with the year when it is another one than now."""
    local = timezone.localtime(when)
    is_this_year = local.year == timezone.localtime(clock.now()).year
    return date_format(local, "l j F" if is_this_year else "l j F Y")


def say_short_day(when: datetime) -> str:
    """ "Tue 24 Nov", for stations and tables."""
    return date_format(timezone.localtime(when), "D j M")


def say_time(when: datetime) -> str:
    """ "17:00" in the time zone in force."""
    return date_format(timezone.localtime(when), "H:i")


def say_moment(when: datetime) -> str:
    """ "Tuesday 24 November, 17:00"."""
    return f"{say_day(when)}, {say_time(when)}"


def say_when(when: datetime) -> str:
    """ "today, 17:00" or "on Tuesday 24 November, 17:00", as the end of a sentence."""
    is_today = timezone.localtime(when).date() == timezone.localtime(clock.now()).date()
    return f"today, {say_time(when)}" if is_today else f"on {say_moment(when)}"


def say_deadline(when: datetime) -> str:
    """The shortest clear name of a moment soon: "today 17:00", "tomorrow 9:00", "Thursday 17:00", then the date."""
    days = (timezone.localtime(when).date() - timezone.localtime(clock.now()).date()).days
    if days == 0:
        return f"today {say_time(when)}"
    if days == 1:
        return f"tomorrow {say_time(when)}"
    if 1 < days < 7:
        return f"{date_format(timezone.localtime(when), 'l')} {say_time(when)}"
    return say_moment(when)


def say_age(when: datetime) -> str:
    """How long ago in one word or two: "today", "yesterday", "3 days ago", "2 weeks ago"."""
    days = (timezone.localtime(clock.now()).date() - timezone.localtime(when).date()).days
    if days < 2:
        return "yesterday" if days == 1 else "today"
    for length, name in _AGES:
        if days >= length:
            count = days // length
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return f"{days} days ago"


def say_distance(km: float, unit: str = "km") -> str:
    """A distance, no finer than the 1 km grid that it comes from: "under 1 km", "3 km", "2 mi"."""
    distance = km / KM_PER_MILE if unit == "mi" else km
    return f"under 1 {unit}" if distance < 1 else f"{round(distance)} {unit}"
