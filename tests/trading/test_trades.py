"""A trade from the agreed price to published reviews, and every way in which it can end before."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from localex.credits.queries import find_balance
from localex.lib import clock, money
from localex.listings.models import Listing
from localex.members.models import Member
from localex.trading import errors, queries, services
from localex.trading.models import Review, TimeProposal, Trade, TradeEvent
from localex.trading.services.reviews import AlreadyReviewed, ReviewNotValid
from localex.trading.states import TradeState
from localex.trading.tasks import end_overdue
from tests import town

pytestmark = pytest.mark.django_db


@pytest.fixture
def trade() -> Trade:
    community = town.found_community()
    return town.new_trade(town.new_member(community), town.new_member(community))


def balance(member: Member):
    return find_balance(community_id=member.community_id, owner=member.ledger_ref)


def whole(member: Member) -> tuple[int, int]:
    found = balance(member)
    return found.available // money.HUNDREDTHS, found.held // money.HUNDREDTHS


def test_the_credits_are_held_and_then_the_sellers(trade: Trade) -> None:
    assert whole(trade.buyer) == (70, 30)
    assert whole(trade.seller) == (100, 0)
    trade = town.complete(trade)
    assert (trade.state, Listing.objects.get(pk=trade.listing_id).state) == (TradeState.COMPLETED, "traded")
    assert whole(trade.buyer) == (70, 0)
    assert whole(trade.seller) == (130, 0)
    assert Member.objects.get(pk=trade.buyer_id).trades_completed == 1


def test_a_gift_goes_the_same_way_without_credits() -> None:
    community = town.found_community()
    seller, buyer = town.new_member(community), town.new_member(community)
    trade = town.complete(town.new_trade(seller, buyer, kind="gift"))
    assert trade.state == TradeState.COMPLETED
    assert (whole(seller), whole(buyer)) == ((100, 0), (100, 0))


def test_equal_picks_agree_and_different_ones_do_not(trade: Trade) -> None:
    first, second = trade.place_options.order_by("rank")[:2]
    services.pick_place(actor=trade.buyer, trade_id=trade.id, place_id=first.place_id)
    trade = services.pick_place(actor=trade.seller, trade_id=trade.id, place_id=second.place_id)
    assert trade.place_id is None
    trade = services.pick_place(actor=trade.seller, trade_id=trade.id, place_id=first.place_id)
    assert trade.place_id == first.place_id
    assert trade.state == TradeState.ACCEPTED


def test_a_place_that_was_not_proposed_is_refused(trade: Trade) -> None:
    with pytest.raises(errors.PlaceNotProposed, match="not among the proposals"):
        services.pick_place(actor=trade.buyer, trade_id=trade.id, place_id=trade.id)


def test_a_far_place_needs_an_explicit_yes(trade: Trade) -> None:
    option = trade.place_options.first()
    option.buyer_must_consent = True
    option.save()
    with pytest.raises(errors.ConsentMissing):
        services.pick_place(actor=trade.buyer, trade_id=trade.id, place_id=option.place_id)
    services.pick_place(actor=trade.seller, trade_id=trade.id, place_id=option.place_id)
    services.pick_place(actor=trade.buyer, trade_id=trade.id, place_id=option.place_id, accepts_distance=True)


@pytest.mark.parametrize("ahead", [timedelta(minutes=-1), timedelta(minutes=4), timedelta(days=7, minutes=1)])
def test_a_time_too_soon_or_too_far_is_refused(trade: Trade, ahead: timedelta) -> None:
    with pytest.raises(errors.TimeNotPossible):
        services.propose_time(actor=trade.buyer, trade_id=trade.id, starts_at=clock.now() + ahead)


def test_three_open_proposals_a_side_at_most(trade: Trade) -> None:
    start = clock.now()
    for hours in (1, 2, 3):
        services.propose_time(actor=trade.buyer, trade_id=trade.id, starts_at=start + timedelta(hours=hours))
    with pytest.raises(errors.TimeNotPossible, match="three open proposals"):
        services.propose_time(actor=trade.buyer, trade_id=trade.id, starts_at=start + timedelta(hours=4))
    services.propose_time(actor=trade.seller, trade_id=trade.id, starts_at=start + timedelta(hours=4))


def test_proposing_what_the_other_proposed_agrees(trade: Trade) -> None:
    starts_at = clock.now() + timedelta(hours=2)
    services.propose_time(actor=trade.buyer, trade_id=trade.id, starts_at=starts_at)
    services.propose_time(actor=trade.seller, trade_id=trade.id, starts_at=starts_at)
    trade.refresh_from_db()
    assert trade.meet_starts_at == starts_at


def test_nobody_agrees_to_their_own_time(trade: Trade) -> None:
    proposal = services.propose_time(actor=trade.buyer, trade_id=trade.id, starts_at=clock.now() + timedelta(hours=2))
    with pytest.raises(errors.NotYours):
        services.accept_time(actor=trade.buyer, trade_id=trade.id, proposal_id=proposal.id)


def test_a_time_that_passed_before_the_place_was_agreed_is_asked_for_again(trade: Trade) -> None:
    proposal = services.propose_time(
        actor=trade.buyer, trade_id=trade.id, starts_at=clock.now() + timedelta(minutes=10)
    )
    services.accept_time(actor=trade.seller, trade_id=trade.id, proposal_id=proposal.id)
    option = trade.place_options.first()
    services.pick_place(actor=trade.buyer, trade_id=trade.id, place_id=option.place_id)
    with clock.shifted(timedelta(minutes=20)):
        trade = services.pick_place(actor=trade.seller, trade_id=trade.id, place_id=option.place_id)
    assert (trade.state, trade.meet_starts_at) == (TradeState.ACCEPTED, None)


def test_scheduling_moves_the_deadline_to_48_hours_after_the_meetup(trade: Trade) -> None:
    trade = town.schedule(trade)
    assert trade.state == TradeState.SCHEDULED
    assert trade.deadline_at == trade.meet_ends_at + timedelta(hours=48)


def test_arrival_opens_one_hour_before(trade: Trade) -> None:
    trade = town.schedule(trade, ahead=timedelta(hours=3))
    with pytest.raises(errors.TooEarly):
        services.mark_arrival(actor=trade.buyer, trade_id=trade.id)
    with clock.shifted(timedelta(hours=2, minutes=5)):
        assert services.mark_arrival(actor=trade.buyer, trade_id=trade.id).state == TradeState.ARRIVED
        assert services.mark_arrival(actor=trade.buyer, trade_id=trade.id).state == TradeState.ARRIVED
        assert services.mark_arrival(actor=trade.seller, trade_id=trade.id).state == TradeState.MEETING


def test_wrong_codes_are_counted_then_locked(trade: Trade) -> None:
    trade = town.meet(trade)
    wrong = f"{(int(town.code_of(trade)) + 500_001) % 1_000_000:06d}"
    left = [services.hand_over(actor=trade.seller, trade_id=trade.id, digits=wrong).tries_left for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    with pytest.raises(errors.HandoffLocked, match="15 minutes"):
        services.hand_over(actor=trade.seller, trade_id=trade.id, digits=town.code_of(trade))
    assert whole(trade.buyer) == (70, 30)
    with clock.shifted(timedelta(minutes=16)):
        assert services.hand_over(actor=trade.seller, trade_id=trade.id, digits=town.code_of(trade)).is_right
    assert whole(trade.seller) == (130, 0)


def test_the_buyer_cannot_type_the_code_and_a_stranger_sees_nothing(trade: Trade) -> None:
    trade = town.meet(trade)
    with pytest.raises(errors.NotYours):
        services.hand_over(actor=trade.buyer, trade_id=trade.id, digits=town.code_of(trade))
    stranger = town.new_member(trade.community)
    with pytest.raises(errors.TradeNotFound):
        services.hand_over(actor=stranger, trade_id=trade.id, digits=town.code_of(trade))


def test_no_code_before_both_are_there(trade: Trade) -> None:
    trade = town.schedule(trade)
    with pytest.raises(errors.NotPossibleNow):
        services.hand_over(actor=trade.seller, trade_id=trade.id, digits=town.code_of(trade))


def test_the_right_code_twice_releases_once(trade: Trade) -> None:
    trade = town.meet(trade)
    code = town.code_of(trade)
    for _ in range(2):
        assert services.hand_over(actor=trade.seller, trade_id=trade.id, digits=f"{code[:3]} {code[3:]}").is_right
    assert whole(trade.seller) == (130, 0)


@pytest.mark.parametrize("stage", ["accepted", "scheduled", "arrived"])
def test_cancelling_refunds_and_relists(trade: Trade, stage: str) -> None:
    if stage != "accepted":
        trade = town.schedule(trade)
    if stage == "arrived":
        services.mark_arrival(actor=trade.seller, trade_id=trade.id)
    trade = services.cancel_trade(actor=trade.buyer, trade_id=trade.id)
    assert services.cancel_trade(actor=trade.buyer, trade_id=trade.id) == trade
    assert (trade.state, trade.deadline_at) == (TradeState.CANCELLED, None)
    assert trade.is_late_cancel == (stage != "accepted")
    assert whole(trade.buyer) == (100, 0)
    assert Listing.objects.get(pk=trade.listing_id).state == "active"


def test_who_came_and_waited_in_vain_is_not_blamed(trade: Trade) -> None:
    trade = town.schedule(trade)
    services.mark_arrival(actor=trade.seller, trade_id=trade.id)
    assert not services.cancel_trade(actor=trade.seller, trade_id=trade.id).is_late_cancel


def test_the_buyer_may_decline_the_item(trade: Trade) -> None:
    trade = town.meet(trade)
    with pytest.raises(errors.NotYours):
        services.decline_item(actor=trade.seller, trade_id=trade.id)
    trade = services.decline_item(actor=trade.buyer, trade_id=trade.id)
    assert trade.state == TradeState.REFUNDED
    assert whole(trade.buyer) == (100, 0)
    with pytest.raises(errors.NotPossibleNow):
        services.hand_over(actor=trade.seller, trade_id=trade.id, digits=town.code_of(trade))


@pytest.mark.parametrize(
    ("stage", "after", "state"),
    [
        ("accepted", timedelta(hours=73), TradeState.CANCELLED),
        ("scheduled", timedelta(hours=50), TradeState.REFUNDED),
        ("arrived", timedelta(hours=50), TradeState.REFUNDED),
        ("meeting", timedelta(hours=50), TradeState.REFUNDED),
    ],
)
def test_each_state_ends_by_itself_with_a_refund(trade: Trade, stage: str, after: timedelta, state: str) -> None:
    if stage != "accepted":
        trade = town.schedule(trade)
    if stage in {"arrived", "meeting"}:
        services.mark_arrival(actor=trade.seller, trade_id=trade.id)
    if stage == "meeting":
        services.mark_arrival(actor=trade.buyer, trade_id=trade.id)
    with clock.shifted(after - timedelta(hours=3)):
        end_overdue.func()
        trade.refresh_from_db()
        assert trade.state == stage
    with clock.shifted(after):
        end_overdue.func()
        end_overdue.func()
    trade.refresh_from_db()
    assert (trade.state, trade.deadline_at) == (state, None)
    assert whole(trade.buyer) == (100, 0)
    assert Listing.objects.get(pk=trade.listing_id).state == "active"


def test_reviews_are_double_blind(trade: Trade) -> None:
    trade = town.complete(trade)
    services.write_review(actor=trade.buyer, trade_id=trade.id, stars=5, text="Kind and on time.", tags=["On time"])
    assert list(queries.list_reviews_about(trade.seller)) == []
    assert Member.objects.get(pk=trade.seller_id).review_count == 0
    with pytest.raises(AlreadyReviewed):
        services.write_review(actor=trade.buyer, trade_id=trade.id, stars=1)
    services.write_review(actor=trade.seller, trade_id=trade.id, stars=4)
    assert [review.stars for review in queries.list_reviews_about(trade.seller)] == [5]
    trade.refresh_from_db()
    assert trade.closed_at is not None
    assert Member.objects.get(pk=trade.seller_id).rating == 5


def test_after_7_days_what_was_written_is_published(trade: Trade) -> None:
    trade = town.complete(trade)
    services.write_review(actor=trade.buyer, trade_id=trade.id, stars=3)
    with clock.shifted(timedelta(days=7, minutes=1)):
        end_overdue.func()
        with pytest.raises(errors.NotPossibleNow):
            services.write_review(actor=trade.seller, trade_id=trade.id, stars=1)
    assert Review.objects.get(trade=trade).published_at is not None


@pytest.mark.parametrize(
    "review", [{"stars": 0}, {"stars": 6}, {"stars": 3, "text": "short"}, {"stars": 3, "text": "x" * 501}]
)
def test_a_review_that_breaks_a_rule_is_refused(trade: Trade, review: dict) -> None:
    trade = town.complete(trade)
    with pytest.raises(ReviewNotValid):
        services.write_review(actor=trade.buyer, trade_id=trade.id, **review)


def test_the_database_refuses_an_open_trade_without_a_deadline(trade: Trade) -> None:
    with pytest.raises(IntegrityError, match="trade_open_has_deadline"), transaction.atomic():
        Trade.objects.filter(pk=trade.pk).update(deadline_at=None)


def test_everything_is_logged_in_order(trade: Trade) -> None:
    town.complete(trade)
    events = list(TradeEvent.objects.filter(trade=trade).order_by("id").values_list("event", flat=True))
    assert events == [
        "accept", "pick_place", "pick_place", "propose_time", "accept_time", "schedule", "arrive", "arrive",
        "hand_over", "release",
    ]  # fmt: skip
    assert TimeProposal.objects.filter(trade=trade, accepted_at__isnull=False).count() == 1
