"""What changes accounts and members. Each function is complete within the caller's transaction, or makes its own."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.formats import date_format

from localex.communities.queries import get_community
from localex.credits import services as ledger
from localex.jobs import events
from localex.lib import clock
from localex.lib.geo import Point, distance_km, snap
from localex.lib.ids import new_id
from localex.members.errors import CommunityClosed, MemberMayNotAct, MemberNotFound, RedrawnRecently, TooFarAway
from localex.members.models import FormerName, Member, User
from localex.members.names import draw_name
from localex.members.queries import get_member

REDRAW_AFTER = timedelta(days=30)
MAX_DISTANCE_KM = 50.0  # from the community's centre: who lives further away belongs to another one
MAX_DRAWS = 20

_MAY_NOT_ACT = {
    Member.State.PENDING: "Confirm your e-mail address first: the link is in the mail that we sent you.",
    Member.State.SUSPENDED: "Your membership is suspended. You can look around, but not list, offer or trade.",
    Member.State.CLOSED: "This membership has been closed.",
}


def check_may_act(member: Member) -> None:
    """MemberMayNotAct unless the member is active."""
    if not member.is_active:
        raise MemberMayNotAct(_MAY_NOT_ACT[Member.State(member.state)], kept="Nothing was changed.")


def open_account(*, email: str, password: str | None, is_adult: bool) -> User:
    """A new account whose address is not confirmed yet. `is_adult`: they said to be 18 or older.

    The caller has checked the password. IntegrityError when the address has an account.
    """
    with transaction.atomic():
        user = User.objects.create_user(email, password, attested_adult_at=clock.now() if is_adult else None)
        EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=False)
    return user


def appoint_staff(*, email: str, password: str) -> User:
    """Open the staff pages to the account with this address, which is made unless it is there; sets its password.

    For whoever runs the server: the address counts as confirmed. Raises ValidationError for a password that breaks the
    rules.
    """
    with transaction.atomic():
        address = email.strip().lower()
        user = User.objects.select_for_update().filter(email=address).first()
        validate_password(password, user)
        if user is None:
            user = open_account(email=address, password=None, is_adult=True)
        user.is_staff = user.is_superuser = True
        user.set_password(password)
        user.save(update_fields=["is_staff", "is_superuser", "password"])
        EmailAddress.objects.filter(user=user, email=address).update(verified=True)
    return user


def discard_unconfirmed_account(*, email: str, keep: UUID) -> None:
    """Delete another account that was opened with this address and never confirmed: somebody else has just proved that
    the address is theirs. Such an account has pending memberships at most, so nothing hangs on it."""
    other = User.objects.filter(email=email.lower()).exclude(pk=keep).first()
    if other is None or EmailAddress.objects.filter(user=other, verified=True).exists():
        return
    Member.objects.filter(user=other, state=Member.State.PENDING).delete()
    other.delete()


def join_community(*, user_id: UUID, community_id: UUID) -> Member:
    """Make the account a member of the community under a new name; the membership it has is returned as it is.

    A member whose e-mail address is confirmed is active at once, with the starter grant; others wait for
    `confirm_account`. Locks the account. Raises NotFound, CommunityClosed.
    """
    with transaction.atomic():
        community = get_community(community_id=community_id)
        user = User.objects.select_for_update().get(pk=user_id)
        member = Member.objects.filter(community=community, user=user).first()
        if member is not None:
            return member
        if not community.is_open:
            raise CommunityClosed(f"{community.name} is not taking new members at present.")
        member = _save_under_free_name(Member(community=community, user=user))
        if EmailAddress.objects.filter(user=user, verified=True).exists():
            member = confirm_member(member_id=member.pk)
    return member


def confirm_account(*, user_id: UUID) -> list[Member]:
    """The account's e-mail address has proved to be theirs: confirm every membership that waited for it."""
    with transaction.atomic():
        waiting = Member.objects.filter(user_id=user_id, state=Member.State.PENDING).order_by("pk")
        return [confirm_member(member_id=member_id) for member_id in waiting.values_list("pk", flat=True)]


def confirm_member(*, member_id: UUID) -> Member:
    """Make a pending member active and give the starter grant, once and never again.

    Locks the member, so that of two confirmations at the same moment the second finds the work done. Publishes
    member.confirmed. Members who are not pending stay as they are. Raises MemberNotFound.
    """
    with transaction.atomic():
        member = get_member(member_id=member_id, lock=True)
        if member.state != Member.State.PENDING:
            return member
        member.state = Member.State.ACTIVE
        member.confirmed_at = clock.now()
        if member.starter_granted_at is None:
            _give_starter_grant(member)
        member.save(update_fields=["state", "confirmed_at", "starter_granted_at"])
        events.publish("member.confirmed", member_id=member.pk)
    return member


