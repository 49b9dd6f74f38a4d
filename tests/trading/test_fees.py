"""Fees: said before anybody accepts, held with the price, fixed with the offer, taken at the handover."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.urls import reverse

from localex.communities.services import update_community
from localex.credits.errors import OtherPayee
from localex.credits.queries import find_balance, find_hold, find_totals
from localex.credits.services import release
from localex.lib import clock
from localex.lib.ids import new_id
from localex.trading import fees, services, turns
from localex.trading.errors import PayerShort
from tests import town

if TYPE_CHECKING:
    from localex.communities.models import Community
    from localex.members.models import Member

pytestmark = pytest.mark.django_db


def with_fees(**policy: object) -> "Community":
    return update_community(community_id=town.found_community().id, **policy)


def available(member: "Member") -> int:
    return find_balance(community_id=member.community_id, owner=member.ledger_ref).available


def held(member: "Member") -> int:
    return find_balance(community_id=member.community_id, owner=member.ledger_ref).held


@pytest.mark.parametrize(
    ("policy", "price", "buyer_fee", "seller_fee"),
    [
        ({}, 3_000, 0, 0),
        ({"fee_fixed_buyer": 150, "fee_fixed_seller": 100}, 3_000, 150, 100),
        ({"fee_percent_buyer": Decimal("2.5")}, 3_000, 75, 0),
        ({"fee_percent_buyer": Decimal("0.5")}, 100, 0, 0),  # half a hundredth: to even, down
        ({"fee_percent_buyer": Decimal("1.5")}, 100, 2, 0),  # one and a half: to even, up
        ({"fee_percent_buyer": Decimal("2.5")}, 100, 2, 0),
        ({"fee_percent_buyer": Decimal("50.00"), "fee_fixed_buyer": 1}, 10_000_000, 5_000_001, 0),
        ({"fee_fixed_seller": 500}, 300, 0, 300),  # never more than the price
        ({"fee_fixed_buyer": 150, "fee_fixed_seller": 100}, 0, 0, 0),  # gifts
    ],
)
def test_what_a_trade_costs(policy: dict[str, object], price: int, buyer_fee: int, seller_fee: int) -> None:
    cost = fees.quote(with_fees(**policy), price)
    assert cost == fees.Quote(price, buyer_fee, seller_fee)
    assert (cost.held, cost.payout) == (price + buyer_fee, price - seller_fee)


def test_the_fees_are_held_with_the_price_and_taken_when_the_code_is_given() -> None:
    community = with_fees(fee_fixed_buyer=50, fee_percent_buyer=Decimal("2.5"), fee_fixed_seller=100)
    seller, buyer = town.new_member(community), town.new_member(community)
    trade = town.new_trade(seller, buyer, price=30)
    assert (trade.buyer_fee, trade.seller_fee) == (125, 100)
    assert (available(buyer), held(buyer)) == (10_000 - 3_125, 3_125)
    hold = find_hold(trade_id=trade.id)
    assert hold is not None
    assert (hold.payee, hold.price, hold.buyer_fee, hold.seller_fee) == (seller.ledger_ref, 3_000, 125, 100)
    trade = town.complete(trade)
    assert (available(buyer), held(buyer)) == (10_000 - 3_125, 0)
    assert available(seller) == 10_000 + 2_900
    totals = find_totals(community_id=community.id)
    assert totals is not None
    assert totals.fees == 225
    assert turns.credits_words(trade, seller) == "29 credits were released to you: 30 less the fee of 1."
    assert (
        turns.credits_words(trade, buyer) == "29 credits were released to the seller, and 2.25 went to Krems as fees."
    )


def test_whoever_calls_off_gets_the_fee_back_too() -> None:
    community = with_fees(fee_fixed_buyer=150, fee_fixed_seller=100)
    seller, buyer = town.new_member(community), town.new_member(community)
    trade = services.cancel_trade(actor=buyer, trade_id=town.new_trade(seller, buyer).id)
    assert (available(buyer), held(buyer), available(seller)) == (10_000, 0, 10_000)
    assert turns.credits_words(trade, buyer) == "31.50 credits went back to you."


def test_the_fee_of_the_moment_of_offering_counts() -> None:
    community = with_fees(fee_fixed_buyer=150)
    seller, buyer = town.new_member(community), town.new_member(community)
    offer = town.new_offer(buyer, town.new_listing(seller, price=20))
    update_community(community_id=community.id, fee_fixed_buyer=300, fee_fixed_seller=200)
    later = town.new_offer(buyer, town.new_listing(seller, price=20))
    trades = [services.accept_offer(actor=seller, offer_id=one.id) for one in (offer, later)]
    assert [trade.quote for trade in trades] == [fees.Quote(2_000, 150, 0), fees.Quote(2_000, 300, 200)]
    assert held(buyer) == 2_150 + 2_300
    town.complete(trades[0])
    assert available(seller) == 12_000


def test_a_fee_that_came_after_the_offer_is_nobodys() -> None:
    community = town.found_community()
    seller, buyer = town.new_member(community), town.new_member(community)
    offer = town.new_offer(buyer, town.new_listing(seller, price=100))
    update_community(community_id=community.id, fee_fixed_buyer=100, fee_fixed_seller=100)
    for member in (seller, buyer):
        assert "fee" not in read(member, reverse("trading:offer", args=[offer.id]))
    assert services.accept_offer(actor=seller, offer_id=offer.id).quote == fees.Quote(10_000, 0, 0)
    assert held(buyer) == 10_000


def test_an_offer_of_the_previous_release_has_no_fees() -> None:
    community = with_fees(fee_fixed_buyer=150, fee_fixed_seller=100)
    seller, buyer = town.new_member(community), town.new_member(community)
    listing, now = town.new_listing(seller, price=30), clock.now()
    offer_id = new_id()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO trading_offer (id, community_id, listing_id, maker_id, price, state, created_at, deadline_at)"
            " VALUES (%s, %s, %s, %s, 3000, 'offered', %s, %s)",
            [offer_id, community.id, listing.id, buyer.id, now, now + timedelta(hours=48)],
        )
    assert services.accept_offer(actor=seller, offer_id=offer_id).quote == fees.Quote(3_000, 0, 0)


def test_a_buyer_needs_the_price_and_the_fee() -> None:
    community = with_fees(fee_fixed_buyer=1)
    seller, buyer = town.new_member(community), town.new_member(community)
    with pytest.raises(PayerShort, match=r"with the fee of 0\.01 this offer needs 100\.01"):
        town.new_offer(buyer, town.new_listing(seller, price=100))
    town.new_offer(buyer, town.new_listing(seller, price=99))


def test_on_a_wanted_the_owner_who_accepts_pays_the_fee() -> None:
    community = with_fees(fee_fixed_buyer=150)
    owner, maker = town.new_member(community), town.new_member(community)
    offer = town.new_offer(maker, town.new_listing(owner, direction="wanted", price=40))
    services.accept_offer(actor=owner, offer_id=offer.id)
    assert (held(owner), held(maker)) == (4_150, 0)
    costly = town.new_offer(maker, town.new_listing(owner, direction="wanted", price=58))
    with pytest.raises(PayerShort, match="you have not enough"):
        services.accept_offer(actor=owner, offer_id=costly.id)


def test_a_gift_costs_nothing_whatever_the_policy() -> None:
    community = with_fees(fee_fixed_buyer=150, fee_fixed_seller=150)
    seller, buyer = town.new_member(community), town.new_member(community)
    trade = town.complete(town.new_trade(seller, buyer, kind="gift"))
    assert not trade.quote.has_fees
    assert (available(buyer), available(seller)) == (10_000, 10_000)


def test_held_credits_go_to_the_seller_and_to_nobody_else() -> None:
    community = town.found_community()
    seller, buyer, stranger = (town.new_member(community) for _ in range(3))
    trade = town.meet(town.new_trade(seller, buyer))
    with pytest.raises(OtherPayee):
        release(key=new_id(), trade_id=trade.id, payee=stranger.ledger_ref, actor=None)


def read(member: "Member", path: str) -> str:
    page = str(town.browser_of(member).get(path).content.decode())
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.index("<main") : page.index("</main>")]))


def test_both_sides_read_the_sum_before_it_is_accepted_and_on_the_trade() -> None:
    community = with_fees(fee_fixed_buyer=50, fee_percent_buyer=Decimal("2.5"), fee_fixed_seller=100)
    seller, buyer = town.new_member(community), town.new_member(community)
    listing = town.new_listing(seller, price=30)
    form = reverse("trading:make_offer", args=[listing.id])
    assert "Held safely of your credits 30 + 1.25 fee = 31.25" in read(buyer, form)
    assert "10 + 0.75 fee = 10.75" in read(buyer, f"{form}?price=10")
    assert f"{seller.display_name} gets at the handover 10 − 1 fee = 9" in read(buyer, f"{form}?price=10")
    for damaged in ("", "-1", "ten", "9" * 30, "10.5"):
        assert read(buyer, f"{form}?price={damaged}")
    offer = town.new_offer(buyer, listing)
    trade_id = None
    for _ in range(2):
        path = reverse("trading:detail", args=[trade_id]) if trade_id else reverse("trading:offer", args=[offer.id])
        assert "Held safely of your credits 30 + 1.25 fee = 31.25" in read(buyer, path)
        assert "Held safely 30 + 1.25 fee = 31.25 You get at the handover 30 − 1 fee = 29" in read(seller, path)
        trade_id = services.accept_offer(actor=seller, offer_id=offer.id).id


def test_a_finished_trade_says_what_was_paid() -> None:
    community = with_fees(fee_fixed_buyer=50, fee_fixed_seller=100)
    seller, buyer = town.new_member(community), town.new_member(community)
    path = reverse("trading:detail", args=[town.complete(town.new_trade(seller, buyer, price=30)).id])
    assert f"You paid 30 + 0.50 fee = 30.50 {seller.display_name} got 30 − 1 fee = 29" in read(buyer, path)
    assert "The buyer paid 30 + 0.50 fee = 30.50 You got 30 − 1 fee = 29" in read(seller, path)
    assert "Held safely" not in read(buyer, path)


def test_without_fees_nobody_reads_a_word_about_them() -> None:
    community = town.found_community()
    seller, buyer = town.new_member(community), town.new_member(community)
    listing = town.new_listing(seller)
    pages = [read(buyer, reverse("trading:make_offer", args=[listing.id]))]
    offer = town.new_offer(buyer, listing)
    pages += [read(one, reverse("trading:offer", args=[offer.id])) for one in (seller, buyer)]
    trade = services.accept_offer(actor=seller, offer_id=offer.id)
    pages += [read(one, reverse("trading:detail", args=[trade.id])) for one in (seller, buyer)]
    assert not [page for page in pages if re.search(r"\bfees?\b", page)]


def test_the_page_says_at_once_what_is_no_price_and_what_is_too_much() -> None:
    community = with_fees(fee_fixed_buyer=50)
    seller, buyer = town.new_member(community), town.new_member(community)
    form = reverse("trading:make_offer", args=[town.new_listing(seller, price=30).id])
    assert "30.50" in read(buyer, form)
    slips = {"": "", "0": "Offer at least 1 credit.", "1.5": "Write a whole number of credits."}
    for price, words in slips.items():
        page = read(buyer, f"{form}?price={price}")
        assert words in page
        assert "Held safely" not in page
    assert "That is more than you have to spend: 100 credits, with the fee it needs 100.50." in read(
        buyer, f"{form}?price=100"
    )
    assert "more than you have" not in read(buyer, f"{form}?price=99")
    wanted = reverse("trading:make_offer", args=[town.new_listing(seller, direction="wanted", price=300).id])
    assert "more than you have" not in read(buyer, wanted)
