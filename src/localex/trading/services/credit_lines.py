"""Earned credit lines: who trades reliably may go below zero, as far as the community's policy says."""

import uuid

from localex.credits import queries as credit_queries
from localex.credits import services as credit_services
from localex.lib.locks import advisory_lock
from localex.members.models import Member


def raise_credit_line(*, member_id: uuid.UUID) -> int:
    """Bring a member's credit line up to what their completed trades have earned; its limit in hundredths afterwards.

    The limit is `credit_line_per_trade` for each completed trade, at most `credit_line_cap`. It never goes down here:
    what was earned under an older policy, or given by a coordinator, stays. Running it again changes nothing. Locks the
    member's credit line, then their balance: not the row of the member, because a completing trade takes that one after
    the balances.
    """
    advisory_lock(f"credit_line:{member_id}")
    member = Member.objects.select_related("community").get(pk=member_id)
    policy = member.community
    earned = min(policy.credit_line_cap, policy.credit_line_per_trade * member.trades_completed)
    limit = credit_queries.find_balance(community_id=member.community_id, owner=member.ledger_ref).credit_line
    if earned <= limit or member.state == Member.State.CLOSED:
        return limit
    credit_services.set_credit_line(
        community_id=member.community_id,
        owner=member.ledger_ref,
        limit=earned,
        actor=None,
        words=f"Earned by {member.trades_completed} completed trades",
    )
    return earned
