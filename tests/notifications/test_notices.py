"""Who is told what: every event of a trade, through the services, in the words that members read."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from localex.communities.models import Community
from localex.jobs import events
from localex.jobs.worker import run_until_idle
from localex.lib import clock
from localex.lib.ids import new_id
from localex.members.models import Member
from localex.notifications import audience, services, wording
from localex.notifications.models import Mail, Notice, Subject
from localex.trading import services as trading
from tests import town

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]


@pytest.fixture
def pair() -> tuple[Member, Member]:
    """A seller and a buyer who have read everything so far."""
    community = town.found_community()
    seller, buyer = town.new_member(community), town.new_member(community, shift=0.01)
    run_until_idle()
    Notice.objects.all().delete()
    return seller, buyer


def news(*members: Member) -> list[list[str]]:
    """What each member is told since the last look, in order."""
    run_until_idle()
    found = [
        list(Notice.objects.filter(member=member).select_related("community").order_by("id")) for member in members
    ]
    Notice.objects.filter(member__in=members).delete()
    return [[wording.say(notice) for notice in notices] for notices in found]


def test_offers_in_words(pair: tuple[Member, Member]) -> None:
    seller, buyer = pair
    bicycle = town.new_listing(seller, title="Bicycle with a basket")
    offer = town.new_offer(buyer, bicycle)
    assert news(seller, buyer) == [[f"{buyer} offers 30 credits for your “Bicycle with a basket”"], []]
    trading.withdraw_offer(actor=buyer, offer_id=offer.id)
    assert news(seller, buyer) == [[f"{buyer} withdrew the offer for “Bicycle with a basket”"], []]
    offer = town.new_offer(buyer, bicycle, price=1)
    trading.decline_offer(actor=seller, offer_id=offer.id)
    assert news(seller, buyer) == [
        [f"{buyer} offers 1 credit for your “Bicycle with a basket”"],
        [f"{seller} declined your offer for “Bicycle with a basket”"],
    ]


@pytest.mark.parametrize(
    ("direction", "kind", "words"),
    [
        ("offer", "gift", "{} would like your “Something nice”"),
        ("wanted", "sale", "{} has what you look for: “Something nice”, for 30 credits"),
        ("wanted", "gift", "{} would give you what you look for: “Something nice”"),
    ],
)
def test_other_kinds_of_offers(pair: tuple[Member, Member], direction: str, kind: str, words: str) -> None:
    owner, maker = pair
    town.new_offer(maker, town.new_listing(owner, direction=direction, kind=kind, title="Something nice"))
    assert news(owner, maker) == [[words.format(maker)], []]


def test_accepting_tells_the_winner_and_the_others(pair: tuple[Member, Member]) -> None:
    seller, buyer = pair
    third = town.new_member(seller.community, shift=0.02)
    listing = town.new_listing(seller)
    offer, _ = town.new_offer(buyer, listing), town.new_offer(third, listing)
    news(seller, buyer, third)
    trade = trading.accept_offer(actor=seller, offer_id=offer.id)
    assert news(seller, buyer, third) == [
        [],
        [f"{seller} accepted your offer for “A red bicycle”"],
        ["“A red bicycle” went to somebody else, so your offer ended"],
    ]
    assert trade.state == "accepted"


def test_an_offer_that_nobody_answered(pair: tuple[Member, Member]) -> None:
    seller, buyer = pair
    offer = town.new_offer(buyer, town.new_listing(seller))
    news(seller, buyer)
    with clock.shifted(timedelta(hours=49)):
        trading.end_overdue_offer(offer_id=offer.id)
        told = news(seller, buyer)
    assert told == [
        [f"The offer by {buyer} for “A red bicycle” ended without an answer"],
        [f"Your offer for “A red bicycle” ended: {seller} did not answer in time"],
    ]


def test_agreeing_on_place_and_time(pair: tuple[Member, Member]) -> None:
    seller, buyer = pair
    trade = town.new_trade(seller, buyer)
    news(seller, buyer)
    first, second = trade.place_options.order_by("rank")[:2]
    trading.pick_place(actor=buyer, trade_id=trade.id, place_id=first.place_id)
    assert news(seller, buyer) == [[f"{buyer} would like to meet at {first.place.name} for “A red bicycle”"], []]
    trading.pick_place(actor=seller, trade_id=trade.id, place_id=second.place_id)
    trading.pick_place(actor=seller, trade_id=trade.id, place_id=first.place_id)
    assert news(seller, buyer) == [[], [f"You both chose {first.place.name} for “A red bicycle”"]]
    starts_at = (clock.now() + timedelta(hours=2)).replace(second=0, microsecond=0)
    proposal = trading.propose_time(actor=buyer, trade_id=trade.id, starts_at=starts_at)
    [[proposed], nothing] = news(seller, buyer)
    local = timezone.localtime(starts_at, seller.community.zone)
    moment = f"{local:%A} {local.day} {local:%B, %H:%M}"
    assert (proposed, nothing) == (f"{buyer} proposes {moment} for “A red bicycle”", [])
    trading.accept_time(actor=seller, trade_id=trade.id, proposal_id=proposal.id)
    meeting = f"on {moment} at {first.place.name} for “A red bicycle”"
    assert news(seller, buyer) == [[f"You meet {buyer} {meeting}"], [f"You meet {seller} {meeting}"]]


def test_meeting_handing_over_and_reviewing(pair: tuple[Member, Member]) -> None:
    seller, buyer = pair
    trade = town.schedule(town.new_trade(seller, buyer))
    news(seller, buyer)
    place = trade.place.name  # type: ignore[union-attr]
    trading.mark_arrival(actor=seller, trade_id=trade.id)
    assert news(seller, buyer) == [[], [f"{seller} has arrived at {place}"]]
    trade = trading.mark_arrival(actor=buyer, trade_id=trade.id)
    assert news(seller, buyer) == [[f"{buyer} has arrived too, so you can look at “A red bicycle” together"], []]
    trading.hand_over(actor=seller, trade_id=trade.id, digits=town.code_of(trade))
    assert news(seller, buyer) == [["30 credits for “A red bicycle” are yours"], ["“A red bicycle” is yours now"]]
    trading.write_review(actor=buyer, trade_id=trade.id, stars=5)
    assert news(seller, buyer) == [[f"{buyer} wrote a review about your trade of “A red bicycle”"], []]
    trading.write_review(actor=seller, trade_id=trade.id, stars=1, text="Was late and rude to me.")
    told = news(seller, buyer)
    assert told == [
        [f"The reviews of your trade with {buyer} are out"],
        [f"The reviews of your trade with {seller} are out"],
    ]


def test_the_end_of_a_gift(pair: tuple[Member, Member]) -> None:
    seller, buyer = pair
    trade = town.meet(town.new_trade(seller, buyer, kind="gift"))
    news(seller, buyer)
    trading.hand_over(actor=seller, trade_id=trade.id, digits=town.code_of(trade))
    assert news(seller, buyer)[0] == [f"You gave “A red bicycle” to {buyer}"]


def test_calling_off(pair: tuple[Member, Member]) -> None:
    seller, buyer = pair
    trade = town.new_trade(seller, buyer)
    news(seller, buyer)
    trading.cancel_trade(actor=seller, trade_id=trade.id)
    run_until_idle()
    notice = Notice.objects.get(member=buyer)
    assert wording.say(notice) == f"{seller} called off the trade of “A red bicycle”"
    assert wording.say_after(notice) == "Your 30 credits are yours to spend again."
    assert not Notice.objects.filter(member=seller).exists()


def test_not_taking_the_thing(pair: tuple[Member, Member]) -> None:
    seller, buyer = pair
    trade = town.meet(town.new_trade(seller, buyer))
    news(seller, buyer)
    trading.decline_item(actor=buyer, trade_id=trade.id)
    assert news(seller, buyer) == [[f"{buyer} looked at “A red bicycle” and decided not to take it"], []]


def test_what_the_clock_ends_is_told_to_both(pair: tuple[Member, Member]) -> None:
    seller, buyer = pair
    trade = town.new_trade(seller, buyer)
    news(seller, buyer)
    with clock.shifted(timedelta(hours=73)):
        trading.end_overdue_trade(trade_id=trade.id)
        told = news(seller, buyer)
    assert told == [["The trade of “A red bicycle” ended, because no place and time were agreed in 72 hours"]] * 2
    trade = town.schedule(town.new_trade(seller, buyer))
    news(seller, buyer)
    with clock.shifted(timedelta(hours=50)):
        trading.end_overdue_trade(trade_id=trade.id)
        told = news(seller, buyer)
    assert told == [["The trade of “A red bicycle” ended without a handoff"]] * 2


def test_a_newcomer_is_welcomed_without_mail() -> None:
    member = town.new_member(town.found_community())
    assert news(member) == [["Welcome to Krems: you have 100 credits to start with"]]
    assert not Mail.objects.filter(notice__member=member).exists()


def test_old_news_is_not_told(pair: tuple[Member, Member]) -> None:
    """The worker was away: by now the trade is planned, and what led to it is no news."""
    seller, buyer = pair
    trade = town.new_trade(seller, buyer)
    news(seller, buyer)
    town.schedule(trade)
    assert [len(told) for told in news(seller, buyer)] == [1, 1]


def test_each_notice_with_mail_has_one_mail(pair: tuple[Member, Member]) -> None:
    seller, buyer = pair
    town.new_offer(buyer, town.new_listing(seller))
    run_until_idle()
    notice = Notice.objects.get(member=seller)
    assert (notice.subject, notice.actor) == (Subject.OFFER, buyer)
    assert Mail.objects.filter(notice=notice).count() == 1


def test_who_has_left_is_told_nothing(pair: tuple[Member, Member]) -> None:
    seller, buyer = pair
    offer = town.new_offer(buyer, town.new_listing(seller))
    Member.objects.filter(id=seller.id).update(state=Member.State.CLOSED)
    run_until_idle()
    assert not Notice.objects.filter(member=seller).exists()
    assert offer.state == "offered"


@pytest.mark.parametrize("name", sorted(audience.EVENTS))
def test_an_event_about_something_that_is_gone_is_no_error(name: str) -> None:
    ids = {"offer_id": new_id(), "trade_id": new_id(), "listing_id": new_id(), "member_id": new_id()}
    assert services.tell(audience.Happened(name=name, **ids)) == []


def test_every_event_is_listened_to() -> None:
    assert set(audience.EVENTS) <= events.subscribed_names()


def example(kind: str, **facts: Any) -> Notice:
    """A notice of this kind that is in no database."""
    community = Community(name="Krems", timezone="Europe/Vienna")
    everything = {"who": "BlueBird_7432", "thing": "Bicycle & <b>basket</b>", "amount": 3000, "is_buyer": True}
    everything |= {"place": "Town hall", "when": "2026-11-24T16:00:00+00:00"}
    return Notice(community=community, kind=kind, facts=everything | facts, subject=Subject.TRADE, subject_id=new_id())


@pytest.mark.parametrize("kind", sorted(wording.KINDS))
def test_every_kind_reads_well(kind: str) -> None:
    for facts in ({}, {"amount": 0}, {"is_buyer": False}):
        notice = example(kind, **facts)
        for words in (wording.say(notice), wording.say_after(notice)):
            assert not re.search(r"[{}%]|None|\s{2}|!", words), words
        assert not wording.say(notice).endswith(".")
        assert len(wording.say(notice)) < 140
        assert wording.find_path(notice).startswith("/")


def test_an_unknown_kind_of_a_later_release_is_still_told() -> None:
    assert wording.say(example("from_the_future")) == "There is news"


def test_moments_are_told_in_the_communitys_time() -> None:
    words = wording.say(example("meeting_planned"))
    assert "Tuesday 24 November, 17:00" in words  # 16:00 UTC in Vienna


def test_notices_and_mails_go_after_ninety_days(pair: tuple[Member, Member]) -> None:
    seller, buyer = pair
    with clock.shifted(timedelta(days=-91)):
        town.new_offer(buyer, town.new_listing(seller))
        run_until_idle()
    town.new_offer(buyer, town.new_listing(seller))
    run_until_idle()
    assert Notice.objects.filter(member=seller).count() == 2
    services.prune()
    assert Notice.objects.filter(member=seller).count() == 1
    assert Mail.objects.filter(notice__member=seller).count() == 1
