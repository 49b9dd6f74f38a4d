"""Who can be signed in as on /demo. Nothing here writes."""

from dataclasses import dataclass
from datetime import UTC, tzinfo

from django.db.models import QuerySet

from localex.communities.queries import find_by_slug
from localex.demo.cast import INVITATIONS, SLUG, Invitation
from localex.members.models import Member


@dataclass(frozen=True, slots=True)
class Guest:
    """A neighbour whom visitors can be first of all, and what waits for them there."""

    invitation: Invitation
    member: Member


def neighbours() -> QuerySet[Member]:
    """All members of the demo town that came with it; who signed up since has other addresses."""
    members = Member.objects.filter(community__slug=SLUG, user__email__endswith=f"@{SLUG}.invalid")
    return members.select_related("community", "user").order_by("display_name")


def town_zone() -> tzinfo:
    """The demo town's time zone; UTC before it is founded."""
    town = find_by_slug(slug=SLUG)
    return town.zone if town else UTC


def list_guests() -> tuple[list[Guest], list[Member]]:
    """The invited ones in their order, and everybody else by name: at most 200, one query."""
    by_email = {member.user.email: member for member in neighbours()[:200]}
    invited = []
    for invitation in INVITATIONS:
        member = by_email.pop(f"{invitation.role}@{SLUG}.invalid", None)
        if member is not None:
            invited.append(Guest(invitation, member))
    return invited, list(by_email.values())
