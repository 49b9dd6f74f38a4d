"""The moment the thing changes hands: the code is right, the credits are the seller's."""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from localex.credits import services as credit_services
from localex.jobs import events
from localex.lib import clock
from localex.lib.ids import new_id
from localex.listings import services as listing_services
from localex.members import services as member_services
from localex.members.models import Member
from localex.trading import codes, steps
from localex.trading.errors import HandoffLocked, NotYours
from localex.trading.models import Trade
from localex.trading.states import Event, Subject, TradeState, get_step

MAX_WRONG_TRIES = 5
LOCKED_FOR = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class HandoffResult:
    """Whether the code was right; if not, how many tries are left and until when the field stays locked."""

    is_right: bool
    tries_left: int
    locked_until: datetime | None = None


def hand_over(*, actor: Member, trade_id: uuid.UUID, digits: str) -> HandoffResult:
    """The seller types the buyer's code: right, and the credits are released, in this one transaction.

    A wrong code is a result and not an error, because counting it must be committed. After 5 wrong codes nothing is
    accepted for 15 minutes. The same right code sent twice releases once. Locks trade, listing, balances, members.
    Raises TradeNotFound, NotPossibleNow, NotYours (the buyer), HandoffLocked.
    """
    trade = steps.access_trade(actor, trade_id, lock=True)
    if trade.seller_id != actor.id:
        raise NotYours("Only the seller types the code.", kept="Nothing was changed.")
    if trade.state == TradeState.COMPLETED:
        return HandoffResult(is_right=True, tries_left=MAX_WRONG_TRIES)
    get_step(Subject.TRADE, trade.state, Event.HAND_OVER)
    now = clock.now()
    if trade.handoff_locked_until and trade.handoff_locked_until > now:
        minutes = int((trade.handoff_locked_until - now).total_seconds() // 60) + 1
        raise HandoffLocked(
            f"Too many wrong codes. Try again in {minutes} minute{'s' if minutes > 1 else ''}.",
            kept="The credits are still held safely.",
        )
    if not codes.is_code(trade.handoff_secret, re.sub(r"\D", "", digits), now):
        return _count_wrong_try(trade, now)
    _complete(trade, actor, now)
    return HandoffResult(is_right=True, tries_left=MAX_WRONG_TRIES)


def _count_wrong_try(trade: Trade, now: datetime) -> HandoffResult:
    trade.handoff_wrong_tries += 1
    left = MAX_WRONG_TRIES - trade.handoff_wrong_tries
    if left <= 0:
        trade.handoff_wrong_tries = 0
        trade.handoff_locked_until = now + LOCKED_FOR
    trade.save(update_fields=["handoff_wrong_tries", "handoff_locked_until"])
    return HandoffResult(
        is_right=False, tries_left=max(left, 0), locked_until=trade.handoff_locked_until if left <= 0 else None
    )


def _complete(trade: Trade, seller: Member, now: datetime) -> None:
    steps.move_trade(trade, Event.HAND_OVER, actor=seller)
    steps.move_trade(trade, Event.RELEASE, actor=None, completed_at=now)
    listing_services.mark_traded(listing_id=trade.listing_id)
    if trade.price > 0:
        credit_services.release(
            key=new_id(), trade_id=trade.id, payee=trade.seller.ledger_ref, actor=trade.seller.ledger_ref
        )
    member_services.record_trade_completed(member_ids=[trade.buyer_id, trade.seller_id])
    events.publish("trade.completed", trade_id=trade.id)
