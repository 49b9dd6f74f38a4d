"""What can be asked about communities. There are few of them: no page is needed below `MAX_LISTED`."""

from collections.abc import Sequence
from uuid import UUID

from localex.communities.models import Community
from localex.lib.errors import NotFound

MAX_LISTED = 500


def find_by_slug(*, slug: str) -> Community | None:
    """The community of this address, or None."""
    return Community.objects.filter(slug=slug).first()


def get_by_slug(*, slug: str) -> Community:
    """The community of this address; NotFound when there is none."""
    community = find_by_slug(slug=slug)
    if community is None:
        raise NotFound("There is no community with this name.")
    return community


def get_community(*, community_id: UUID, lock: bool = False) -> Community:
    """The community; with `lock` its row is locked until the transaction ends. NotFound when there is none."""
    rows = Community.objects.select_for_update() if lock else Community.objects.all()
    community = rows.filter(pk=community_id).first()
    if community is None:
        raise NotFound("There is no such community.")
    return community


def list_open() -> Sequence[Community]:
    """The communities that newcomers may join, by name."""
    return list(Community.objects.filter(is_open=True).order_by("name")[:MAX_LISTED])
