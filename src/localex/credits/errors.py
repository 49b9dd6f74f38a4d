"""What can go wrong with a posting: one class for every code that the ledger's functions give.

A **refusal** is a decision: it is a row in the journal, the same key stays refused, and the caller may catch the error
and go on in the same transaction. If the caller lets the transaction roll back, the row goes too, as if nobody had
asked. A **rejection** (SQLSTATE LX...) is a request that makes no sense; it leaves no row and aborts the transaction.
"""

from localex.lib.errors import Conflict, LocalExError, NotFound

NOTHING_MOVED = "Your credits are where they were."


class InsufficientCredits(Conflict):
    """The payer has less than the amount above the floor of both accounts."""

    code = "insufficient_credits"
    sentence = "You do not have enough credits for this."


class LimitReached(Conflict):
    """The receiving account would go above its ceiling."""

    code = "limit_reached"
    sentence = "That is more credits than this account may hold."


class AccountClosed(Conflict):
    """An account that takes part is closed."""

    code = "account_closed"
    sentence = "One of the two accounts is closed, so no credits can move."


class HoldExists(Conflict):
    """Credits were already set aside for this trade."""

    code = "hold_exists"
    sentence = "Credits are already held safely for this trade."


class HoldEnded(Conflict):
    """The hold was released or refunded before."""

    code = "hold_ended"
    sentence = "The credits of this trade are no longer held: they were already released or returned."


class HoldExpired(Conflict):
    """The hold's deadline has passed by the database's clock; it can only be refunded."""

    code = "hold_expired"
    sentence = "The time for this trade has passed, so its credits can only go back to the buyer."


class KeyReused(Conflict):
    """The key was used for another request."""

    code = "key_reused"
    sentence = "This request was already used for something else. Reload the page and try again."


class KeyExpired(Conflict):
    """The key is older than 7 days, or from the future."""

    code = "key_expired"
    sentence = "This request is too old to carry out. Reload the page and try again."


class CreditsHeld(Conflict):
    """The member's accounts cannot close while credits of theirs are held."""

    code = "credits_held"
    sentence = "Credits of yours are still held safely for a trade. Finish or cancel it first."


class UnknownAccount(NotFound):
    """An account that the posting needs was never opened: a defect of the caller."""

    code = "unknown_account"
    sentence = "There is no such account in this community."


class UnknownHold(NotFound):
    """No credits were ever held for this trade."""

    code = "unknown_hold"
    sentence = "No credits are held for this trade."


class InvalidPosting(LocalExError):
    """The request makes no sense (an amount of zero, a deadline in the past): a defect of the caller."""

    code = "invalid_posting"
    sentence = "Something went wrong on our side with moving credits."


REFUSALS: dict[str, type[LocalExError]] = {
    error.code: error
    for error in (InsufficientCredits, LimitReached, AccountClosed, HoldExists, HoldEnded, HoldExpired)
}
REJECTIONS: dict[str, type[LocalExError]] = {
    "LX001": KeyReused,
    "LX002": KeyExpired,
    "LX003": InvalidPosting,
    "LX004": UnknownAccount,
    "LX005": UnknownHold,
    "LX006": InvalidPosting,
    "LX007": CreditsHeld,
}
# Two sessions that never met on a lock: the same key for two requests, or two holds for one trade.
CONSTRAINTS: dict[str, type[LocalExError]] = {"journal_pkey": KeyReused, "hold_pkey": HoldExists}


def error_for(kind: type[LocalExError]) -> LocalExError:
    """The error with its sentence for people."""
    return kind(str(getattr(kind, "sentence", "")), kept=NOTHING_MOVED)
