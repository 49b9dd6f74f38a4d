"""Categories, listings and the pictures of a listing. Prices are hundredths of a credit."""

from django.contrib.postgres.indexes import GinIndex, GistIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Deferrable, F, Func, GeneratedField, Q

from localex.lib import clock
from localex.lib.money import HUNDREDTHS
from localex.lib.records import Record
from localex.listings.states import EDITABLE, State
from localex.listings.vectors import listing_vector

MIN_PRICE = 1 * HUNDREDTHS
MAX_PRICE = 100_000 * HUNDREDTHS


class Direction(models.TextChoices):
    """An offer (I have) or a wanted (I need)."""

    OFFER = "offer", "Offer"
    WANTED = "wanted", "Wanted"


class Kind(models.TextChoices):
    """For credits, or for nothing."""

    SALE = "sale", "For credits"
    GIFT = "gift", "Gift"


class Condition(models.TextChoices):
    """How worn a thing is, best first."""

    NEW = "new", "New"
    LIKE_NEW = "like_new", "Like new"
    GOOD = "good", "Good"
    FAIR = "fair", "Fair"
    POOR = "poor", "Poor"


class Category(Record):
    """One of two levels; every listing hangs on a leaf. The same tree for all communities."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=60)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    icon = models.CharField(max_length=40, blank=True, default="")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "name"]
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name


class Listing(Record):
    """What a member has or needs. A draft may lack anything; from `publish` on the database insists on all of it.

    `latitude` and `longitude` are exact and private to the owner; everybody else, distances included, only ever gets
    the `cell_` pair: the centre of the fixed grid cell.
    """

    community = models.ForeignKey("communities.Community", models.PROTECT, related_name="+")
    owner = models.ForeignKey("members.Member", models.PROTECT, related_name="+")
    direction = models.CharField(max_length=6, choices=Direction.choices, default=Direction.OFFER)
    kind = models.CharField(max_length=4, choices=Kind.choices, default=Kind.SALE)
    category = models.ForeignKey(Category, models.PROTECT, null=True, blank=True, related_name="+")
    title = models.CharField(max_length=100, blank=True, default="")
    description = models.CharField(max_length=2000, blank=True, default="")
    condition = models.CharField(max_length=8, choices=Condition.choices, blank=True, default="")
    price = models.BigIntegerField(default=0, help_text="Hundredths of a credit; 0 for gifts.")
    known_issues = models.CharField(max_length=500, blank=True, default="")
    brand = models.CharField(max_length=60, blank=True, default="")
    size = models.CharField(max_length=40, blank=True, default="")
    state = models.CharField(max_length=14, choices=State.choices, default=State.DRAFT)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    cell_latitude = models.FloatField(null=True, blank=True)
    cell_longitude = models.FloatField(null=True, blank=True)
    language = models.CharField(max_length=10, default="en")
    published_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)
    search_vector = GeneratedField(expression=listing_vector(), output_field=SearchVectorField(), db_persist=True)

    class Meta:
        indexes = [
            models.Index(
                "community",
                F("published_at").desc(),
                F("id").desc(),
                name="listing_newest",
                condition=Q(state="active"),
            ),
            models.Index("community", "price", "id", name="listing_price", condition=Q(state="active")),
            models.Index(
                "community",
                "category",
                F("published_at").desc(),
                F("id").desc(),
                name="listing_category",
                condition=Q(state="active"),
            ),
            models.Index("owner", F("updated_at").desc(), F("id").desc(), name="listing_owner"),
            models.Index("expires_at", "id", name="listing_expiry", condition=Q(state__in=["active", "paused"])),
            GinIndex(F("search_vector"), name="listing_words", condition=Q(state="active")),
            GistIndex(
                Func(F("cell_longitude"), F("cell_latitude"), function="point"),
                name="listing_cell",
                condition=Q(state="active"),
            ),
        ]
        constraints = [
            models.CheckConstraint(name="listing_state_known", condition=Q(state__in=State.values)),
            models.CheckConstraint(name="listing_direction_known", condition=Q(direction__in=Direction.values)),
            models.CheckConstraint(name="listing_kind_known", condition=Q(kind__in=Kind.values)),
            models.CheckConstraint(name="listing_condition_known", condition=Q(condition__in=["", *Condition.values])),
            models.CheckConstraint(
                name="listing_price_in_range",
                condition=Q(price=0) | Q(kind="sale", price__gte=MIN_PRICE, price__lte=MAX_PRICE),
            ),
            models.CheckConstraint(
                name="listing_shown_is_whole",
                condition=Q(state__in=["draft", "removed"])
                | Q(
                    Q(kind="gift") | Q(price__gt=0),
                    Q(direction="wanted") | ~Q(condition=""),
                    category__isnull=False,
                    cell_latitude__isnull=False,
                    cell_longitude__isnull=False,
                    published_at__isnull=False,
                )
                & ~Q(title="")
                & ~Q(description=""),
            ),
        ]

    def __str__(self) -> str:
        return self.title or "Untitled draft"

    @property
    def is_gift(self) -> bool:
        """Whether it costs nothing."""
        return self.kind == Kind.GIFT

    @property
    def is_wanted(self) -> bool:
        """Whether the owner needs it instead of having it."""
        return self.direction == Direction.WANTED

    @property
    def is_editable(self) -> bool:
        """Whether the owner may change words, price and pictures now."""
        return self.state in EDITABLE


class ListingPhoto(Record):
    """A picture of a listing; position 0 is the cover. Positions are checked at commit, so that they can be swapped."""

    community = models.ForeignKey("communities.Community", models.PROTECT, related_name="+")
    listing = models.ForeignKey(Listing, models.CASCADE, related_name="listing_photos")
    photo = models.ForeignKey("media.Photo", models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    alt_text = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["community", "listing", "position"],
                name="listing_photo_position",
                deferrable=Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(fields=["community", "listing", "photo"], name="listing_photo_once"),
            models.CheckConstraint(name="listing_photo_at_most_12", condition=Q(position__lt=12)),
        ]

    def __str__(self) -> str:
        return f"Picture {self.position + 1}"
