"""Tables of trading. Prices are hundredths of a credit; every open row has a deadline, and the database insists."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from localex.lib import clock
from localex.lib.records import Record
from localex.trading.fees import Quote
from localex.trading.states import Event, OfferState, Subject, TradeState

OPEN_TRADE = ~Q(state__in=["cancelled", "refunded"]) & ~Q(state="completed", closed_at__isnull=False)


class Offer(Record):
    """A proposed price on a listing. On an Offer the maker pays; on a Wanted the listing's owner does."""

    community = models.ForeignKey("communities.Community", models.PROTECT, related_name="+")
    listing = models.ForeignKey("listings.Listing", models.PROTECT, related_name="offers")
    maker = models.ForeignKey("members.Member", models.PROTECT, related_name="offers")
    price = models.BigIntegerField(help_text="Hundredths of a credit; 0 for gifts.")
    # As they were when the offer was made: both sides agree to the sums that they read, whatever the policy becomes.
    buyer_fee = models.BigIntegerField(default=0, db_default=0, help_text="Hundredths, held together with the price.")
    seller_fee = models.BigIntegerField(default=0, db_default=0, help_text="Hundredths, kept back from the price.")
    state = models.CharField(max_length=12, choices=OfferState, default=OfferState.OFFERED)
    created_at = models.DateTimeField(default=clock.now)
    deadline_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "listing", "maker"], condition=Q(state="offered"), name="offer_one_open"
            ),
            models.CheckConstraint(condition=Q(state__in=OfferState.values), name="offer_state_known"),
            models.CheckConstraint(condition=Q(price__gte=0), name="offer_price_not_negative"),
            models.CheckConstraint(
                condition=Q(buyer_fee__gte=0, seller_fee__gte=0, seller_fee__lte=models.F("price")),
                name="offer_fees_possible",
            ),
            models.CheckConstraint(
                condition=Q(state="offered", deadline_at__isnull=False)
                | (~Q(state="offered") & Q(deadline_at__isnull=True)),
                name="offer_open_has_deadline",
            ),
        ]
        indexes = [
            models.Index("deadline_at", "id", name="offer_deadline", condition=Q(state="offered")),
            models.Index(fields=["listing", "-created_at"], name="offer_listing"),
            models.Index(fields=["maker", "-created_at"], name="offer_maker"),
        ]

    def __str__(self) -> str:
        return f"Offer {self.id} ({self.state})"

    @property
    def quote(self) -> Quote:
        """Where its credits would go."""
        return Quote(self.price, self.buyer_fee, self.seller_fee)


class Trade(Record):
    """An accepted offer on its way to completion."""

    community = models.ForeignKey("communities.Community", models.PROTECT, related_name="+")
    listing = models.ForeignKey("listings.Listing", models.PROTECT, related_name="trades")
    offer = models.OneToOneField(Offer, models.PROTECT, related_name="trade")
    seller = models.ForeignKey("members.Member", models.PROTECT, related_name="trades_as_seller")
    buyer = models.ForeignKey("members.Member", models.PROTECT, related_name="trades_as_buyer")
    price = models.BigIntegerField(help_text="Hundredths of a credit; 0 for gifts.")
    # Those of the offer. The hold in the ledger has the same.
    buyer_fee = models.BigIntegerField(default=0, db_default=0, help_text="Hundredths, held together with the price.")
    seller_fee = models.BigIntegerField(default=0, db_default=0, help_text="Hundredths, kept back from the price.")
    state = models.CharField(max_length=12, choices=TradeState, default=TradeState.ACCEPTED)
    created_at = models.DateTimeField(default=clock.now)
    deadline_at = models.DateTimeField(null=True)

    place = models.ForeignKey("places.SafePlace", models.PROTECT, null=True, related_name="+")
    buyer_pick = models.ForeignKey("places.SafePlace", models.PROTECT, null=True, related_name="+")
    seller_pick = models.ForeignKey("places.SafePlace", models.PROTECT, null=True, related_name="+")
    meet_starts_at = models.DateTimeField(null=True)
    meet_ends_at = models.DateTimeField(null=True)
    buyer_arrived_at = models.DateTimeField(null=True)
    seller_arrived_at = models.DateTimeField(null=True)

    handoff_secret = models.BinaryField(max_length=20, help_text="Makes the handoff code; never leaves the server.")
    handoff_wrong_tries = models.PositiveSmallIntegerField(default=0)
    handoff_locked_until = models.DateTimeField(null=True)

    cancelled_by = models.ForeignKey("members.Member", models.PROTECT, null=True, related_name="+")
    is_late_cancel = models.BooleanField(default=False, help_text="Cancelled less than 2 hours before the meetup.")
    completed_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True, help_text="When nothing is left to happen.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=TradeState.values), name="trade_state_known"),
            models.CheckConstraint(condition=~Q(seller=models.F("buyer")), name="trade_two_members"),
            models.CheckConstraint(condition=Q(price__gte=0), name="trade_price_not_negative"),
            models.CheckConstraint(
                condition=Q(buyer_fee__gte=0, seller_fee__gte=0, seller_fee__lte=models.F("price")),
                name="trade_fees_possible",
            ),
            models.CheckConstraint(
                condition=(OPEN_TRADE & Q(deadline_at__isnull=False)) | (~OPEN_TRADE & Q(deadline_at__isnull=True)),
                name="trade_open_has_deadline",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["scheduled", "arrived", "meeting"])
                | Q(place__isnull=False, meet_starts_at__isnull=False, meet_ends_at__isnull=False),
                name="trade_scheduled_is_whole",
            ),
            # The state `handed_off` is passed through within one transaction and never stays.
            models.CheckConstraint(condition=~Q(state="handed_off"), name="trade_handed_off_passes"),
            models.UniqueConstraint(
                fields=["community", "listing"],
                condition=Q(state__in=["accepted", "scheduled", "arrived", "meeting"]),
                name="trade_one_open_a_listing",
            ),
        ]
        indexes = [
            models.Index("deadline_at", "id", name="trade_deadline", condition=Q(deadline_at__isnull=False)),
            models.Index(fields=["buyer", "-created_at"], name="trade_buyer"),
            models.Index(fields=["seller", "-created_at"], name="trade_seller"),
        ]

    def __str__(self) -> str:
        return f"Trade {self.id} ({self.state})"

    @property
    def quote(self) -> Quote:
        """Where its credits go."""
        return Quote(self.price, self.buyer_fee, self.seller_fee)


