"""What a member's page shows of the reviews about them (members.sections)."""

from collections.abc import Mapping
from typing import Any

from localex.members.models import Member
from localex.trading import queries

MOST = 10


def load_reviews(owner: Member, viewer: Member | None) -> Mapping[str, Any] | None:
    """The newest published reviews about them, or None when there are none."""
    reviews = list(queries.list_reviews_about(owner, limit=MOST))
    return {"reviews": reviews} if reviews else None
