"""Offers: who may, for how much, how often, until when."""

from datetime import timedelta

import pytest
from django.db import transaction

from localex.credits.queries import find_balance
from localex.lib import clock, money
from localex.lib.ids import new_id
from localex.listings import services as listing_services
from localex.listings.models import Listing
from localex.trading import errors, queries, services
from localex.trading.models import Offer, Trade
from localex.trading.states import OfferState
from localex.trading.tasks import decline_offers_on_gone, end_overdue
from tests import town

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    community = town.found_community()
    return town.new_member(community), town.new_member(community), town.new_member(community)


def available(member) -> int:
    return find_balance(community_id=member.community_id, owner=member.ledger_ref).available


def test_an_offer_waits_48_hours(people) -> None:
    seller, buyer, _ = people
    offer = town.new_offer(buyer, town.new_listing(seller))
    assert offer.state == OfferState.OFFERED
    assert abs(offer.deadline_at - clock.now() - timedelta(hours=48)) < timedelta(seconds=5)


def test_the_same_form_sent_twice_makes_one_offer(people) -> None:
    seller, buyer, _ = people
    listing, key = town.new_listing(seller), new_id()
    first = services.make_offer(actor=buyer, listing_id=listing.id, price=3000, offer_id=key)
    assert services.make_offer(actor=buyer, listing_id=listing.id, price=3000, offer_id=key) == first
    assert Offer.objects.filter(listing=listing).count() == 1


def test_one_open_offer_per_member_and_listing(people) -> None:
    seller, buyer, other = people
    listing = town.new_listing(seller)
    first = town.new_offer(buyer, listing)
    with pytest.raises(errors.OfferAlreadyOpen):
        town.new_offer(buyer, listing, price=20)
    town.new_offer(other, listing)
    services.withdraw_offer(actor=buyer, offer_id=first.id)
    assert town.new_offer(buyer, listing, price=20).price == 2000


@pytest.mark.parametrize("price", [0, -1, 99, 10_000_001])
def test_a_price_out_of_range_is_refused(people, price: int) -> None:
    seller, buyer, _ = people
    listing = town.new_listing(seller)
    with pytest.raises(errors.PriceOutOfRange) as caught:
        services.make_offer(actor=buyer, listing_id=listing.id, price=price)
    assert "price" in caught.value.fields


def test_a_gift_costs_nothing(people) -> None:
    seller, buyer, _ = people
    listing = town.new_listing(seller, kind="gift")
    with pytest.raises(errors.PriceOutOfRange):
        services.make_offer(actor=buyer, listing_id=listing.id, price=100)
    assert services.make_offer(actor=buyer, listing_id=listing.id, price=0).price == 0


def test_nobody_offers_more_than_is_available(people) -> None:
    seller, buyer, _ = people
    listing = town.new_listing(seller, price=500)
    with pytest.raises(errors.PayerShort, match="You have 100 credits to spend"):
        town.new_offer(buyer, listing, price=101)
    assert town.new_offer(buyer, listing, price=100).price == 10_000


def test_not_on_ones_own_listing(people) -> None:
    seller, _, _ = people
    with pytest.raises(errors.OwnListing):
        town.new_offer(seller, town.new_listing(seller))


def test_not_across_communities(people) -> None:
    seller, _, _ = people
    stranger = town.new_member(town.found_community())
    with pytest.raises(errors.ListingNotOpen):
        town.new_offer(stranger, town.new_listing(seller))


def test_accepting_reserves_holds_and_declines_the_others(people) -> None:
    seller, buyer, other = people
    listing = town.new_listing(seller)
    chosen, overtaken = town.new_offer(buyer, listing), town.new_offer(other, listing, price=20)
    trade = services.accept_offer(actor=seller, offer_id=chosen.id)
    listing.refresh_from_db()
    overtaken.refresh_from_db()
    assert (listing.state, overtaken.state) == ("reserved", OfferState.DECLINED)
    assert (trade.buyer, trade.seller, trade.price) == (buyer, seller, 3000)
    assert available(buyer) == money.from_whole(70)
    assert available(seller) == money.from_whole(100)
    assert 3 <= trade.place_options.count() <= 5


def test_accepting_twice_gives_the_same_trade(people) -> None:
    seller, buyer, _ = people
    offer = town.new_offer(buyer, town.new_listing(seller))
    first = services.accept_offer(actor=seller, offer_id=offer.id)
    assert services.accept_offer(actor=seller, offer_id=offer.id) == first
    assert available(buyer) == money.from_whole(70)


