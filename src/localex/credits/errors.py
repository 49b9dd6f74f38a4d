"""What can go wrong with a posting: one class for every code that the ledger's functions give.

A **refusal** is a decision: it is a row in the journal, the same key stays refused, and the caller may catch the error
and go on in the same transaction. If the caller lets the transaction roll back, the row goes too, as if nobody had
asked. A **rejection** (SQLSTATE LX...) is a request that makes no sense; it leaves no row and aborts the transaction.
"""

from localex.lib.errors import Conflict, LocalExError, NotFound, Unavailable

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


class AlreadyGranted(Conflict):
    """This member has had this grant: a starter grant, or the bonus for this newcomer."""

    code = "already_granted"
    sentence = "This member has already received these credits. They are given only once."


class OtherPayee(Conflict):
    """The hold names another member as the one to whom it can go."""

    code = "other_payee"
    sentence = "These credits are held for somebody else, so they cannot go to this member."


class HoldNotExpired(Conflict):
    """The hold's deadline has not passed by the database's clock."""

    code = "hold_not_expired"
    sentence = "The time for this trade has not passed yet, so its credits stay held safely."


class LinkedRefused(Conflict):
    """This posting was fine, but the one that must go with it was refused."""

    code = "linked_refused"
    sentence = "The other half of this could not be carried out, so neither half was."


class PostingsStopped(Unavailable):
    """Postings of this community are stopped until an operator lets them go on."""

    code = "postings_stopped"
    sentence = "Credits cannot move in this community at the moment, until somebody has looked into a problem."


class LimitInUse(Conflict):
    """A limit cannot be less than what is in use: a credit line, a ceiling, a clearing limit."""

    code = "limit_in_use"
    sentence = "More than that is in use already, so the limit cannot be that low."


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
    for error in (
        *(InsufficientCredits, LimitReached, AccountClosed, HoldExists, HoldEnded, HoldExpired),
        *(AlreadyGranted, OtherPayee, HoldNotExpired, LinkedRefused),
    )
}
REJECTIONS: dict[str, type[LocalExError]] = {
    "LX001": KeyReused,
    "LX002": KeyExpired,
    "LX003": InvalidPosting,
    "LX004": UnknownAccount,
    "LX005": UnknownHold,
    "LX006": InvalidPosting,
    "LX007": CreditsHeld,
    "LX010": PostingsStopped,
    "LX011": LimitInUse,
}
# Two sessions that never met on a lock, by the beginning of the constraint's name (partitions have their own): the same
# key for two requests, two holds for one trade, two grants of what is given once.
CONSTRAINTS: dict[str, type[LocalExError]] = {"journal": KeyReused, "hold_pkey": HoldExists, "bonus": AlreadyGranted}
UNIQUE_VIOLATION = "23505"
# A thousand times the largest amount in one account: nobody earns that.
CHECK_VIOLATION, BOUND = "23514", "balance_within_limits"


def kind_of(state: str, constraint: str) -> type[LocalExError] | None:
    """The class for a SQLSTATE and the constraint that was violated, or None when it is not the ledger's doing."""
    if state == UNIQUE_VIOLATION:
        return next((kind for start, kind in CONSTRAINTS.items() if constraint.startswith(start)), None)
    if state == CHECK_VIOLATION and constraint == BOUND:
        return LimitReached
    return REJECTIONS.get(state)


def error_for(kind: type[LocalExError]) -> LocalExError:
    """The error with its sentence for people."""
    return kind(str(getattr(kind, "sentence", "")), kept=NOTHING_MOVED)
