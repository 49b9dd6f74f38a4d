"""Safe places, postcodes, and the sheet of the map that is drawn for a community."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.urls import reverse

from localex.lib import clock
from localex.lib.geo import Box, Point
from localex.lib.records import Record
from localex.places.kinds import TIER_WORDS

if TYPE_CHECKING:
    from uuid import UUID

ON_EARTH = Q(latitude__gte=-90, latitude__lte=90, longitude__gte=-180, longitude__lte=180)


class State(models.TextChoices):
    """Only active places are proposed; a retired one stays for the trades that met there."""

    ACTIVE = "active", "Active"
    RETIRED = "retired", "Retired"


class RetiredReason(models.TextChoices):
    """Why a place is retired. An import brings back what had vanished, never what a coordinator took out."""

    NONE = "", "Not retired"
    VANISHED = "vanished", "No longer on the map"
    UNSUITABLE = "unsuitable", "Taken out by a coordinator"


class SafePlace(Record):
    """A public place suited to meeting. A fact that is not known is null, never a guess."""

    if TYPE_CHECKING:
        community_id: UUID

    # No index of its own: the composite ones below begin with it.
    community = models.ForeignKey("communities.Community", models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=120)
    what = models.CharField(max_length=60, help_text="What it is in plain words, such as Police station.")
    osm_kind = models.CharField(
        max_length=60, blank=True, default="", help_text="Its OpenStreetMap tag: amenity=police."
    )
    osm_ref = models.CharField(max_length=40, blank=True, default="", help_text="Such as way/42; empty: not imported.")
    tier = models.PositiveSmallIntegerField(help_text="1 the safest to 4 only by day.")
    latitude = models.FloatField()
    longitude = models.FloatField()
    opening_hours = models.CharField(max_length=255, blank=True, default="", help_text="As OpenStreetMap writes them.")
    lit = models.BooleanField(null=True, blank=True, help_text="Lit at night.")
    step_free = models.BooleanField(null=True, blank=True)
    parking = models.BooleanField(null=True, blank=True, help_text="A car park within 100 m.")
    covered = models.BooleanField(null=True, blank=True, help_text="A roof over the head.")
    daylight_only = models.BooleanField(default=False)
    state = models.CharField(max_length=7, choices=State.choices, default=State.ACTIVE)
    retired_reason = models.CharField(max_length=10, choices=RetiredReason.choices, blank=True, default="")
    checked_at = models.DateTimeField(null=True, blank=True, help_text="When somebody last looked at it.")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["tier", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["community", "osm_ref"], condition=~Q(osm_ref=""), name="places_one_row_per_osm_object"
            ),
            models.CheckConstraint(condition=Q(tier__gte=1, tier__lte=4), name="places_tier_known"),
            models.CheckConstraint(condition=ON_EARTH, name="places_on_earth"),
            models.CheckConstraint(
                condition=Q(state="active", retired_reason="") | (Q(state="retired") & ~Q(retired_reason="")),
                name="places_retired_for_a_reason",
            ),
        ]
        indexes = [
            # Answers "within this box": the range of latitudes is walked, longitudes are compared inside the index.
            # A GiST index on points was three times slower here: its size cannot be estimated, so plans were poor.
            models.Index(
                fields=["community", "latitude", "longitude"], name="places_active_box", condition=Q(state="active")
            ),
            models.Index(fields=["community", "state", "tier", "name"], name="places_by_community"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def point(self) -> Point:
        """Where it is."""
        return Point(self.latitude, self.longitude)

    @property
    def tier_words(self) -> str:
        """What its tier means to people, such as "Staffed public building"."""
        return TIER_WORDS[self.tier]


class Postcode(Record):
    """Where a postcode is, roughly: the middle of the addresses that carry it."""

    # No index of its own: the composite ones below begin with it.
    community = models.ForeignKey("communities.Community", models.PROTECT, related_name="+", db_index=False)
    code = models.CharField(max_length=12)
    latitude = models.FloatField()
    longitude = models.FloatField()

    class Meta:
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["community", "code"], name="places_one_row_per_postcode"),
            models.CheckConstraint(condition=ON_EARTH, name="places_postcode_on_earth"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def point(self) -> Point:
        """The middle of its addresses."""
        return Point(self.latitude, self.longitude)


class MapSheet(Record):
    """The drawn map of a community: one SVG in Web Mercator, kept in the object store under the hash of its content.

    `width` and `height` are its size in units, one unit being about a metre; the degrees are those of its edges.
    """

    community = models.OneToOneField("communities.Community", models.PROTECT, related_name="+")
    key = models.CharField(max_length=64, help_text="SHA-256 of the SVG.")
    style_digest = models.CharField(max_length=64, help_text="SHA-256 of its style sheet in base64, for the CSP.")
    south = models.FloatField()
    west = models.FloatField()
    north = models.FloatField()
    east = models.FloatField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    byte_count = models.PositiveIntegerField()
    drawn_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = "map"

    def __str__(self) -> str:
        return f"Map of {self.community}"

    @property
    def box(self) -> Box:
        """Its edges in degrees."""
        return Box(self.south, self.west, self.north, self.east)

    @property
    def url(self) -> str:
        """Its address; it changes with the content, so that it may be cached for ever."""
        return f"{reverse('places:map', args=[self.community.slug])}?v={self.version}"

    @property
    def version(self) -> str:
        """The part of its hash that stands in its address."""
        return self.key[:16]

    @property
    def storage_name(self) -> str:
        """Its name in the object store."""
        return storage_name(self.key)


def storage_name(key: str) -> str:
    """The name in the object store of the compressed map with this hash."""
    return f"maps/{key}.svg.gz"
