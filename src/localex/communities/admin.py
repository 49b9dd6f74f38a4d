"""Staff pages of communities. Founding one goes through the service, which opens its accounts too."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.admin import ModelAdmin
from unfold.decorators import action

from localex.communities.forms import PolicyForm
from localex.communities.models import Community
from localex.communities.services import CHANGEABLE, create_community, update_community


@admin.register(Community)
class CommunityAdmin(ModelAdmin):
    """Few rows, all of them policy."""

    form = PolicyForm
    actions_detail = ("fund_protection",)
    list_display = ["name", "slug", "area_name", "country", "timezone", "language", "distance_unit", "is_open"]
    list_filter = ["is_open", "country"]
    search_fields = ["name", "slug", "area_name"]
    fieldsets = [
        (None, {"fields": ["name", "slug", "area_name", "is_open"]}),
        ("Words and units", {"fields": ["language", "country", "timezone", "distance_unit"]}),
        ("Credits", {"fields": ["currency_one", "currency_many", "starter_grant"]}),
        (
            "Fees",
            {
                "fields": ["fee_fixed_buyer", "fee_percent_buyer", "fee_fixed_seller"],
                "description": (
                    "Shown to both sides before an offer is accepted, and taken when the code is given. What a trade "
                    "costs is settled when the offer is made: a change here counts for later offers only. "
                    "Gifts cost nothing. All 0: nobody sees a word about fees."
                ),
            },
        ),
        (
            "Credit lines",
            {
                "fields": ["credit_line_per_trade", "credit_line_cap"],
                "description": (
                    "Whoever trades reliably may go below 0. With 5 for each trade and at most 20, a member with two "
                    "completed trades may go down to −10, and with four or more to −20. Both 0: nobody goes below 0."
                ),
            },
        ),
        ("Where it is", {"fields": [("centre_lat", "centre_lon"), ("south", "north"), ("west", "east")]}),
    ]

    @action(description="Fund the protection account", permissions=["pay"], url_path="fund-protection")
    def fund_protection(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the form, which a layer above has."""
        return redirect("admin:trading_staffpayment_fund", object_id)

    def has_pay_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        """Whether this coordinator may move credits."""
        return request.user.has_perm("trading.add_staffpayment")

    def get_readonly_fields(self, request: HttpRequest, obj: Community | None = None) -> list[str]:
        """The slug is in addresses that people kept."""
        return ["slug"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Community | None = None) -> bool:
        """A community with a ledger is closed, never deleted."""
        return False

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """The history says what it was and what it is, not only which field."""
        return super().construct_change_message(request, form, formsets, add) if add else form.describe_changes()

    def save_model(self, request: HttpRequest, obj: Community, form: Any, change: bool) -> None:
        """Through the services, so that nothing can be founded without accounts."""
        if change:
            changed = {name: getattr(obj, name) for name in form.changed_data if name in CHANGEABLE}
            update_community(community_id=obj.pk, **changed)
            return
        fields = ("slug", "name", "area_name", "country", "timezone", "language", "distance_unit")
        more = ("currency_one", "currency_many", "starter_grant", "is_open")
        founded = create_community(
            centre=obj.centre, box=obj.box, **{name: getattr(obj, name) for name in (*fields, *more)}
        )
        policy = (
            "fee_fixed_buyer",
            "fee_percent_buyer",
            "fee_fixed_seller",
            "credit_line_per_trade",
            "credit_line_cap",
        )
        update_community(community_id=founded.pk, **{name: getattr(obj, name) for name in policy})
        obj.pk = founded.pk
        obj._state.adding = False
