"""What can be asked about members. Nothing here writes."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Lower

from localex.lib.geo import Point
from localex.members.errors import MemberNotFound
from localex.members.models import Member
from localex.members.names import is_name

VISIBLE_STATES = (Member.State.ACTIVE, Member.State.SUSPENDED)
MAX_MEMBERSHIPS = 50


@dataclass(frozen=True, slots=True)
class PublicFacts:
    """What anybody may know about a member: the tier Public of product.md, and nothing else."""

    display_name: str
    area_name: str
    member_since: date  # the first of the month: the day would help to find out who it is
    trades_completed: int
    review_count: int
    rating: float | None  # 1 to 5, None without reviews
    cell: Point | None  # the centre of a fixed cell of about 1 km


def public_facts(member: Member) -> PublicFacts:
    """What others may see of `member`, whose community is loaded."""
    since = (member.confirmed_at or member.joined_at).astimezone(member.community.zone)
    return PublicFacts(
        display_name=member.display_name,
        area_name=member.area_name or member.community.area_name,
        member_since=since.date().replace(day=1),
        trades_completed=member.trades_completed,
        review_count=member.review_count,
        rating=member.rating,
        cell=member.cell,
    )


def find_member(*, member_id: UUID) -> Member | None:
    """The member with the community and the account, whatever their state, or None."""
    return _members().filter(pk=member_id).first()


def get_member(*, member_id: UUID, lock: bool = False) -> Member:
    """The member with the community; with `lock` the row is locked until the transaction ends. MemberNotFound."""
    rows = Member.objects.select_related("community")
    member = (rows.select_for_update(of=("self",)) if lock else rows).filter(pk=member_id).first()
    if member is None:
        raise MemberNotFound
    return member


def get_visible_member(*, display_name: str, community_id: UUID | None) -> Member:
    """The member whom others see under this name; MemberNotFound also for those who are pending or closed.

    Without a community (a visitor who is not signed in) the one who joined LocalEx first. Uses member_name_unique.
    """
    if not is_name(display_name):
        raise MemberNotFound
    rows = _members().alias(name=Lower("display_name")).filter(name=display_name.lower(), state__in=VISIBLE_STATES)
    if community_id is not None:
        rows = rows.filter(community_id=community_id)
    member = rows.order_by("joined_at", "pk").first()
    if member is None:
        raise MemberNotFound
    return member


def find_current(*, user_id: UUID, community_id: UUID | None) -> Member | None:
    """Who this account is right now: its member in the chosen community, else in the one it joined last; or None.

    Closed memberships do not count. Uses the index on user_id.
    """
    rows = list(
        Member.objects.select_related("community")
        .filter(user_id=user_id)
        .exclude(state=Member.State.CLOSED)
        .order_by("-joined_at", "-pk")[:MAX_MEMBERSHIPS]
    )
    chosen = [member for member in rows if member.community_id == community_id]
    return next(iter(chosen or rows), None)


def list_memberships(*, user_id: UUID) -> list[Member]:
    """Every membership of the account that is not closed, by the community's name."""
    rows = Member.objects.select_related("community").filter(user_id=user_id).exclude(state=Member.State.CLOSED)
    return list(rows.order_by("community__name", "pk")[:MAX_MEMBERSHIPS])


def _members() -> QuerySet[Member]:
    return Member.objects.select_related("community", "user")