class StaffPayment(Record):
    """Credits that staff gave or moved, with their reason; append-only. Its id is the key of the posting."""

    class Kind(models.TextChoices):
        COMPENSATION = "compensation", "Compensation for a trade"
        GRANT = "grant", "Credits for a member"
        FUNDING = "funding", "Credits for the protection account"

    class Source(models.TextChoices):
        FEES = "fees", "The fees that were collected"
        ISSUER = "issuer", "New credits from the issuer"

    community = models.ForeignKey("communities.Community", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind)
    staff = models.ForeignKey("members.User", models.PROTECT, related_name="+")
    member = models.ForeignKey("members.Member", models.PROTECT, null=True, related_name="+")
    trade = models.ForeignKey(Trade, models.PROTECT, null=True, related_name="+")
    source = models.CharField(max_length=6, choices=Source, blank=True)
    amount = models.BigIntegerField(help_text="Hundredths of a credit.")
    reason = models.CharField(max_length=500)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="staff_payment_gives_something"),
            models.CheckConstraint(
                condition=Q(kind="compensation", member__isnull=False, trade__isnull=False, source="")
                | Q(kind="grant", member__isnull=False, trade__isnull=True, source="")
                | Q(kind="funding", member__isnull=True, trade__isnull=True, source__in=["fees", "issuer"]),
                name="staff_payment_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.created_at:%Y-%m-%d}"


class TradeEvent(Record):
    """What happened, append-only: the timeline and the audit of an offer and its trade."""

    community = models.ForeignKey("communities.Community", models.PROTECT, related_name="+")
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="events")
    trade = models.ForeignKey(Trade, models.PROTECT, null=True, related_name="events")
    subject = models.CharField(max_length=5, choices=Subject)
    event = models.CharField(max_length=16, choices=Event)
    actor = models.ForeignKey("members.Member", models.PROTECT, null=True, related_name="+")
    state_before = models.CharField(max_length=12, blank=True)
    state_after = models.CharField(max_length=12)
    happened_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [
            models.Index("trade", "id", name="trade_event_trade"),
            models.Index("offer", "id", name="trade_event_offer"),
        ]

    def __str__(self) -> str:
        return f"{self.event} at {self.happened_at}"


class PlaceOption(Record):
    """A safe place proposed for one trade. Distances are rounded so that neither side can place the other."""

    community = models.ForeignKey("communities.Community", models.PROTECT, related_name="+")
    trade = models.ForeignKey(Trade, models.CASCADE, related_name="place_options")
    place = models.ForeignKey("places.SafePlace", models.PROTECT, related_name="+")
    rank = models.PositiveSmallIntegerField()
    score = models.FloatField()
    buyer_leg_km = models.FloatField()
    seller_leg_km = models.FloatField()
    reason = models.CharField(max_length=200)
    buyer_must_consent = models.BooleanField(default=False, help_text="Over 5 miles from the buyer.")
    seller_must_consent = models.BooleanField(default=False, help_text="Over 5 miles from the seller.")

    class Meta:
        ordering = ["rank"]
        constraints = [
            models.UniqueConstraint(fields=["community", "trade", "place"], name="place_option_once"),
            models.UniqueConstraint(fields=["community", "trade", "rank"], name="place_option_rank"),
        ]

    def __str__(self) -> str:
        return f"Proposal {self.rank}"


class TimeProposal(Record):
    """A half hour that one side proposes to meet in."""

    community = models.ForeignKey("communities.Community", models.PROTECT, related_name="+")
    trade = models.ForeignKey(Trade, models.CASCADE, related_name="time_proposals")
    proposer = models.ForeignKey("members.Member", models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["community", "trade", "proposer", "starts_at"], name="time_proposal_once"),
            models.CheckConstraint(condition=Q(ends_at__gt=models.F("starts_at")), name="time_proposal_has_length"),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%d %b %H:%M}"


class Review(Record):
    """What one side says of the other; nobody sees it before `published_at`."""

    community = models.ForeignKey("communities.Community", models.PROTECT, related_name="+")
    trade = models.ForeignKey(Trade, models.PROTECT, related_name="reviews")
    writer = models.ForeignKey("members.Member", models.PROTECT, related_name="reviews_written")
    about = models.ForeignKey("members.Member", models.PROTECT, related_name="reviews")
    stars = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=500, blank=True)
    tags = ArrayField(models.CharField(max_length=30), default=list, blank=True, size=6)
    created_at = models.DateTimeField(default=clock.now)
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["community", "trade", "writer"], name="review_once"),
            models.CheckConstraint(condition=Q(stars__range=(1, 5)), name="review_stars_range"),
        ]
        indexes = [
            models.Index(
                fields=["about", "-published_at"], name="review_about", condition=Q(published_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stars} stars"
