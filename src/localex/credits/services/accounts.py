"""Opening, closing and limiting accounts. What limits them leaves a row in `ledger.audits`."""

from uuid import UUID

from localex.credits.services.calls import call


def open_community(*, community_id: UUID) -> None:
    """Open the issuer, fees and protection accounts of a community. Again: no change."""
    call("SELECT ledger.open_community(%s)", [community_id])


def open_member(*, community_id: UUID, owner: UUID) -> None:
    """Open the main and gift accounts of a member. Again: no change."""
    call("SELECT ledger.open_member(%s, %s)", [community_id, owner])


def close_member(*, community_id: UUID, owner: UUID) -> None:
    """Close a member's accounts to further postings; their credits stay where they are.

    Locks both balances. Raises CreditsHeld while credits of theirs are held, UnknownAccount.
    """
    call("SELECT ledger.close_member(%s, %s)", [community_id, owner])


def reopen_member(*, community_id: UUID, owner: UUID, actor: UUID | None) -> None:
    """Open a member's accounts again after `close_member`. Again: no change. Raises UnknownAccount."""
    call("SELECT ledger.reopen_member(%s, %s, %s)", [community_id, owner, actor])


def set_credit_line(*, community_id: UUID, owner: UUID, limit: int, actor: UUID | None, words: str) -> None:
    """Let the member's main account go down to minus `limit` hundredths; 0 takes the credit line away.

    `words`: the reason, at most 500 letters. Locks the balance. Raises LimitInUse when the member is deeper below zero
    than that, InvalidPosting for a negative limit, UnknownAccount.
    """
    call("SELECT ledger.set_credit_line(%s, %s, %s, %s, %s)", [community_id, owner, limit, actor, words])


def set_ceiling(*, community_id: UUID, owner: UUID, ceiling: int | None, actor: UUID | None, words: str) -> None:
    """Let the member's main account hold at most `ceiling` hundredths; None takes the ceiling away.

    `words`: the reason, at most 500 letters. Locks the balance. Raises LimitInUse when there is more in it,
    InvalidPosting for a negative ceiling, UnknownAccount.
    """
    call("SELECT ledger.set_ceiling(%s, %s, %s, %s, %s)", [community_id, owner, ceiling, actor, words])


def open_clearing(*, community_id: UUID, counterpart: UUID, limit: int, actor: UUID | None) -> None:
    """Open a community's account for trades with the community `counterpart`, or change its limit.

    Its balance stays between minus and plus `limit` hundredths. Each of the two communities opens its own. Raises
    LimitInUse when more than that is in use, InvalidPosting for a negative limit, UnknownAccount.
    """
    call("SELECT ledger.open_clearing(%s, %s, %s, %s)", [community_id, counterpart, limit, actor])
