"""Who is told what: for each event, one function that reads the present state and names the notices.

Tasks run late: a function that finds that the news is no news any more names nobody.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from localex.listings import queries as listing_queries
from localex.members import queries as member_queries
from localex.members.models import Member
from localex.notifications.models import Subject
from localex.trading import queries as trading_queries
from localex.trading.models import Offer, Trade
from localex.trading.states import TradeState


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A notice that is to be made."""

    kind: str
    member: Member
    actor: Member | None
    subject: Subject
    subject_id: uuid.UUID | None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Happened:
    """An event as its task gets it; ids that it does not carry are None."""

    name: str
    offer_id: uuid.UUID | None = None
    trade_id: uuid.UUID | None = None
    listing_id: uuid.UUID | None = None
    member_id: uuid.UUID | None = None
    actor_id: uuid.UUID | None = None
    payment_id: uuid.UUID | None = None


Teller = Callable[[Happened], Iterable[Draft]]


# --- offers


def _of_offer(offer: Offer, kind: str, *, to: Member, by: Member, **facts: Any) -> Draft:
    facts = {"who": by.display_name, "thing": offer.listing.title, "amount": offer.price, **facts}
    return Draft(kind=kind, member=to, actor=by, subject=Subject.OFFER, subject_id=offer.id, facts=facts)


def _about_offer(tell: Callable[[Offer], Iterable[Draft]]) -> Teller:
    def teller(happened: Happened) -> Iterable[Draft]:
        offer = trading_queries.find_offer(offer_id=happened.offer_id) if happened.offer_id else None
        return tell(offer) if offer else []

    return teller


def _offer_made(offer: Offer) -> Iterable[Draft]:
    if offer.listing.is_wanted:
        kind = "wanted_offered" if offer.price else "wanted_given"
    else:
        kind = "offer_made" if offer.price else "gift_asked"
    return [_of_offer(offer, kind, to=offer.listing.owner, by=offer.maker)]


def _offer_accepted(offer: Offer) -> Iterable[Draft]:
    trade = trading_queries.find_trade(offer_id=offer.id)
    return [_of_trade(trade, "offer_accepted", to=offer.maker)] if trade else []


def _offer_declined(offer: Offer) -> Iterable[Draft]:
    if trading_queries.is_superseded(offer):
        return [_of_offer(offer, "offer_superseded", to=offer.maker, by=offer.listing.owner)]
    return [_of_offer(offer, "offer_declined", to=offer.maker, by=offer.listing.owner)]


def _offer_withdrawn(offer: Offer) -> Iterable[Draft]:
    return [_of_offer(offer, "offer_withdrawn", to=offer.listing.owner, by=offer.maker)]


def _offer_expired(offer: Offer) -> Iterable[Draft]:
    owner = offer.listing.owner
    return [
        _of_offer(offer, "own_offer_expired", to=offer.maker, by=owner),
        _of_offer(offer, "offer_expired", to=owner, by=offer.maker),
    ]


# --- trades


def _other(trade: Trade, member: Member) -> Member:
    return trade.seller if member.id == trade.buyer_id else trade.buyer


def _of_trade(trade: Trade, kind: str, *, to: Member, **facts: Any) -> Draft:
    other = _other(trade, to)
    facts = {
        "who": other.display_name,
        "thing": trade.listing.title,
        # What moves on their side: the buyer's fee is held and comes back together with the price.
        "amount": trade.quote.held if to.id == trade.buyer_id else trade.price,
        "is_buyer": to.id == trade.buyer_id,
        **facts,
    }
    return Draft(kind=kind, member=to, actor=other, subject=Subject.TRADE, subject_id=trade.id, facts=facts)


def _about_trade(tell: Callable[[Trade, Member | None], Iterable[Draft]]) -> Teller:
    """`tell` gets the trade, and the side that did not act, or None when nobody acted."""

    def teller(happened: Happened) -> Iterable[Draft]:
        trade = trading_queries.find_trade(trade_id=happened.trade_id) if happened.trade_id else None
        if trade is None:
            return []
        sides = {trade.buyer_id: trade.seller, trade.seller_id: trade.buyer}
        return tell(trade, sides.get(happened.actor_id) if happened.actor_id else None)

    return teller


def _both(trade: Trade, kind: str, **facts: Any) -> list[Draft]:
    return [_of_trade(trade, kind, to=member, **facts) for member in (trade.buyer, trade.seller)]


def _is_agreeing(trade: Trade) -> bool:
    # Once both place and time are agreed, one notice about the meeting says it all.
    return trade.state == TradeState.ACCEPTED


def _place_picked(trade: Trade, other: Member | None) -> Iterable[Draft]:
    pick = trade.seller_pick if other and other.id == trade.buyer_id else trade.buyer_pick
    if other is None or pick is None or not _is_agreeing(trade) or trade.place_id:
        return []
    return [_of_trade(trade, "place_picked", to=other, place=pick.name)]


def _place_agreed(trade: Trade, other: Member | None) -> Iterable[Draft]:
    if other is None or trade.place is None or not _is_agreeing(trade):
        return []
    return [_of_trade(trade, "place_agreed", to=other, place=trade.place.name)]


