"""Staff pages that move credits: a form, a page that asks once more, and the row that stays.

Each form carries its own key, so that sending it twice pays once. Nobody is asked to confirm what would be refused:
before the question the payment is tried and taken back.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from localex.communities.forms import CreditsField
from localex.communities.models import Community
from localex.credits.queries import Totals, find_totals
from localex.lib import money
from localex.lib.errors import LocalExError
from localex.lib.ids import new_id
from localex.lib.staff import ReadOnly
from localex.members.models import Member
from localex.trading import services
from localex.trading.models import StaffPayment, Trade
from localex.trading.services.staff_payments import MAX_REASON, MIN_REASON, TO_ONESELF

RIGHT = "trading.add_staffpayment"
LENGTH = f"{MIN_REASON} to {MAX_REASON} characters."
Pay = Callable[..., StaffPayment]


class PaymentForm(forms.Form):
    """How much and why."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    amount = CreditsField(
        label="How many credits", min_value=Decimal("0.01"), error_messages={"required": "Say how many credits."}
    )
    reason = forms.CharField(
        min_length=MIN_REASON,
        max_length=MAX_REASON,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text=f"{LENGTH} The member reads it.",
        error_messages={"required": "Say why."},
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, initial={"key": new_id()})

    def list_said(self) -> list[tuple[str, str]]:
        """What was typed, in words, for the page that asks once more."""
        said = [("Credits", money.display(self.cleaned_data["amount"])), ("Reason", self.cleaned_data["reason"])]
        for name in ("member", "source"):
            if name in self.fields:
                field = self.fields[name]
                said.insert(0, (str(field.label), str(dict(field.choices)[self.cleaned_data[name]])))  # type: ignore[attr-defined]
        return said


class CompensationForm(PaymentForm):
    """Which side of a trade, too."""

    member = forms.ChoiceField(label="To whom", widget=UnfoldAdminSelectWidget)
    field_order = ("key", "member", "amount", "reason")

    def __init__(self, data: Any = None, *, trade: Trade, staff: Any) -> None:
        super().__init__(data)
        sides = (("buyer", trade.buyer), ("seller", trade.seller))
        self.fields["member"].choices = [  # type: ignore[attr-defined]
            (side, f"{member.display_name}, the {side}") for side, member in sides if member.user_id != staff.pk
        ]


class FundingForm(PaymentForm):
    """Where from, too."""

    source = forms.ChoiceField(label="Where from", choices=StaffPayment.Source, widget=UnfoldAdminSelectWidget)
    field_order = ("key", "source", "amount", "reason")

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.fields["reason"].help_text = f"{LENGTH} For the other coordinators."


