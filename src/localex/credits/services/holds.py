"""Credits set aside for a trade, and the four ways in which that ends: released, captured, refunded, expired."""

from datetime import datetime, timedelta
from uuid import UUID

from localex.credits.errors import REFUSALS, LinkedRefused, error_for
from localex.credits.services.calls import Posting, call, call_many, post, post_many
from localex.lib.errors import LocalExError


def hold(
    *,
    key: UUID,
    community_id: UUID,
    trade_id: UUID,
    payer: UUID,
    payee: UUID | None = None,
    amount: int,
    buyer_fee: int = 0,
    seller_fee: int = 0,
    expires_at: datetime,
    actor: UUID | None,
) -> Posting:
    """Set `amount` (the price, above zero) and `buyer_fee` of the payer aside for a trade, gift credits first.

    `payee`: the only member to whom they can go; fees need one. `seller_fee`: what the fees account takes out of the
    price. From `expires_at` on, by the database's clock, they can only be returned, which `expire_overdue` does. A
    retry may name a later deadline; the first one counts. Raises InsufficientCredits, HoldExists, AccountClosed.
    """
    if payee is None and not buyer_fee and not seller_fee:
        return post(
            "hold_credits(%s, %s, %s, %s, %s, %s, %s)",
            *(key, community_id, trade_id, payer, amount, expires_at, actor),
        )
    return post(
        "hold_credits(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        *(key, community_id, trade_id, payer, payee, amount, buyer_fee, seller_fee, expires_at, actor),
    )


def extend_hold(*, trade_id: UUID, expires_at: datetime) -> None:
    """Move the deadline of a hold to `expires_at`, or leave it when it is later already.

    Locks the escrow's balance. Raises HoldEnded, HoldExpired, UnknownHold.
    """
    (reason,) = call("SELECT ledger.extend_hold(%s, %s)::text", [trade_id, expires_at])
    if reason is not None:
        raise error_for(REFUSALS[reason])


def name_payee(*, trade_id: UUID, payee: UUID) -> bool:
    """Say to whom a hold of the release before can go; whether that was said now. Whoever was named stays named.

    Locks the escrow's balance. Raises UnknownHold, UnknownAccount, InvalidPosting (the payer).
    """
    (was_said,) = call("SELECT ledger.name_payee(%s, %s)", [trade_id, payee])
    return bool(was_said)


def release(*, key: UUID, trade_id: UUID, payee: UUID, actor: UUID | None) -> Posting:
    """Give the price to the payee's main account, less the seller's fee; both fees go to the fees account.

    Raises HoldExpired, HoldEnded, OtherPayee, AccountClosed, LimitReached, UnknownHold.
    """
    return post("release_hold(%s, %s, %s, %s)", key, trade_id, payee, actor)


def capture(*, key: UUID, trade_id: UUID, payee: UUID, amount: int, actor: UUID | None) -> Posting:
    """Give `amount` of the price to the payee and the rest back to the payer; the hold has ended then.

    0 < `amount` <= price, else InvalidPosting. Both fees shrink in proportion, rounded half to even; the payee gets
    `amount` less the seller's. What goes back fills what came from the main account first, then the gift account.
    Raises HoldExpired, HoldEnded, OtherPayee, AccountClosed, LimitReached, UnknownHold.
    """
    return post("capture_hold(%s, %s, %s, %s, %s)", key, trade_id, payee, amount, actor)


def refund(*, key: UUID, trade_id: UUID, actor: UUID | None) -> Posting:
    """Give what is held for a trade back to the accounts that it came from, fees included, at any time.

    Raises HoldEnded, AccountClosed, UnknownHold.
    """
    return post("refund_hold(%s, %s, %s)", key, trade_id, actor)


def expire(*, key: UUID, trade_id: UUID) -> Posting:
    """Give what is held for a trade back because its deadline has passed, by the database's clock.

    Raises HoldNotExpired, HoldEnded, AccountClosed, UnknownHold.
    """
    return post("expire_hold(%s, %s)", key, trade_id)


def expire_overdue(*, older_than: timedelta, limit: int) -> list[UUID]:
    """Return holds whose deadline passed more than `older_than` ago, the oldest first; the trades of at most `limit`.

    Several may sweep at once and none waits: what somebody else has locked is left for the next time.
    """
    rows = call_many("SELECT trade_id FROM ledger.expire_holds(%s, %s)", [older_than, limit])
    return [trade_id for (trade_id,) in rows]


def release_across(
    *, key_out: UUID, key_in: UUID, trade_id: UUID, payee_community: UUID, payee: UUID, actor: UUID | None
) -> tuple[Posting, Posting]:
    """Release a hold to a member of another community, one to one: both postings or neither.

    The first is in the payer's community (escrow to its clearing account), the second in the payee's (its clearing
    account to main). Locks the balances of both in one pass. Raises HoldExpired, HoldEnded, OtherPayee, AccountClosed,
    LimitReached (also of what the communities owe each other), UnknownHold; UnknownAccount without `open_clearing`.
    """
    out, into = post_many(
        "release_across(%s, %s, %s, %s, %s, %s)", key_out, key_in, trade_id, payee_community, payee, actor
    )
    refused = [outcome for outcome in (out, into) if isinstance(outcome, LocalExError)]
    if isinstance(out, LocalExError) or isinstance(into, LocalExError):
        raise next((error for error in refused if not isinstance(error, LinkedRefused)), refused[0])
    return out, into
