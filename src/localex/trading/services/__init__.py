"""Everything that changes an offer or a trade; each function is complete: state, ledger, jobs and log."""

from localex.trading.services.endings import cancel_trade, decline_item, end_overdue_offer, end_overdue_trade
from localex.trading.services.handoffs import HandoffResult, hand_over
from localex.trading.services.meetups import accept_time, mark_arrival, pick_place, propose_time
from localex.trading.services.offers import accept_offer, decline_offer, decline_open_offers, make_offer, withdraw_offer
from localex.trading.services.reviews import write_review

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
    "hand_over",
    "make_offer",
    "mark_arrival",
    "pick_place",
    "propose_time",
    "withdraw_offer",
    "write_review",
]
