"""Reading the inbox."""

from datetime import datetime
from uuid import UUID

from localex.lib.errors import BadRequest
from localex.lib.pages import Page, decode_cursor, encode_cursor
from localex.members.models import Member
from localex.notifications.models import Notice

PAGE_SIZE = 30
# A badge says "99+" at most, so counting stops there.
MAX_COUNTED = 100


def count_unread(member: Member) -> int:
    """How many notices a member has not read, at most 100. Index notice_unread, and nothing else is read."""
    return Notice.objects.filter(member=member, read_at__isnull=True).values("member_id")[:MAX_COUNTED].count()


def list_inbox(*, member: Member, cursor: str | None = None, limit: int = PAGE_SIZE) -> Page[Notice]:
    """One page of a member's notices with their actors, the newest first. Index notice_inbox.

    BadRequest for a damaged cursor.
    """
    rows = Notice.objects.filter(member=member).select_related("actor")
    if cursor:
        rows = rows.filter(id__lt=_read_cursor(cursor))
    found = list(rows.order_by("-id")[: limit + 1])
    for notice in found:
        notice.community = member.community  # they are all of this one: no join, no further query
    return Page(found[:limit], encode_cursor([found[limit - 1].id]) if len(found) > limit else None)


def _read_cursor(text: str) -> UUID:
    (value,) = decode_cursor(text, length=1)
    try:
        return UUID(value)
    except (TypeError, ValueError, AttributeError) as error:
        raise BadRequest("This page link is damaged. Start again from the first page.", code="bad_cursor") from error


def first_id_at(moment: datetime) -> UUID:
    """The least UUIDv7 of a moment: what has a lesser one is older."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
