"""What the inbox shows, put together from queries."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from django.urls import reverse

from localex.lib import clock
from localex.members.models import Member
from localex.notifications import queries, wording
from localex.notifications.models import Notice


@dataclass(frozen=True, slots=True)
class Line:
    """One notice as the reader sees it."""

    notice: Notice
    words: str
    icon: str

    @property
    def is_unread(self) -> bool:
        """Whether it was never opened."""
        return self.notice.read_at is None


@dataclass(frozen=True, slots=True)
class Day:
    """The notices of one day, the newest first. `name` is "Today", "Yesterday" or empty for the date itself."""

    name: str
    moment: datetime
    lines: list[Line]


def describe_inbox(member: Member, cursor: str | None) -> dict[str, Any]:
    """One page of the inbox, by days of the community's time zone."""
    page = queries.list_inbox(member=member, cursor=cursor)
    zone = member.community.zone
    today = clock.now().astimezone(zone).date()
    days = [
        Day(_name(day, today), notices[0].created_at, [_line(notice) for notice in notices])
        for day, group in groupby(page.items, key=lambda notice: notice.created_at.astimezone(zone).date())
        if (notices := list(group))
    ]
    return {"days": days, "page": page, "browse_url": reverse("search:browse")}


def _name(day: date, today: date) -> str:
    return {today: "Today", today - timedelta(days=1): "Yesterday"}.get(day, "")


def _line(notice: Notice) -> Line:
    return Line(notice, wording.say(notice), wording.known_kind(notice.kind).icon)
