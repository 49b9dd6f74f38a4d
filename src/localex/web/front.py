"""What the front page shows: to members what needs them first, to visitors what LocalEx is; to both what is new."""

from typing import Any

from localex.communities import queries as communities
from localex.listings import queries as listings
from localex.listings.models import Direction
from localex.members.models import Member
from localex.trading import queries as trading

NEWEST = 10
WAITING = 5


def describe_front(member: Member | None) -> dict[str, Any]:
    """Return the context of web/front.html. Visitors see what is newly on offer in the first open community by name."""
    if member is not None:
        return {
            "waiting": trading.list_waiting_on(member)[:WAITING],
            "cards": listings.list_newest(community_id=member.community_id, viewer=member.cell, limit=NEWEST),
        }
    community = next(iter(communities.list_open()), None)
    if community is None:
        return {"cards": []}
    return {
        "place_name": community.area_name,
        "starter_grant": community.starter_grant,
        "cards": listings.list_newest(community_id=community.pk, direction=Direction.OFFER, limit=NEWEST),
    }
