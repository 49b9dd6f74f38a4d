"""Offers and trades for staff: everything to read, nothing to change by hand, because each change is an event."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action

from localex.lib import money
from localex.lib.staff import ReadOnly
from localex.trading import payments
from localex.trading.models import Offer, Review, TimeProposal, Trade, TradeEvent


class EventInline(ReadOnly, TabularInline):
    """What happened, in order."""

    model = TradeEvent
    extra = 0
    fields = ("happened_at", "event", "actor", "state_before", "state_after")
    ordering = ("id",)
    can_delete = False
    # The row says when and what itself, in the zone of the page.
    hide_title = True


class TimeInline(ReadOnly, TabularInline):
    """The proposed times."""

    model = TimeProposal
    extra = 0
    fields = ("starts_at", "proposer", "accepted_at")
    can_delete = False
    hide_title = True


class Costs:
    """Put before a ModelAdmin: what an offer or a trade costs, in credits as policy and payments are."""

    @admin.display(description="price (credits)", ordering="price")
    def price_in_credits(self, row: Offer | Trade) -> str:
        """Whole credits instead of hundredths."""
        return money.display(row.price)

    @admin.display(description="fee of the buyer (credits)")
    def buyer_fee_in_credits(self, row: Offer | Trade) -> str:
        """On top of the price, held with it."""
        return money.display(row.buyer_fee)

    @admin.display(description="fee of the seller (credits)")
    def seller_fee_in_credits(self, row: Offer | Trade) -> str:
        """Kept back from the price."""
        return money.display(row.seller_fee)


COSTS = ("price_in_credits", "buyer_fee_in_credits", "seller_fee_in_credits")


@admin.register(Offer)
class OfferAdmin(Costs, ReadOnly, ModelAdmin):
    """Offers, the newest first."""

    list_display = ("listing", "maker", "price_in_credits", "state", "deadline_at", "created_at")
    list_filter = ("state", "community")
    list_select_related = ("listing", "maker", "community")
    search_fields = ("=id", "listing__title", "maker__display_name")
    date_hierarchy = "created_at"
    ordering = ("-id",)
    fields = ("community", "listing", "maker", *COSTS, "state", "created_at", "deadline_at", "answered_at")
    readonly_fields = fields
    inlines = (EventInline,)


@admin.register(Trade)
class TradeAdmin(Costs, ReadOnly, ModelAdmin):
    """Trades, the newest first; the secret behind the handoff code is not shown to anybody."""

    list_display = ("listing", "seller", "buyer", "price_in_credits", "state", "deadline_at", "created_at")
    list_filter = ("state", "community", "is_late_cancel")
    list_select_related = ("listing", "seller", "buyer", "community")
    search_fields = ("=id", "listing__title", "seller__display_name", "buyer__display_name")
    date_hierarchy = "created_at"
    ordering = ("-id",)
    fields = (
        *("community", "listing", "offer", "seller", "buyer", *COSTS, "state", "created_at", "deadline_at"),
        *("place", "buyer_pick", "seller_pick", "meet_starts_at", "meet_ends_at"),
        *("buyer_arrived_at", "seller_arrived_at", "handoff_wrong_tries", "handoff_locked_until"),
        *("cancelled_by", "is_late_cancel", "completed_at", "closed_at"),
    )
    readonly_fields = fields
    inlines = (TimeInline, EventInline)
    actions_detail = ("compensate",)

    @action(description="Compensate a side", permissions=["pay"], url_path="compensate")
    def compensate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the form."""
        return redirect("admin:trading_staffpayment_compensate", object_id)

    def has_pay_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        """Whether this coordinator may move credits."""
        return request.user.has_perm(payments.RIGHT)


@admin.register(Review)
class ReviewAdmin(ReadOnly, ModelAdmin):
    """Reviews, published or not."""

    list_display = ("about", "writer", "stars", "text", "published_at")
    list_filter = ("stars", "community")
    list_select_related = ("about", "writer", "community")
    search_fields = ("=id", "text", "about__display_name", "writer__display_name")
    ordering = ("-id",)
