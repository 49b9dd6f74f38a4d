"""Every way in which a trade ends without a handoff, and what the clock does when nobody acted."""

import uuid
from datetime import timedelta

from localex.credits import queries as credit_queries
from localex.credits import services as credit_services
from localex.credits.errors import HoldEnded
from localex.jobs import events
from localex.lib import clock
from localex.lib.ids import new_id
from localex.listings import services as listing_services
from localex.members.models import Member
from localex.trading import steps
from localex.trading.models import Offer, Trade
from localex.trading.services.reviews import publish_reviews
from localex.trading.states import Event, OfferState, Subject, TradeState, get_step

LATE_CANCEL = timedelta(hours=2)
GIVEN_BACK = frozenset({"refunded", "expired"})


def cancel_trade(*, actor: Member, trade_id: uuid.UUID) -> Trade:
    """Call the trade off: the credits go back to where they came from and the listing is open again.

    Free until scheduled; after that it counts on the canceller's record, as late within 2 hours of the meetup. Twice is
    the same as once. Locks trade, listing, balances. Raises TradeNotFound, NotPossibleNow.
    """
    trade = steps.access_trade(actor, trade_id, lock=True)
    if trade.state == TradeState.CANCELLED and trade.cancelled_by_id == actor.id:
        return trade
    get_step(Subject.TRADE, trade.state, Event.CANCEL)
    is_late = trade.meet_starts_at is not None and clock.now() > trade.meet_starts_at - LATE_CANCEL
    arrived = trade.buyer_arrived_at if actor.id == trade.buyer_id else trade.seller_arrived_at
    _end(
        trade,
        Event.CANCEL,
        actor=actor,
        cancelled_by=actor,
        # Who came and was left waiting has nothing to answer for.
        is_late_cancel=is_late and trade.state != TradeState.ACCEPTED and arrived is None,
    )
    events.publish("trade.cancelled", trade_id=trade.id, actor_id=actor.id)
    return trade


def decline_item(*, actor: Member, trade_id: uuid.UUID) -> Trade:
    """The buyer has looked and says no, without penalty: refund and relist. Twice is the same as once.

    Locks trade, listing, balances. Raises TradeNotFound, NotPossibleNow, NotYours (the seller).
    """
    trade = steps.access_trade(actor, trade_id, lock=True)
    if trade.state == TradeState.REFUNDED and trade.buyer_id == actor.id:
        return trade
    _end(trade, Event.DECLINE_ITEM, actor=actor)
    events.publish("trade.refunded", trade_id=trade.id, actor_id=actor.id)
    return trade


def _end(trade: Trade, event: Event, *, actor: Member | None, **changes: object) -> None:
    was_holding = steps.is_holding(trade)
    steps.move_trade(trade, event, actor=actor, closed_at=clock.now(), **changes)
    listing_services.relist_after_trade(listing_id=trade.listing_id)
    if was_holding and not _is_given_back(trade):
        _give_back(trade, actor)


def _is_given_back(trade: Trade) -> bool:
    """Whether the credits of a trade are with the buyer again, because its hold expired in the ledger."""
    hold = credit_queries.find_hold(trade_id=trade.id)
    return hold is not None and hold.state in GIVEN_BACK


def _give_back(trade: Trade, actor: Member | None) -> None:
    try:
        credit_services.refund(key=new_id(), trade_id=trade.id, actor=actor.ledger_ref if actor else None)
    except HoldEnded:
        # The ledger's sweep of expired holds came between our look and our refund.
        if not _is_given_back(trade):
            raise


def end_overdue_offer(*, offer_id: uuid.UUID) -> bool:
    """Let an offer expire when its deadline has passed; False when there was nothing to do. Locks the offer."""
    offer = (
        Offer.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .select_related("listing")
        .filter(id=offer_id, state=OfferState.OFFERED, deadline_at__lte=clock.now())
        .first()
    )
    if offer is None:
        return False
    steps.move_offer(offer, Event.TIME_OUT, actor=None)
    events.publish("offer.expired", offer_id=offer.id)
    return True


def end_overdue_trade(*, trade_id: uuid.UUID) -> bool:
    """Do what the table says when a trade's deadline has passed; False when there was nothing to do.

    Locks trade, listing, balances.
    """
    trade = (
        Trade.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .select_related("offer", "buyer", "seller")
        .filter(id=trade_id, deadline_at__lte=clock.now())
        .first()
    )
    if trade is None:
        return False
    if trade.state == TradeState.COMPLETED:
        publish_reviews(trade, Event.TIME_OUT)
        return True
    _time_out(trade)
    return True


def end_trade_given_back(*, trade_id: uuid.UUID) -> bool:
    """End a trade whose hold the ledger let expire, whatever its own deadline says; False when it has ended already.

    Locks trade, listing.
    """
    trade = (
        Trade.objects.select_for_update(no_key=True, of=("self",))
        .select_related("offer", "buyer", "seller")
        .filter(id=trade_id)
        .first()
    )
    if trade is None or not steps.is_holding(trade) or not _is_given_back(trade):
        return False
    _time_out(trade)
    return True


def _time_out(trade: Trade) -> None:
    _end(trade, Event.TIME_OUT, actor=None)
    name = "trade.cancelled" if trade.state == TradeState.CANCELLED else "trade.refunded"
    events.publish(name, trade_id=trade.id)
