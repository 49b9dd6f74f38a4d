"""The pages of offers and trades: parse, call one service, render."""

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from localex.credits import queries as credit_queries
from localex.lib.errors import LocalExError
from localex.listings import queries as listing_queries
from localex.members.decorators import MemberRequest, member_required
from localex.trading import pages, queries, services, turns
from localex.trading.forms import CodeForm, OfferForm, PlaceForm, ReviewForm, TimeForm


def _try(form: forms.Form, act: Callable[[], object]) -> bool:
    """Run a service for a form: what it refuses is undone and said at the fields it concerns."""
    if not form.is_valid():
        return False
    try:
        with transaction.atomic():
            act()
    except LocalExError as error:
        known = {name: words for name, words in error.fields.items() if name in form.fields}
        for name, words in known.items():
            form.add_error(name, list(words))
        if not known:
            form.add_error(None, error.message)
        return False
    return True


def _trade_page(request: MemberRequest, trade_id: uuid.UUID, status: int = 200, **forms_: forms.Form) -> HttpResponse:
    trade = queries.access_trade(request.member, trade_id)
    context = pages.describe_trade(
        trade,
        request.member,
        base_url=request.build_absolute_uri("/"),
        is_fragment="HX-Request" in request.headers,
    )
    return render(request, "trading/trade.html", {**context, **forms_}, status=status)


@require_GET
@never_cache
@member_required
def list_trades(request: MemberRequest) -> HttpResponse:
    """What waits on me, my open trades and offers, and what is over."""
    return render(request, "trading/list.html", pages.describe_trades(request.member, request.GET.get("cursor")))


@require_http_methods(["GET", "POST"])
@never_cache
@member_required
def make_offer(request: MemberRequest, listing_id: uuid.UUID) -> HttpResponse:
    """Propose a price, or ask for a gift."""
    member = request.member
    listing = listing_queries.get_visible(viewer=member, listing_id=listing_id)
    if standing := queries.find_open_offer(member, listing_id):
        return redirect("trading:offer", offer_id=standing.id)
    balance = credit_queries.find_balance(community_id=member.community_id, owner=member.ledger_ref)
    form = OfferForm(request.POST or None, listing=listing, balance=balance, asked=request.GET.get("price"))
    made: list[Any] = []
    if request.method == "POST" and _try(
        form,
        lambda: made.append(
            services.make_offer(actor=member, listing_id=listing.id, price=form.amount, offer_id=form.offer_id)
        ),
    ):
        return redirect("trading:offer", offer_id=made[0].id)
    context = {"form": form, "listing": listing, "balance": balance}
    context |= pages.describe_making(listing, form.shown_amount, balance)
    return render(request, "trading/make_offer.html", context, status=422 if form.errors else 200)


@require_GET
@never_cache
@member_required
def show_offer(request: MemberRequest, offer_id: uuid.UUID) -> HttpResponse:
    """One offer, for who made it and who owns the listing; an accepted one leads on to its trade."""
    offer = queries.access_offer(request.member, offer_id)
    if trade_id := pages.find_trade_id(offer):
        return redirect("trading:detail", trade_id=trade_id)
    return render(request, "trading/offer.html", pages.describe_offer(offer, request.member))


@require_POST
@member_required
def accept_offer(request: MemberRequest, offer_id: uuid.UUID) -> HttpResponse:
    """Accept, and go to the trade."""
    trade = services.accept_offer(actor=request.member, offer_id=offer_id)
    return redirect("trading:detail", trade_id=trade.id)


@require_POST
@member_required
def decline_offer(request: MemberRequest, offer_id: uuid.UUID) -> HttpResponse:
    """Say no."""
    services.decline_offer(actor=request.member, offer_id=offer_id)
    return redirect("trading:offer", offer_id=offer_id)


@require_POST
@member_required
def withdraw_offer(request: MemberRequest, offer_id: uuid.UUID) -> HttpResponse:
    """Take an offer back."""
    services.withdraw_offer(actor=request.member, offer_id=offer_id)
    return redirect("trading:offer", offer_id=offer_id)


@require_GET
@never_cache
@member_required
def show_trade(request: MemberRequest, trade_id: uuid.UUID) -> HttpResponse:
    """One trade: whose turn it is, where the credits are, what happened and what comes."""
    return _trade_page(request, trade_id)


