"""Loading, authorising and moving offers and trades: the one place that writes a state."""

import uuid

from localex.lib import clock
from localex.members.models import Member
from localex.members.services import check_may_act
from localex.trading.errors import NotYours, OfferNotFound, TradeNotFound
from localex.trading.models import Offer, Trade, TradeEvent
from localex.trading.states import (
    HOLDING,
    Actor,
    Event,
    OfferState,
    Subject,
    TradeState,
    Transition,
    check_in_time,
    get_step,
    offer_deadline,
    trade_deadline,
)

_OFFER_PARTS = ("listing", "listing__owner", "maker", "community")
_TRADE_PARTS = ("listing", "buyer", "seller", "community", "place__community", "offer")


def access_offer(actor: Member, offer_id: uuid.UUID, *, lock: bool = False) -> Offer:
    """The offer, when `actor` made it or owns its listing; raises OfferNotFound otherwise.

    With `lock` its row is locked until the transaction ends, and `actor` must be allowed to act (MemberMayNotAct).
    """
    rows = Offer.objects.select_related(*_OFFER_PARTS).filter(community_id=actor.community_id)
    if lock:
        check_may_act(actor)
        rows = rows.select_for_update(no_key=True, of=("self",))
    offer = rows.filter(id=offer_id).first()
    if offer is None or actor.id not in {offer.maker_id, offer.listing.owner_id}:
        raise OfferNotFound("There is no such offer.")
    return offer


def access_trade(actor: Member, trade_id: uuid.UUID, *, lock: bool = False) -> Trade:
    """The trade, when `actor` is its buyer or seller; raises TradeNotFound otherwise.

    With `lock` its row is locked until the transaction ends, and `actor` must be allowed to act (MemberMayNotAct).
    Lock order everywhere: trade, listing, offers, balances, members.
    """
    rows = Trade.objects.select_related(*_TRADE_PARTS).filter(community_id=actor.community_id)
    if lock:
        check_may_act(actor)
        rows = rows.select_for_update(no_key=True, of=("self",))
    trade = rows.filter(id=trade_id).first()
    if trade is None or actor.id not in {trade.buyer_id, trade.seller_id}:
        raise TradeNotFound("There is no such trade.")
    return trade


def other_side(trade: Trade, member: Member) -> Member:
    """Who `member` trades with."""
    return trade.seller if member.id == trade.buyer_id else trade.buyer


def check_offer_actor(offer: Offer, step: Transition, actor: Member | None) -> None:
    """Raise NotYours unless `actor` may take `step`; None stands for the clock and LocalEx itself."""
    allowed = {
        Actor.MAKER: offer.maker_id,
        Actor.OWNER: offer.listing.owner_id,
        Actor.CLOCK: None,
        Actor.SYSTEM: None,
    }[step.actor]
    if allowed != (actor.id if actor else None):
        raise NotYours(f"Only {step.actor.label} can do this.", kept="Nothing was changed.")


def check_trade_actor(trade: Trade, step: Transition, actor: Member | None) -> None:
    """Raise NotYours unless `actor` may take `step`; None stands for the clock and LocalEx itself."""
    parties: dict[Actor, set[uuid.UUID | None]] = {
        Actor.BUYER: {trade.buyer_id},
        Actor.SELLER: {trade.seller_id},
        Actor.EITHER: {trade.buyer_id, trade.seller_id},
        Actor.CLOCK: {None},
        Actor.SYSTEM: {None},
    }
    if (actor.id if actor else None) not in parties[step.actor]:
        raise NotYours(f"Only {step.actor.label} can do this.", kept="Nothing was changed.")


def record(offer: Offer, trade: Trade | None, step: Transition, actor: Member | None) -> None:
    """Append what happened to the log of the offer and its trade."""
    TradeEvent.objects.create(
        community_id=offer.community_id,
        offer=offer,
        trade=trade,
        subject=step.subject,
        event=step.event,
        actor=actor,
        state_before=step.state,
        state_after=step.next,
        happened_at=clock.now(),
    )


def move_offer(offer: Offer, event: Event, *, actor: Member | None) -> Transition:
    """Take the table's step for `event`: check who, set state and deadline, save, record.

    The caller holds the row lock. Raises NotPossibleNow, NotYours.
    """
    step = get_step(Subject.OFFER, offer.state, event)
    check_offer_actor(offer, step, actor)
    now = clock.now()
    check_in_time(offer.deadline_at, event, now)
    offer.state = step.next
    offer.deadline_at = offer_deadline(now) if step.next == OfferState.OFFERED else None
    offer.answered_at = now
    offer.save(update_fields=["state", "deadline_at", "answered_at"])
    if event != Event.ACCEPT:  # acceptance is recorded with the trade that it makes
        record(offer, None, step, actor)
    return step


def move_trade(trade: Trade, event: Event, *, actor: Member | None, **changes: object) -> Transition:
    """Take the table's step for `event`: check who, apply `changes`, set state and deadline, save, record.

    The caller holds the row lock. Raises NotPossibleNow, NotYours.
    """
    step = get_step(Subject.TRADE, trade.state, event)
    check_trade_actor(trade, step, actor)
    now = clock.now()
    check_in_time(trade.deadline_at, event, now)
    for field, value in changes.items():
        setattr(trade, field, value)
    deadline = None if trade.closed_at else trade_deadline(trade, TradeState(step.next), now)
    trade.state, trade.deadline_at = step.next, deadline
    if step.next != TradeState.HANDED_OFF:  # passed through within this transaction; the next step saves
        trade.save(update_fields=["state", "deadline_at", *changes])
    record(trade.offer, trade, step, actor)
    return step


def is_holding(trade: Trade) -> bool:
    """Whether credits of this trade wait in escrow."""
    return trade.price > 0 and trade.state in HOLDING
