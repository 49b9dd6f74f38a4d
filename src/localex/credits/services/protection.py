"""The protection account, out of which a community makes good what went wrong."""

from typing import Literal
from uuid import UUID

from localex.credits.services.calls import Posting, post


def fund_protection(
    *, key: UUID, community_id: UUID, amount: int, source: Literal["fees", "issuer"], actor: UUID | None
) -> Posting:
    """Move `amount` from the fees account, or newly issued, to the protection account. Raises InsufficientCredits."""
    return post("fund_protection(%s, %s, %s, %s::ledger.account_kind, %s)", key, community_id, amount, source, actor)


def pay_protection(
    *, key: UUID, community_id: UUID, owner: UUID, amount: int, reference: UUID | None, actor: UUID | None
) -> Posting:
    """Pay `amount` out of the protection account to the member's main account. `reference`: the trade, or None.

    Raises InsufficientCredits (of the protection account), AccountClosed, LimitReached.
    """
    return post("pay_protection(%s, %s, %s, %s, %s, %s)", key, community_id, owner, amount, reference, actor)
