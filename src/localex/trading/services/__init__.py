"""Everything that changes an offer or a trade; each function is complete: state, ledger, jobs and log."""

from localex.trading.services.credit_lines import raise_credit_line
from localex.trading.services.endings import (
    cancel_trade,
    decline_item,
    end_overdue_offer,
    end_overdue_trade,
    end_trade_given_back,
)
from localex.trading.services.handoffs import HandoffResult, hand_over
from localex.trading.services.meetups import accept_time, mark_arrival, pick_place, propose_time
from localex.trading.services.offers import accept_offer, decline_offer, decline_open_offers, make_offer, withdraw_offer
from localex.trading.services.reviews import write_review
from localex.trading.services.staff_payments import fund_protection, grant_credits, pay_compensation

__all__ = [
    "HandoffResult",
    "accept_offer",
    "accept_time",
    "cancel_trade",
    "decline_item",
    "decline_offer",
    "decline_open_offers",
    "end_overdue_offer",
    "end_overdue_trade",
    "end_trade_given_back",
    "fund_protection",
    "grant_credits",
    "hand_over",
    "make_offer",
    "mark_arrival",
    "pay_compensation",
    "pick_place",
    "propose_time",
    "raise_credit_line",
    "withdraw_offer",
    "write_review",
]