@admin.register(StaffPayment)
class StaffPaymentAdmin(ReadOnly, ModelAdmin):
    """What staff gave and why, the newest first. Paying begins on the page of a trade, a member or a community."""

    list_display = ("created_at", "kind", "credits", "member", "community", "staff", "reason")
    list_filter = ("kind", "community")
    list_select_related = ("member", "community", "staff")
    search_fields = ("=id", "member__display_name", "reason")
    list_before_template = "trading/staff_payments_before.html"
    ordering = ("-id",)
    fields = ("kind", "credits", "member", "trade", "source", "community", "staff", "reason", "created_at", "id")
    readonly_fields = fields

    @admin.display(description="credits", ordering="amount")
    def credits(self, payment: StaffPayment) -> str:
        """Whole credits instead of hundredths."""
        return money.display(payment.amount)

    def get_urls(self) -> list[Any]:
        """The three ways to pay, before Django's own addresses."""
        ways = {"compensate": self.compensate, "grant": self.grant, "fund": self.fund}
        own = [
            path(f"{way}/<uuid:subject_id>/", self.admin_site.admin_view(view), name=f"trading_staffpayment_{way}")
            for way, view in ways.items()
        ]
        return [*own, *super().get_urls()]

    def compensate(self, request: HttpRequest, subject_id: UUID) -> HttpResponse:
        """Pay one side of a trade from the protection account."""
        rows = Trade.objects.select_related("listing", "buyer", "seller", "community")
        trade = get_object_or_404(rows, pk=subject_id)
        totals = find_totals(community_id=trade.community_id)
        return self._flow(
            request,
            title=f"Compensate for “{trade.listing.title}”",
            facts=_describe_accounts(trade.community, totals),
            fund_first="" if totals and totals.protection > 0 else _address("fund", trade.community_id),
            form=CompensationForm(request.POST or None, trade=trade, staff=request.user),
            act=lambda *, member, **rest: services.pay_compensation(
                trade=trade, member=trade.buyer if member == "buyer" else trade.seller, **rest
            ),
            back=reverse("admin:trading_trade_change", args=[trade.pk]),
        )

    def grant(self, request: HttpRequest, subject_id: UUID) -> HttpResponse:
        """Give a member new credits."""
        member = get_object_or_404(Member.objects.select_related("community"), pk=subject_id)
        return self._flow(
            request,
            title=f"Give credits to {member.display_name}",
            facts=[("Member of", member.community.name), ("Where from", "The issuer: these credits are new")],
            form=PaymentForm(request.POST or None),
            refusal=TO_ONESELF if member.user_id == request.user.pk else "",
            act=partial(services.grant_credits, member=member),
            back=reverse("admin:members_member_change", args=[member.pk]),
        )

    def fund(self, request: HttpRequest, subject_id: UUID) -> HttpResponse:
        """Fill the account that compensates."""
        community = get_object_or_404(Community, pk=subject_id)
        return self._flow(
            request,
            title=f"Fund the protection account of {community.name}",
            facts=_describe_accounts(community, find_totals(community_id=community.id)),
            form=FundingForm(request.POST or None),
            act=partial(services.fund_protection, community=community),
            back=reverse("admin:communities_community_change", args=[community.pk]),
        )

    def _flow(
        self,
        request: HttpRequest,
        *,
        title: str,
        facts: list[tuple[str, str]],
        form: PaymentForm,
        act: Pay,
        back: str,
        fund_first: str = "",
        refusal: str = "",
    ) -> HttpResponse:
        """Form, then the question, then the payment; what the service refuses is said at the form."""
        if not request.user.has_perm(RIGHT):
            raise PermissionDenied
        step = request.POST.get("step", "")
        if step == "pay" and form.is_valid() and (payment := _try(form, act, request)):
            messages.success(request, _say_paid(payment))
            return HttpResponseRedirect(reverse("admin:trading_staffpayment_change", args=[payment.pk]))
        is_asking = step == "check" and form.is_valid() and bool(_try(form, act, request, is_kept=False))
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "facts": facts,
            "form": form,
            "said": form.list_said() if is_asking else [],
            "is_asking": is_asking,
            "back": back,
            "fund_first": fund_first,
            "refusal": refusal,
            # What was typed is never taken away.
            "has_form": form.is_bound or not (fund_first or refusal),
            "opts": self.opts,
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "trading/staff_payment.html", context, status=status)


def _address(way: str, subject_id: UUID) -> str:
    return reverse(f"admin:trading_staffpayment_{way}", args=[subject_id])


def _describe_accounts(community: Community, totals: Totals | None) -> list[tuple[str, str]]:
    facts = [("Community", community.name)]
    if totals is not None:
        facts.append(("In the protection account", _say(totals.protection, community)))
        facts.append(("Fees collected", _say(totals.fees, community)))
    return facts


def _say(amount: int, community: Community) -> str:
    return money.in_words(amount, community.currency_one, community.currency_many)


def _say_paid(payment: StaffPayment) -> str:
    amount = _say(payment.amount, payment.community)
    return f"Done: {amount} for {payment.member or 'the protection account'}."


def _try(form: PaymentForm, act: Pay, request: HttpRequest, *, is_kept: bool = True) -> StaffPayment | None:
    """The payment, or None when the service refuses and the form says why; taken back again unless `is_kept`."""
    said = dict(form.cleaned_data)
    try:
        with transaction.atomic():
            payment = act(actor=request.user, payment_id=said.pop("key"), **said)
            transaction.set_rollback(not is_kept)
            return payment
    except LocalExError as error:
        form.add_error(None, error.message)
        return None