def redraw_name(*, member_id: UUID) -> Member:
    """Give the member a new display name, once in 30 days; the old one is kept and never used again.

    Locks the member. Raises MemberMayNotAct, RedrawnRecently.
    """
    with transaction.atomic():
        member = get_member(member_id=member_id, lock=True)
        check_may_act(member)
        now = clock.now()
        if member.name_redrawn_at is not None and now < member.name_redrawn_at + REDRAW_AFTER:
            again = date_format((member.name_redrawn_at + REDRAW_AFTER).astimezone(member.community.zone), "j F")
            raise RedrawnRecently(
                f"You can draw a new name again on {again}.", kept=f"You are still {member.display_name}."
            )
        FormerName.objects.create(community=member.community, member=member, display_name=member.display_name)
        member.name_redrawn_at = now
        _save_under_free_name(member, update_fields=["display_name", "name_redrawn_at"])
    return member


def set_location(*, member_id: UUID, point: Point, area_name: str = "") -> Member:
    """Keep where the member is; others get only the centre of the fixed cell of about 1 km around it.

    `area_name` is a part of town that others may know. Locks the member. Raises MemberMayNotAct, TooFarAway.
    """
    with transaction.atomic():
        member = get_member(member_id=member_id, lock=True)
        check_may_act(member)
        if distance_km(point, member.community.centre) > MAX_DISTANCE_KM:
            raise TooFarAway(
                f"This place is too far from {member.community.name}. Choose one within {MAX_DISTANCE_KM:.0f} km.",
                kept="Your location is as it was.",
            )
        cell = snap(point)
        member.latitude, member.longitude = point.lat, point.lon
        member.cell_latitude, member.cell_longitude = cell.lat, cell.lon
        member.area_name = area_name[:80]
        member.save(update_fields=["latitude", "longitude", "cell_latitude", "cell_longitude", "area_name"])
    return member


def record_trade_completed(*, member_ids: Iterable[UUID]) -> None:
    """Count one completed trade for each of the members; once per trade is the caller's duty. Locks them by id."""
    with transaction.atomic():
        locked = Member.objects.select_for_update().filter(pk__in=set(member_ids)).order_by("pk")
        ids = [member.pk for member in locked]
        Member.objects.filter(pk__in=ids).update(trades_completed=F("trades_completed") + 1)


def record_review(*, member_id: UUID, stars: int) -> None:
    """Add a published review of 1 to 5 stars to the member's rating. ValueError, MemberNotFound."""
    if not 1 <= stars <= 5:
        raise ValueError(f"stars are 1 to 5, not {stars}")
    changed = Member.objects.filter(pk=member_id).update(
        review_count=F("review_count") + 1, review_stars=F("review_stars") + stars
    )
    if not changed:
        raise MemberNotFound


def suspend_member(*, member_id: UUID) -> Member:
    """Keep an active member from acting. Locks the member; any other state stays as it is."""
    return _change_state(member_id, Member.State.ACTIVE, Member.State.SUSPENDED)


def reinstate_member(*, member_id: UUID) -> Member:
    """Let a suspended member act again. Locks the member; any other state stays as it is."""
    return _change_state(member_id, Member.State.SUSPENDED, Member.State.ACTIVE)


def _change_state(member_id: UUID, before: Member.State, after: Member.State) -> Member:
    with transaction.atomic():
        member = get_member(member_id=member_id, lock=True)
        if member.state == before:
            member.state = after
            member.save(update_fields=["state"])
    return member


def _give_starter_grant(member: Member) -> None:
    """Open the member's accounts in the ledger and fill them, both in the confirming transaction."""
    ledger.open_member(community_id=member.community_id, owner=member.ledger_ref)
    if member.community.starter_grant:
        ledger.grant(
            key=new_id(),
            community_id=member.community_id,
            owner=member.ledger_ref,
            amount=member.community.starter_grant,
            reason=ledger.GrantReason.STARTER,
            actor=None,
        )
    member.starter_granted_at = clock.now()


def _save_under_free_name(member: Member, update_fields: list[str] | None = None) -> Member:
    """Save the member under a name that nobody in the community has or ever had.

    The unique index settles a race for a name in use. A name that somebody gives up at this moment is seen after the
    save, because the index made the save wait for that other transaction.
    """
    for _ in range(MAX_DRAWS):
        member.display_name = draw_name()
        if _is_saved(member, update_fields):
            return member
    raise RuntimeError("no free display name was found")


def _is_saved(member: Member, update_fields: list[str] | None) -> bool:
    try:
        with transaction.atomic():
            member.save(update_fields=update_fields)
            was_used = _was_used(member)
            transaction.set_rollback(was_used)
    except IntegrityError as error:
        if "member_name_unique" not in str(error):
            raise
        return False
    return not was_used


def _was_used(member: Member) -> bool:
    same = FormerName.objects.filter(community_id=member.community_id, display_name=member.display_name)
    return same.exists()