def _time_proposed(trade: Trade, other: Member | None) -> Iterable[Draft]:
    if other is None or not _is_agreeing(trade) or trade.meet_starts_at:
        return []
    proposals = [each for each in trading_queries.list_time_proposals(trade) if each.proposer_id != other.id]
    if not proposals:
        return []
    newest = max(proposals, key=lambda each: each.id)
    return [_of_trade(trade, "time_proposed", to=other, when=newest.starts_at.isoformat())]


def _time_agreed(trade: Trade, other: Member | None) -> Iterable[Draft]:
    if other is None or trade.meet_starts_at is None or not _is_agreeing(trade):
        return []
    return [_of_trade(trade, "time_agreed", to=other, when=trade.meet_starts_at.isoformat())]


def _scheduled(trade: Trade, other: Member | None) -> Iterable[Draft]:
    if trade.place is None or trade.meet_starts_at is None:
        return []
    return _both(trade, "meeting_planned", place=trade.place.name, when=trade.meet_starts_at.isoformat())


def _arrived(trade: Trade, other: Member | None) -> Iterable[Draft]:
    if other is None or trade.place is None or trade.state not in (TradeState.ARRIVED, TradeState.MEETING):
        return []
    return [_of_trade(trade, "other_arrived", to=other, place=trade.place.name)]


def _meeting(trade: Trade, other: Member | None) -> Iterable[Draft]:
    return [_of_trade(trade, "both_there", to=other)] if other and trade.state == TradeState.MEETING else []


def _completed(trade: Trade, other: Member | None) -> Iterable[Draft]:
    return [
        _of_trade(trade, "item_received", to=trade.buyer),
        _of_trade(trade, "credits_released", to=trade.seller, amount=trade.quote.payout),
    ]


def _cancelled(trade: Trade, other: Member | None) -> Iterable[Draft]:
    return [_of_trade(trade, "trade_cancelled", to=other)] if other else _both(trade, "trade_ran_out")


def _refunded(trade: Trade, other: Member | None) -> Iterable[Draft]:
    return [_of_trade(trade, "item_declined", to=other)] if other else _both(trade, "trade_refunded")


def _review_written(trade: Trade, other: Member | None) -> Iterable[Draft]:
    # Double-blind: what was written is not told, and once both are out this is old news.
    return [_of_trade(trade, "review_waits", to=other)] if other and trade.closed_at is None else []


def _reviews_published(trade: Trade, other: Member | None) -> Iterable[Draft]:
    return _both(trade, "reviews_published") if trading_queries.list_reviews_of_trade(trade) else []


# --- around it


def _member_confirmed(happened: Happened) -> Iterable[Draft]:
    member = member_queries.find_member(member_id=happened.member_id) if happened.member_id else None
    if member is None:
        return []
    facts = {"amount": member.community.starter_grant if member.starter_granted_at else 0}
    return [Draft(kind="welcome", member=member, actor=None, subject=Subject.CREDITS, subject_id=None, facts=facts)]


def _credits_given(happened: Happened) -> Iterable[Draft]:
    payment = trading_queries.find_staff_payment(payment_id=happened.payment_id) if happened.payment_id else None
    if payment is None or payment.member is None:
        return []
    facts = {
        "amount": payment.amount,
        "why": payment.reason,
        "thing": payment.trade.listing.title if payment.trade else "",
    }
    kind = "compensated" if payment.trade else "credits_given"
    return [Draft(kind=kind, member=payment.member, actor=None, subject=Subject.CREDITS, subject_id=None, facts=facts)]


def _listing_expired(happened: Happened) -> Iterable[Draft]:
    listing = listing_queries.find_listing(listing_id=happened.listing_id) if happened.listing_id else None
    if listing is None:
        return []
    facts = {"thing": listing.title}
    return [
        Draft(
            kind="listing_expired",
            member=listing.owner,
            actor=None,
            subject=Subject.LISTING,
            subject_id=listing.id,
            facts=facts,
        )
    ]


EVENTS: dict[str, Teller] = {
    "offer.made": _about_offer(_offer_made),
    "offer.accepted": _about_offer(_offer_accepted),
    "offer.declined": _about_offer(_offer_declined),
    "offer.withdrawn": _about_offer(_offer_withdrawn),
    "offer.expired": _about_offer(_offer_expired),
    "trade.place_picked": _about_trade(_place_picked),
    "trade.place_agreed": _about_trade(_place_agreed),
    "trade.time_proposed": _about_trade(_time_proposed),
    "trade.time_agreed": _about_trade(_time_agreed),
    "trade.scheduled": _about_trade(_scheduled),
    "trade.arrived": _about_trade(_arrived),
    "trade.meeting": _about_trade(_meeting),
    "trade.completed": _about_trade(_completed),
    "trade.cancelled": _about_trade(_cancelled),
    "trade.refunded": _about_trade(_refunded),
    "review.written": _about_trade(_review_written),
    "reviews.published": _about_trade(_reviews_published),
    "member.confirmed": _member_confirmed,
    "listing.expired": _listing_expired,
    "credits.given": _credits_given,
}


def list_drafts(happened: Happened) -> list[Draft]:
    """The notices that follow from an event, for members who have not left."""
    teller = EVENTS.get(happened.name)
    drafts = teller(happened) if teller else []
    return [draft for draft in drafts if draft.member.state != Member.State.CLOSED]
