"""The numbers of the header, and whether credits move."""

from localex.credits import health
from localex.credits import queries as ledger
from localex.credits.queries import Balance
from localex.members.models import Member
from localex.notifications import queries as notifications


def find_balance(member: Member | None) -> Balance | None:
    """What the member may spend (`available`), has set aside (`held`) and owns (`total`), or None for visitors."""
    if member is None:
        return None
    return ledger.find_balance(community_id=member.community_id, owner=member.ledger_ref)


def count_unread(member: Member | None) -> int:
    """How many notices the member has not read."""
    return notifications.count_unread(member) if member else 0


def find_stop(member: Member | None) -> health.Stop | None:
    """Since when and why no credits move in the member's community, or None when they do."""
    return health.find_stop(member.community_id) if member else None
