"""Whose turn it is, said in one sentence, and the four stations that a trade's page draws."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from localex.lib import clock, money
from localex.members.models import Member
from localex.trading.models import Offer, TimeProposal, Trade
from localex.trading.states import TradeState


@dataclass(frozen=True, slots=True)
class Turn:
    """What happens next: whether it is this member's step, what it is, and the part of the page where it is done."""

    is_mine: bool
    words: str
    step: str  # place, time, arrive, code, type_code, review, wait, over


@dataclass(frozen=True, slots=True)
class Station:
    """One of the four stations of the timeline."""

    name: str
    status: str  # done, current, next, or off: will not be reached any more
    note: str
    when: datetime | None = None


def say_time(when: datetime) -> str:
    """ "today 18:00", "tomorrow 12:00" or "Saturday 28 November, 10:00", in the time zone in force."""
    local = timezone.localtime(when)
    days = (local.date() - timezone.localtime(clock.now()).date()).days
    if days in {0, 1}:
        return f"{('today', 'tomorrow')[days]} {local:%H:%M}"
    return f"{local:%A} {local.day} {local:%B, %H:%M}"


def offer_words(offer: Offer) -> str:
    """What the owner of the listing is asked to do."""
    if offer.price == 0:
        return f"Answer {offer.maker.display_name}, who asks for this"
    return f"Answer the offer of {money.display(offer.price)} credits"


def turn_of(  # noqa: PLR0911 - one return for each of the states
    trade: Trade,
    member: Member,
    *,
    proposals: Sequence[TimeProposal] = (),
    review_writers: Collection[uuid.UUID] = (),
) -> Turn:
    """The next step of `trade` as `member` sees it.

    `proposals` are its open time proposals and `review_writers` the ids of who has reviewed already.
    """
    is_buyer = member.id == trade.buyer_id
    if trade.closed_at is not None:
        return Turn(False, _ending_words(trade), "over")
    if trade.state == TradeState.ACCEPTED:
        mine, theirs = trade.buyer_pick_id, trade.seller_pick_id
        if not is_buyer:
            mine, theirs = theirs, mine
        if trade.place_id is None and (mine is None or theirs is not None):
            return _choosing_place(is_first_choice=mine is None)
        if trade.meet_starts_at is None:
            return _choosing_time(member, proposals)
        return Turn(False, "Wait for the other side to choose a place", "wait")
    if trade.state == TradeState.MEETING:
        if is_buyer:
            return Turn(True, "Look at the item, then show the code", "code")
        return Turn(True, "Let the buyer look, then type the code that they show you", "type_code")
    if trade.state == TradeState.COMPLETED:
        if member.id in review_writers:
            return Turn(False, "Your review is written. It appears when both have written", "wait")
        return Turn(True, "Say how it went", "review")
    return _arriving(trade, is_buyer)


def _choosing_place(*, is_first_choice: bool) -> Turn:
    if is_first_choice:
        return Turn(True, "Choose a safe place to meet", "place")
    return Turn(True, "You chose different places: choose again or wait for the other side", "place")


def _choosing_time(member: Member, proposals: Sequence[TimeProposal]) -> Turn:
    if any(proposal.proposer_id != member.id for proposal in proposals):
        return Turn(True, "Agree to one of the proposed times, or propose another", "time")
    if not proposals:
        return Turn(True, "Propose a time to meet", "time")
    return Turn(False, "Wait for the other side to agree to a time", "wait")


def _arriving(trade: Trade, is_buyer: bool) -> Turn:
    if trade.buyer_arrived_at if is_buyer else trade.seller_arrived_at:
        return Turn(False, "You are here. Wait for the other side to arrive", "wait")
    if trade.state == TradeState.ARRIVED:
        return Turn(True, "The other side is there: say when you have arrived", "arrive")
    when = f" {say_time(trade.meet_starts_at)}" if trade.meet_starts_at else ""
    where = f" at {trade.place.name}" if trade.place else ""
    return Turn(True, f"Meet{when}{where}, and say when you have arrived", "arrive")


def _ending_words(trade: Trade) -> str:
    if trade.state == TradeState.COMPLETED:
        return "This trade is complete"
    refund = " The credits went back to the buyer" if trade.price else ""
    if trade.state == TradeState.CANCELLED:
        return f"This trade was called off.{refund}"
    return f"This trade ended without a handover.{refund}"


def credits_words(trade: Trade, member: Member) -> str:
    """Where the credits of the trade are, in one sentence."""
    if trade.price == 0:
        return "This is a gift: no credits change hands."
    cost = trade.quote
    is_buyer = member.id == trade.buyer_id
    if trade.state == TradeState.COMPLETED:
        if is_buyer:
            fees = f", and {money.display(cost.held - cost.payout)} went to {trade.community.name} as fees"
            return f"{money.display(cost.payout)} credits were released to the seller{fees if cost.has_fees else ''}."
        fee = f": {money.display(cost.price)} less the fee of {money.display(cost.seller_fee)}"
        return f"{money.display(cost.payout)} credits were released to you{fee if cost.seller_fee else ''}."
    amount = f"{money.display(cost.held)} credits"
    if trade.state in {TradeState.CANCELLED, TradeState.REFUNDED}:
        return f"{amount} went back to {'you' if is_buyer else 'the buyer'}."
    until = "you hand over the code" if is_buyer else "the buyer hands over the code"
    return f"{amount} are held safely until {until}."


def stations_of(trade: Trade) -> list[Station]:
    """Agreed, planned, met, done: which are behind, which is now, which come."""
    reached = {
        TradeState.ACCEPTED: 1,
        TradeState.SCHEDULED: 2,
        TradeState.ARRIVED: 2,
        TradeState.MEETING: 3,
        TradeState.COMPLETED: 4,
    }.get(TradeState(trade.state), 0)
    met_at = max(filter(None, [trade.buyer_arrived_at, trade.seller_arrived_at]), default=None)
    notes = [
        ("Agreed", "On the price", trade.created_at),
        ("Planned", "Place and time", trade.meet_starts_at if reached >= 2 else None),
        ("Met", "At a safe place", met_at if reached >= 3 else None),
        ("Done", "Code given, credits released" if trade.price else "Code given", trade.completed_at),
    ]
    if reached == 0:  # ended early: what was reached stays, the rest never comes
        reached = (
            3 if met_at and trade.state == TradeState.REFUNDED else 2 if trade.place_id and trade.meet_starts_at else 1
        )
        return [
            Station(name, "done" if number <= reached else "off", note, when if number <= reached else None)
            for number, (name, note, when) in enumerate(notes, start=1)
        ]
    return [
        Station(name, "done" if number <= reached else "current" if number == reached + 1 else "next", note, when)
        for number, (name, note, when) in enumerate(notes, start=1)
    ]


def after_deadline(trade: Trade) -> str:
    """What happens when the deadline passes and nobody has acted."""
    if trade.closed_at is not None:
        return ""
    if trade.state == TradeState.COMPLETED:
        return "After that, what has been written is published."
    refund = " and the credits go back to the buyer" if trade.price else ""
    return f"After that, the trade ends without blame{refund}."
