"""The community: everything that a town, a district or a campus decides about its own LocalEx."""

import zoneinfo
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from localex.lib import clock
from localex.lib.geo import Box, Point
from localex.lib.money import from_whole
from localex.lib.records import Record

DEFAULT_STARTER_GRANT = from_whole(100)
MAX_STARTER_GRANT = from_whole(100_000)
MAX_FIXED_FEE = from_whole(1_000)
MAX_PERCENT_FEE = Decimal(50)
MAX_CREDIT_LINE = from_whole(100_000)


class DistanceUnit(models.TextChoices):
    """How distances are shown; stored and computed they are always kilometres."""

    KM = "km", "Kilometres"
    MI = "mi", "Miles"


class Language(models.TextChoices):
    """The languages of product.md; one decides about stemming in the search."""

    ENGLISH = "en", "English"
    SPANISH = "es", "Spanish"
    FRENCH = "fr", "French"
    GERMAN = "de", "German"
    PORTUGUESE = "pt-br", "Portuguese (Brazil)"
    ARABIC = "ar", "Arabic"


def check_timezone(name: str) -> None:
    """ValidationError unless `name` is a time zone of the IANA database."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError("There is no time zone with this name. One looks like Europe/Vienna.")


class Community(Record):
    """A place with its own members, currency name, timezone, language, policy and safe places.

    The box is where its members live and its map is drawn; it never crosses the antimeridian.
    """

    slug = models.SlugField(max_length=60, unique=True, help_text="Its name in addresses, such as krems.")
    name = models.CharField(max_length=80, help_text="What its members call it.")
    area_name = models.CharField(max_length=80, help_text="Where it is, as shown beside members and listings.")
    country = models.CharField(
        max_length=2, help_text="Two capital letters by ISO 3166, such as AT; decides public holidays."
    )
    timezone = models.CharField(
        max_length=60, validators=[check_timezone], help_text="IANA name, such as Europe/Vienna."
    )
    language = models.CharField(max_length=5, choices=Language.choices, default=Language.ENGLISH)
    distance_unit = models.CharField(max_length=2, choices=DistanceUnit.choices, default=DistanceUnit.KM)
    currency_one = models.CharField(max_length=30, default="credit", help_text="One of its credits in words.")
    currency_many = models.CharField(max_length=30, default="credits", help_text="Several of its credits in words.")
    centre_lat = models.FloatField(help_text="Degrees, WGS 84.")
    centre_lon = models.FloatField(help_text="Degrees, WGS 84.")
    south = models.FloatField()
    west = models.FloatField()
    north = models.FloatField()
    east = models.FloatField()
    starter_grant = models.BigIntegerField(
        default=DEFAULT_STARTER_GRANT, help_text="Hundredths of a credit, given once on confirmation."
    )
    # The database knows the defaults too: the previous release's INSERTs do not name these columns.
    fee_fixed_buyer = models.BigIntegerField(
        default=0, db_default=0, help_text="Hundredths that the buyer pays on top of the price of each trade."
    )
    fee_percent_buyer = models.DecimalField(
        default=Decimal(0),
        db_default=Decimal(0),
        max_digits=5,
        decimal_places=2,
        help_text="Percent of the price that the buyer pays on top, rounded half-even to a hundredth.",
    )
    fee_fixed_seller = models.BigIntegerField(
        default=0, db_default=0, help_text="Hundredths that are kept back from what the seller of each trade gets."
    )
    credit_line_per_trade = models.BigIntegerField(
        default=0, db_default=0, help_text="Hundredths by which each completed trade lets a member go further below 0."
    )
    credit_line_cap = models.BigIntegerField(
        default=0,
        db_default=0,
        help_text="Hundredths that an earned credit line never exceeds; 0 means none is earned.",
    )
    is_open = models.BooleanField(default=True, help_text="Whether newcomers may join.")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "communities"
        constraints = [
            models.CheckConstraint(condition=Q(country__regex=r"^[A-Z]{2}$"), name="communities_country_is_iso"),
            models.CheckConstraint(
                condition=Q(distance_unit__in=DistanceUnit.values), name="communities_distance_unit_known"
            ),
            models.CheckConstraint(condition=Q(language__in=Language.values), name="communities_language_known"),
            models.CheckConstraint(
                condition=Q(south__gte=-90, north__lte=90, west__gte=-180, east__lte=180, south__lt=F("north"))
                & Q(west__lt=F("east")),
                name="communities_box_is_real",
            ),
            models.CheckConstraint(
                condition=Q(centre_lat__gte=F("south"), centre_lat__lte=F("north"))
                & Q(centre_lon__gte=F("west"), centre_lon__lte=F("east")),
                name="communities_centre_in_box",
            ),
            models.CheckConstraint(
                condition=Q(starter_grant__gte=0, starter_grant__lte=MAX_STARTER_GRANT),
                name="communities_starter_grant_in_bounds",
            ),
            models.CheckConstraint(
                condition=Q(fee_fixed_buyer__gte=0, fee_fixed_buyer__lte=MAX_FIXED_FEE)
                & Q(fee_fixed_seller__gte=0, fee_fixed_seller__lte=MAX_FIXED_FEE)
                & Q(fee_percent_buyer__gte=0, fee_percent_buyer__lte=MAX_PERCENT_FEE),
                name="communities_fees_in_bounds",
                violation_error_message="Fixed fees are 0 to 1,000 credits, the percentage is 0 to 50.",
            ),
            models.CheckConstraint(
                condition=Q(credit_line_per_trade__gte=0, credit_line_cap__lte=MAX_CREDIT_LINE)
                & Q(credit_line_per_trade__lte=F("credit_line_cap")),
                name="communities_credit_line_in_bounds",
                violation_error_message=(
                    "What one trade adds to a credit line is at most the cap, and the cap at most 100,000 credits."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def centre(self) -> Point:
        """Where its map is centred."""
        return Point(self.centre_lat, self.centre_lon)

    @property
    def box(self) -> Box:
        """The rectangle that holds it."""
        return Box(self.south, self.west, self.north, self.east)

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """Its time zone."""
        return zoneinfo.ZoneInfo(self.timezone)