def test_only_the_owner_accepts_and_a_stranger_sees_nothing(people) -> None:
    seller, buyer, stranger = people
    offer = town.new_offer(buyer, town.new_listing(seller))
    with pytest.raises(errors.NotYours):
        services.accept_offer(actor=buyer, offer_id=offer.id)
    for act in (services.accept_offer, services.decline_offer, services.withdraw_offer):
        with pytest.raises(errors.OfferNotFound):
            act(actor=stranger, offer_id=offer.id)
    with pytest.raises(errors.NotYours):
        services.withdraw_offer(actor=seller, offer_id=offer.id)


def test_accepting_when_the_credits_are_gone_changes_nothing(people) -> None:
    seller, buyer, other = people
    dear, cheap = town.new_listing(seller, price=80), town.new_listing(other, price=50)
    first, second = town.new_offer(buyer, dear), town.new_offer(buyer, cheap)
    services.accept_offer(actor=seller, offer_id=first.id)
    with pytest.raises(errors.PayerShort, match="the buyer has not enough credits"), transaction.atomic():
        services.accept_offer(actor=other, offer_id=second.id)
    second.refresh_from_db()
    cheap.refresh_from_db()
    assert (second.state, cheap.state) == (OfferState.OFFERED, "active")
    assert available(buyer) == money.from_whole(20)


def test_on_a_wanted_the_owner_pays(people) -> None:
    owner, maker, _ = people
    listing = town.new_listing(owner, direction="wanted", price=40, title="A pram for a toddler")
    offer = town.new_offer(maker, listing)
    trade = services.accept_offer(actor=owner, offer_id=offer.id)
    assert (trade.buyer, trade.seller) == (owner, maker)
    assert available(owner) == money.from_whole(60)


def test_an_unanswered_offer_expires_and_only_then(people) -> None:
    seller, buyer, _ = people
    offer = town.new_offer(buyer, town.new_listing(seller))
    with clock.shifted(timedelta(hours=47, minutes=59)):
        end_overdue.func()
        offer.refresh_from_db()
        assert offer.state == OfferState.OFFERED
    with clock.shifted(timedelta(hours=48, minutes=1)):
        end_overdue.func()
    offer.refresh_from_db()
    assert (offer.state, offer.deadline_at) == (OfferState.EXPIRED, None)
    with pytest.raises(errors.NotPossibleNow):
        services.accept_offer(actor=seller, offer_id=offer.id)


@pytest.mark.parametrize("ending", ["mark_as_gone", "remove_listing"])
def test_offers_on_a_listing_that_went_another_way_are_declined(people, ending: str) -> None:
    seller, buyer, _ = people
    listing = town.new_listing(seller)
    offer = town.new_offer(buyer, listing)
    getattr(listing_services, ending)(actor=seller, listing_id=listing.id)
    decline_offers_on_gone.func(listing_id=listing.id)
    offer.refresh_from_db()
    assert offer.state == OfferState.DECLINED


def test_a_paused_listing_keeps_its_offers_but_cannot_be_traded(people) -> None:
    seller, buyer, _ = people
    listing = town.new_listing(seller)
    offer = town.new_offer(buyer, listing)
    listing_services.pause_listing(actor=seller, listing_id=listing.id)
    decline_offers_on_gone.func(listing_id=listing.id)
    with pytest.raises(errors.ListingNotOpen):
        services.accept_offer(actor=seller, offer_id=offer.id)
    offer.refresh_from_db()
    assert offer.state == OfferState.OFFERED
    assert not Trade.objects.filter(listing=listing).exists()


def test_the_owner_is_told_what_waits(people) -> None:
    seller, buyer, _ = people
    offer = town.new_offer(buyer, town.new_listing(seller))
    waiting = queries.list_waiting_on(seller)
    assert [(item.subject_id, item.words) for item in waiting] == [(offer.id, "Answer the offer of 30 credits")]
    assert queries.list_waiting_on(buyer) == []


def test_the_log_of_an_offer_is_complete(people) -> None:
    seller, buyer, _ = people
    offer = town.new_offer(buyer, town.new_listing(seller))
    trade = services.accept_offer(actor=seller, offer_id=offer.id)
    assert [event.event for event in queries.list_events(trade=trade)] == ["make", "accept"]
    assert Listing.objects.get(pk=trade.listing_id).state == "reserved"
