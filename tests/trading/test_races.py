"""Two at once: one wins, the other gets a clear answer, and no credit is made or lost."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction

from localex.credits.queries import find_balance
from localex.lib import money
from localex.lib.errors import LocalExError
from localex.lib.ids import new_id
from localex.trading import services
from localex.trading.models import Offer, Trade
from localex.trading.tasks import end_overdue
from tests import town

pytestmark = pytest.mark.usefixtures("committed_db")


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Run each in its own thread, connection and transaction, all starting together; results or LocalExErrors."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        try:
            barrier.wait(timeout=20)
            with transaction.atomic():
                return act()
        except LocalExError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def refused(results: list[object]) -> list[LocalExError]:
    return [result for result in results if isinstance(result, LocalExError)]


def available(member) -> int:
    return find_balance(community_id=member.community_id, owner=member.ledger_ref).available // money.HUNDREDTHS


@pytest.fixture
def people(committed_db: None):
    community = town.found_community()
    return [town.new_member(community) for _ in range(4)]


def test_two_accepts_of_two_offers_make_one_trade(people) -> None:
    seller, first, second, _ = people
    listing = town.new_listing(seller)
    offers = [town.new_offer(maker, listing) for maker in (first, second)]
    results = at_once(*[lambda o=o: services.accept_offer(actor=seller, offer_id=o.id) for o in offers])
    assert len(refused(results)) == 1
    assert refused(results)[0].status == 409
    trade = Trade.objects.get(listing=listing)
    assert sorted([available(first), available(second)]) == [70, 100]
    assert {offer.state for offer in Offer.objects.filter(listing=listing)} == {"accepted", "declined"}
    assert trade.deadline_at is not None


def test_a_double_click_on_accept_makes_one_trade(people) -> None:
    seller, buyer, *_ = people
    offer = town.new_offer(buyer, town.new_listing(seller))
    results = at_once(*[lambda: services.accept_offer(actor=seller, offer_id=offer.id)] * 4)
    assert refused(results) == []
    assert len({trade.id for trade in results}) == 1
    assert available(buyer) == 70


def test_accept_against_withdraw_leaves_one_of_them(people) -> None:
    seller, buyer, *_ = people
    offer = town.new_offer(buyer, town.new_listing(seller))
    results = at_once(
        lambda: services.accept_offer(actor=seller, offer_id=offer.id),
        lambda: services.withdraw_offer(actor=buyer, offer_id=offer.id),
    )
    assert len(refused(results)) == 1
    offer.refresh_from_db()
    assert available(buyer) == (70 if offer.state == "accepted" else 100)


def test_the_same_code_at_once_releases_once(people) -> None:
    seller, buyer, *_ = people
    trade = town.meet(town.new_trade(seller, buyer))
    code = town.code_of(trade)
    results = at_once(*[lambda: services.hand_over(actor=seller, trade_id=trade.id, digits=code)] * 4)
    assert refused(results) == []
    assert (available(seller), available(buyer)) == (130, 70)


def test_handing_over_against_declining_against_the_clock(people) -> None:
    seller, buyer, *_ = people
    trade = town.meet(town.new_trade(seller, buyer))
    code = town.code_of(trade)
    results = at_once(
        lambda: services.hand_over(actor=seller, trade_id=trade.id, digits=code),
        lambda: services.decline_item(actor=buyer, trade_id=trade.id),
        end_overdue.func,
    )
    assert len(refused(results)) == 1
    trade.refresh_from_db()
    assert (available(seller), available(buyer)) == ((130, 70) if trade.state == "completed" else (100, 100))


def test_two_cancels_refund_once(people) -> None:
    seller, buyer, *_ = people
    trade = town.new_trade(seller, buyer)
    at_once(
        lambda: services.cancel_trade(actor=seller, trade_id=trade.id),
        lambda: services.cancel_trade(actor=buyer, trade_id=trade.id),
    )
    assert available(buyer) == 100


def test_accepting_two_offers_beyond_the_balance_holds_one(people) -> None:
    one, two, buyer, _ = people
    offers = [town.new_offer(buyer, town.new_listing(seller, price=60)) for seller in (one, two)]
    results = at_once(
        lambda: services.accept_offer(actor=one, offer_id=offers[0].id),
        lambda: services.accept_offer(actor=two, offer_id=offers[1].id),
    )
    assert [error.code for error in refused(results)] == ["not_enough_credits"]
    assert available(buyer) == 40


def test_the_same_offer_form_at_once_makes_one_offer(people) -> None:
    seller, buyer, *_ = people
    listing, key = town.new_listing(seller), new_id()
    results = at_once(*[lambda: services.make_offer(actor=buyer, listing_id=listing.id, price=3000, offer_id=key)] * 4)
    assert refused(results) == []
    assert Offer.objects.filter(listing=listing).count() == 1


def test_equal_picks_at_the_same_moment_agree(people) -> None:
    seller, buyer, *_ = people
    trade = town.new_trade(seller, buyer)
    place_id = trade.place_options.first().place_id
    results = at_once(
        lambda: services.pick_place(actor=seller, trade_id=trade.id, place_id=place_id),
        lambda: services.pick_place(actor=buyer, trade_id=trade.id, place_id=place_id),
    )
    assert refused(results) == []
    trade.refresh_from_db()
    assert trade.place_id == place_id


def test_trades_in_both_directions_never_wait_for_each_other_for_ever(people) -> None:
    one, two, *_ = people
    for _ in range(3):
        there, back = town.meet(town.new_trade(one, two, price=10)), town.meet(town.new_trade(two, one, price=10))
        results = at_once(
            lambda there=there: services.hand_over(actor=one, trade_id=there.id, digits=town.code_of(there)),
            lambda back=back: services.hand_over(actor=two, trade_id=back.id, digits=town.code_of(back)),
        )
        assert refused(results) == []
    assert (available(one), available(two)) == (100, 100)
