"""The two numbers of the header."""

from importlib.util import find_spec
from typing import Any

from localex.members.models import Member


def find_balance(member: Member | None) -> Any:
    """What the member may spend (`available`), has set aside (`held`) and owns (`total`), or None."""
    if member is None or not find_spec("localex.credits.queries"):
        return None
    from localex.credits import queries

    return queries.find_balance(community_id=member.community_id, owner=member.ledger_ref)


def count_unread(member: Member | None) -> int:
    """How many notices the member has not read."""
    if member is None or not find_spec("localex.notifications.queries"):
        return 0
    from localex.notifications import queries

    return queries.count_unread(member)
