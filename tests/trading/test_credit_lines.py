"""Earned credit lines: who trades reliably may go below zero, as far as the policy says."""

from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from localex.communities.services import update_community
from localex.credits.queries import find_balance
from localex.credits.services import set_credit_line
from localex.jobs.models import Job
from localex.trading import services, tasks
from tests import town

if TYPE_CHECKING:
    from localex.communities.models import Community
    from localex.members.models import Member

pytestmark = pytest.mark.django_db


def line(member: "Member") -> int:
    return find_balance(community_id=member.community_id, owner=member.ledger_ref).credit_line


@pytest.fixture
def sides() -> "tuple[Community, Member, Member]":
    community = town.found_community(starter=10)
    update_community(community_id=community.id, credit_line_per_trade=500, credit_line_cap=1_200)
    return community, town.new_member(community), town.new_member(community)


def test_it_grows_with_each_completed_trade_up_to_the_cap(sides: "tuple[Community, Member, Member]") -> None:
    _, seller, buyer = sides
    for earned in (500, 1_000, 1_200, 1_200):
        town.complete(town.new_trade(seller, buyer, kind="gift"))
        assert [services.raise_credit_line(member_id=one.id) for one in (seller, buyer)] == [earned] * 2
        assert (line(seller), line(buyer)) == (earned, earned)
    assert services.raise_credit_line(member_id=buyer.id) == 1_200


def test_it_is_what_a_buyer_can_offer_with(sides: "tuple[Community, Member, Member]") -> None:
    _, seller, buyer = sides
    town.complete(town.new_trade(seller, buyer, kind="gift"))
    services.raise_credit_line(member_id=buyer.id)
    trade = town.complete(town.new_trade(seller, buyer, price=15))
    assert trade.state == "completed"
    assert find_balance(community_id=buyer.community_id, owner=buyer.ledger_ref).available == 0


def test_a_completed_trade_enqueues_one_job_for_each_side(sides: "tuple[Community, Member, Member]") -> None:
    _, seller, buyer = sides
    trade = town.complete(town.new_trade(seller, buyer, kind="gift"))
    assert Job.objects.filter(task=tasks.raise_credit_lines.module_path, payload__trade_id=str(trade.id)).count() == 1
    for _ in range(2):  # run twice, it is one job each that waits
        tasks.raise_credit_lines.func(trade_id=trade.id)
    waiting = Job.objects.filter(task=tasks.raise_credit_line.module_path)
    assert sorted(job.payload["member_id"] for job in waiting) == sorted([str(seller.id), str(buyer.id)])


def test_without_a_policy_nothing_is_earned() -> None:
    community = town.found_community()
    seller, buyer = town.new_member(community), town.new_member(community)
    trade = town.complete(town.new_trade(seller, buyer))
    tasks.raise_credit_lines.func(trade_id=trade.id)
    assert not Job.objects.filter(task=tasks.raise_credit_line.module_path).exists()
    assert services.raise_credit_line(member_id=buyer.id) == 0


def test_nothing_is_taken_back_by_a_new_policy_or_from_what_a_coordinator_gave(
    sides: "tuple[Community, Member, Member]",
) -> None:
    community, seller, buyer = sides
    town.complete(town.new_trade(seller, buyer, kind="gift"))
    services.raise_credit_line(member_id=buyer.id)
    update_community(community_id=community.id, credit_line_per_trade=0, credit_line_cap=0)
    set_credit_line(community_id=community.id, owner=seller.ledger_ref, limit=5_000, actor=None, words="trusted")
    assert [services.raise_credit_line(member_id=one.id) for one in (seller, buyer)] == [5_000, 500]


def test_who_would_go_below_zero_reads_it_before_the_offer_is_sent(sides: "tuple[Community, Member, Member]") -> None:
    _, seller, buyer = sides
    address = reverse("trading:make_offer", args=[town.new_listing(seller, price=8).id])
    asked = town.browser_of(buyer)
    assert "You have 10 credits to spend.<" in asked.get(address).content.decode()
    set_credit_line(community_id=buyer.community_id, owner=buyer.ledger_ref, limit=500, actor=None, words="Ten trades")
    page = asked.get(address).content.decode()
    assert "You have 15 credits to spend: your balance is 10, and it may go down to −5." in page
    assert "below zero" not in page
    assert "you would owe 3 credits" in asked.get(f"{address}?price=13").content.decode()
    page = asked.get(f"{address}?price=16").content.decode()
    assert "more than you have to spend: 15 credits" in page
    assert "below zero" not in page
