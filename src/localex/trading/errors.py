"""What can be refused in trading, each with a code for programs."""

from localex.lib.errors import Conflict, Forbidden, NotFound, TooManyRequests, Unprocessable
from localex.trading.states import NotPossibleNow

__all__ = [
    "ConsentMissing",
    "HandoffLocked",
    "ListingNotOpen",
    "NotPossibleNow",
    "NotYours",
    "OfferAlreadyOpen",
    "OfferNotFound",
    "OwnListing",
    "PayerShort",
    "PlaceNotProposed",
    "PriceOutOfRange",
    "TimeNotPossible",
    "TooEarly",
    "TradeNotFound",
]


class OfferNotFound(NotFound):
    """No such offer, or not theirs to see."""

    code = "offer_not_found"


class TradeNotFound(NotFound):
    """No such trade, or they are neither buyer nor seller."""

    code = "trade_not_found"


class ListingNotOpen(Conflict):
    """The listing is reserved, traded or gone."""

    code = "listing_not_open"


class OwnListing(Forbidden):
    """Nobody trades with themselves."""

    code = "own_listing"


class NotYours(Forbidden):
    """A party of the trade, but it is the other side's step."""

    code = "not_your_step"


class OfferAlreadyOpen(Conflict):
    """One open offer per member and listing."""

    code = "offer_already_open"


class PriceOutOfRange(Unprocessable):
    """The price is not what this kind of listing allows."""

    code = "price_out_of_range"


class PayerShort(Conflict):
    """Who would pay has fewer credits to spend than the price."""

    code = "not_enough_credits"


class ConsentMissing(Unprocessable):
    """The place is more than 5 miles from this member, who has not said yes to that."""

    code = "far_place_needs_consent"


class PlaceNotProposed(Unprocessable):
    """Only the proposed places can be chosen."""

    code = "place_not_proposed"


class TimeNotPossible(Unprocessable):
    """The proposed time has passed, is too far ahead, or there are too many proposals."""

    code = "time_not_possible"


class TooEarly(Conflict):
    """Arrival can be marked from one hour before the agreed time."""

    code = "too_early"


class HandoffLocked(TooManyRequests):
    """Too many wrong codes; the message says when to try again."""

    code = "handoff_locked"
