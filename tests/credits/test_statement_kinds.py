"""Each kind of posting, made for real, in the words of the statement."""

import re
from datetime import timedelta
from typing import Any

import pytest

from localex.credits import services
from localex.lib.ids import new_id
from localex.members.models import Member
from tests import town
from tests.credits.conftest import MOMENT, in_days, wait_until_past
from tests.credits.visits import hold, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def buyer() -> Member:
    return town.new_member(town.found_community(places=0))


@pytest.fixture
def seller(buyer: Member) -> Member:
    return town.new_member(buyer.community)


def page_of(member: Member) -> str:
    return words(town.browser_of(member))


def hold_with_fees(buyer: Member, seller: Member) -> Any:
    """20 credits with a fee of 2 for the buyer and 1 for the seller."""
    return hold(buyer, 2000, payee=seller, fees=(200, 100))


def test_fees_are_said_beside_the_line(buyer: Member, seller: Member) -> None:
    trade_id = hold_with_fees(buyer, seller)
    assert "held safely until the handover −22" in page_of(buyer)
    assert "2 of it fee" in page_of(buyer)
    services.release(key=new_id(), trade_id=trade_id, payee=seller.ledger_ref, actor=None)
    assert "Paid for a trade −22" in page_of(buyer)
    assert re.search(r"\d\d:\d\d , paid at \d\d:\d\d ", page_of(buyer))
    assert "2 of it fee" in page_of(buyer)
    assert "Paid to you for a trade +19" in page_of(seller)
    assert "after a fee of 1" in page_of(seller)


def test_a_payment_in_part_says_what_came_back(buyer: Member, seller: Member) -> None:
    trade_id = hold_with_fees(buyer, seller)
    services.capture(key=new_id(), trade_id=trade_id, payee=seller.ledger_ref, amount=1000, actor=None)
    text = page_of(buyer)
    assert "Paid for a trade in part −22" in text
    assert "11 came back" in text
    assert "The rest of a trade, returned to you +11" in text
    assert "fee" not in text
    assert "Paid to you for a trade +9.50" in page_of(seller)
    assert "after a fee" not in page_of(seller)


def test_a_hold_whose_time_ran_out(buyer: Member) -> None:
    trade_id = hold(buyer, 500, expires_at=in_days(MOMENT))
    wait_until_past(trade_id)
    services.expire(key=new_id(), trade_id=trade_id)
    text = page_of(buyer)
    assert "For a trade, returned when its time ran out −5" in text
    assert "Returned to you from a trade: its time ran out +5" in text


def test_compensation(buyer: Member) -> None:
    community_id = buyer.community_id
    services.fund_protection(key=new_id(), community_id=community_id, amount=900, source="issuer", actor=None)
    services.pay_protection(
        key=new_id(), community_id=community_id, owner=buyer.ledger_ref, amount=300, reference=None, actor=None
    )
    assert "Compensation from the community +3" in page_of(buyer)


def test_a_trade_with_another_community(buyer: Member) -> None:
    far = town.new_member(town.found_community(places=0))
    for here, there in ((buyer, far), (far, buyer)):
        services.open_clearing(community_id=here.community_id, counterpart=there.community_id, limit=10_000, actor=None)
    trade_id = hold(buyer, 700, payee=far)
    services.release_across(
        key_out=new_id(),
        key_in=new_id(),
        trade_id=trade_id,
        payee_community=far.community_id,
        payee=far.ledger_ref,
        actor=None,
    )
    assert "Paid for a trade −7" in page_of(buyer)
    assert "Paid to you by another community +7" in page_of(far)


def test_a_credit_line_is_said_and_the_chart_goes_below_zero(buyer: Member, seller: Member) -> None:
    services.set_credit_line(
        community_id=buyer.community_id, owner=buyer.ledger_ref, limit=5000, actor=None, words="Ten good trades"
    )
    text = page_of(buyer)
    assert "Balance 100 credits You may go below zero, down to −50. That is your credit line." in text
    assert "To spend, with your credit line 150" in text
    top = town.browser_of(buyer).get("/credits/").content.decode().partition("<main")[0]
    assert '<span class="visually-hidden">Balance: </span>100<span class="visually-hidden"> credits</span>' in top
    trade_id = hold(buyer, 12_000, expires_at=in_days() + timedelta(days=1))
    services.release(key=new_id(), trade_id=trade_id, payee=seller.ledger_ref, actor=None)
    text = page_of(buyer)
    assert "Balance −20 credits You are 20 below zero; you may go down to −50." in text
    assert "To spend, with your credit line 30" in text
    assert "Balance and held −20" in text
    assert "Balance −20" in text
