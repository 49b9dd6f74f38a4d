"""What a member's page shows of their listings (members.sections)."""

from collections.abc import Mapping
from typing import Any

from localex.listings import queries
from localex.members.models import Member

MOST = 12


def load_listings(owner: Member, viewer: Member | None) -> Mapping[str, Any]:
    """Their newest active listings, as cards with the distance to the viewer."""
    point = viewer.cell if viewer else None
    return {"cards": queries.list_by_owner(owner=owner, viewer=point, limit=MOST), "community": owner.community}