@require_POST
@member_required
def pick_place(request: MemberRequest, trade_id: uuid.UUID) -> HttpResponse:
    """Choose one of the proposed places."""
    form = PlaceForm(request.POST)
    member = request.member
    if not _try(
        form,
        lambda: services.pick_place(
            actor=member,
            trade_id=trade_id,
            place_id=form.cleaned_data["place"],
            accepts_distance=form.cleaned_data["accepts_distance"],
        ),
    ):
        return _trade_page(request, trade_id, 422, place_form=form)
    return redirect("trading:detail", trade_id=trade_id)


@require_POST
@member_required
def propose_time(request: MemberRequest, trade_id: uuid.UUID) -> HttpResponse:
    """Propose a half hour."""
    form = TimeForm(request.POST, describe=turns.say_time)
    member = request.member
    if not _try(
        form,
        lambda: services.propose_time(actor=member, trade_id=trade_id, starts_at=form.cleaned_data["starts_at"]),
    ):
        return _trade_page(request, trade_id, 422, time_form=form)
    return redirect("trading:detail", trade_id=trade_id)


@require_POST
@member_required
def accept_time(request: MemberRequest, trade_id: uuid.UUID, proposal_id: uuid.UUID) -> HttpResponse:
    """Agree to a proposed time."""
    services.accept_time(actor=request.member, trade_id=trade_id, proposal_id=proposal_id)
    return redirect("trading:detail", trade_id=trade_id)


@require_POST
@member_required
def mark_arrival(request: MemberRequest, trade_id: uuid.UUID) -> HttpResponse:
    """Say "I am here"."""
    services.mark_arrival(actor=request.member, trade_id=trade_id)
    return redirect("trading:detail", trade_id=trade_id)


@require_GET
@never_cache
@member_required
def show_code(request: MemberRequest, trade_id: uuid.UUID) -> HttpResponse:
    """The code alone, for the buyer's page to fetch anew every 30 seconds."""
    trade = queries.access_trade(request.member, trade_id)
    code = pages.describe_code(trade, request.member, request.build_absolute_uri("/"))
    return render(request, "trading/_code.html", {"trade": trade, "code": code})


@require_http_methods(["GET", "POST"])
@never_cache
@member_required
def hand_over(request: MemberRequest, trade_id: uuid.UUID) -> HttpResponse:
    """The seller types the code; a scanned QR opens this with the code filled in."""
    if request.method == "GET":
        return _trade_page(request, trade_id, code_form=CodeForm(initial={"code": request.GET.get("code", "")[:6]}))
    form = CodeForm(request.POST)
    results: list[services.HandoffResult] = []
    member = request.member
    if _try(
        form,
        lambda: results.append(services.hand_over(actor=member, trade_id=trade_id, digits=form.cleaned_data["code"])),
    ):
        if results[0].is_right:
            return redirect("trading:detail", trade_id=trade_id)
        form.add_error("code", pages.wrong_code_words(results[0]))
    return _trade_page(request, trade_id, 422, code_form=form)


@require_http_methods(["GET", "POST"])
@never_cache
@member_required
def cancel_trade(request: MemberRequest, trade_id: uuid.UUID) -> HttpResponse:
    """Call a trade off, after a page that says what that means."""
    if request.method == "POST":
        services.cancel_trade(actor=request.member, trade_id=trade_id)
        return redirect("trading:detail", trade_id=trade_id)
    trade = queries.access_trade(request.member, trade_id)
    return render(request, "trading/cancel.html", pages.describe_ending(trade, request.member))


@require_http_methods(["GET", "POST"])
@never_cache
@member_required
def decline_item(request: MemberRequest, trade_id: uuid.UUID) -> HttpResponse:
    """The buyer says no after looking, after a page that says what that means."""
    if request.method == "POST":
        services.decline_item(actor=request.member, trade_id=trade_id)
        return redirect("trading:detail", trade_id=trade_id)
    trade = queries.access_trade(request.member, trade_id)
    return render(request, "trading/decline_item.html", pages.describe_ending(trade, request.member))


@require_POST
@member_required
def write_review(request: MemberRequest, trade_id: uuid.UUID) -> HttpResponse:
    """Say how it went."""
    form = ReviewForm(request.POST)
    member = request.member
    if not _try(form, lambda: services.write_review(actor=member, trade_id=trade_id, **form.cleaned_data)):
        return _trade_page(request, trade_id, 422, review_form=form)
    return redirect("trading:detail", trade_id=trade_id)
