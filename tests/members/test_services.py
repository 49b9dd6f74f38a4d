"""Joining, names, locations, records: what services promise."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Func
from django.db.models.functions import Lower

from localex.communities.models import Community
from localex.credits.queries import find_balance
from localex.lib import clock, randomness
from localex.lib.errors import NotFound
from localex.lib.geo import Point, distance_km
from localex.lib.ids import new_id
from localex.members import queries, services
from localex.members.errors import CommunityClosed, MemberMayNotAct, MemberNotFound, RedrawnRecently, TooFarAway
from localex.members.models import FormerName, Member, User
from tests.members.people import KREMS, PASSWORD, address, make_community, make_member


def balance_of(member: Member) -> int:
    return find_balance(community_id=member.community_id, owner=member.ledger_ref).total


def test_an_address_has_one_account_whatever_its_case(community: Community) -> None:
    user = services.open_account(email="Ann@Example.org", password=PASSWORD, is_adult=True)
    assert user.email == "ann@example.org"
    with pytest.raises(IntegrityError), transaction.atomic():
        services.open_account(email="aNN@example.org", password=PASSWORD, is_adult=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="Other@example.org")


def test_joining_twice_is_joining_once(community: Community) -> None:
    member = make_member(community)
    assert services.join_community(user_id=member.user_id, community_id=community.pk) == member


def test_who_is_confirmed_is_active_at_once_in_another_community(member: Member) -> None:
    second = services.join_community(user_id=member.user_id, community_id=make_community(starter_grant=2_500).pk)
    assert second.state == Member.State.ACTIVE
    assert balance_of(second) == 2_500
    assert second.ledger_ref != member.ledger_ref


def test_closed_communities_take_nobody(db: None) -> None:
    user = services.open_account(email=address(), password=PASSWORD, is_adult=True)
    with pytest.raises(CommunityClosed):
        services.join_community(user_id=user.pk, community_id=make_community(is_open=False).pk)
    with pytest.raises(NotFound):
        services.join_community(user_id=user.pk, community_id=new_id())


def test_a_community_without_a_starter_grant(db: None) -> None:
    member = make_member(make_community(starter_grant=0))
    assert balance_of(member) == 0
    assert member.starter_granted_at is not None


def test_confirming_again_and_suspending_grants_nothing_more(member: Member) -> None:
    assert balance_of(member) == member.community.starter_grant
    services.confirm_member(member_id=member.pk)
    services.suspend_member(member_id=member.pk)
    assert services.confirm_member(member_id=member.pk).state == Member.State.SUSPENDED
    services.reinstate_member(member_id=member.pk)
    assert services.confirm_account(user_id=member.user_id) == []
    assert balance_of(member) == member.community.starter_grant


@pytest.mark.usefixtures("committed_db")
def test_a_crowd_of_confirmations_grants_once() -> None:
    member = make_member(make_community(), is_confirmed=False)

    def confirm(_: int) -> str:
        try:
            return services.confirm_member(member_id=member.pk).state
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(confirm, range(24))) == {"active"}
    assert balance_of(member) == member.community.starter_grant


def test_a_name_is_drawn_again_once_in_thirty_days_and_kept(member: Member) -> None:
    first = member.display_name
    second = services.redraw_name(member_id=member.pk).display_name
    assert second != first
    with clock.shifted(timedelta(days=29, hours=23)), pytest.raises(RedrawnRecently) as refused:
        services.redraw_name(member_id=member.pk)
    assert second in refused.value.kept
    with clock.shifted(timedelta(days=30)):
        third = services.redraw_name(member_id=member.pk).display_name
    assert list(FormerName.objects.filter(member=member).order_by("pk").values_list("display_name", flat=True)) == [
        first,
        second,
    ]
    member.refresh_from_db()
    assert member.display_name == third


def test_a_name_that_is_or_was_in_use_is_never_drawn_for_another(community: Community) -> None:
    """Chance is made to draw the same name first each time."""
    first = _join_by_chance_of(7, community)
    second = make_member(community)
    name = first.display_name
    assert _join_by_chance_of(7, make_community()).display_name == name, "names may meet in different communities"

    Member.objects.filter(pk=first.pk).update(ledger_ref=new_id())
    assert _join_by_chance_of(7, community).display_name != name, "it is in use"
    with pytest.raises(IntegrityError), transaction.atomic():
        Member.objects.filter(pk=second.pk).update(display_name=name)

    services.confirm_member(member_id=first.pk)
    services.redraw_name(member_id=first.pk)
    Member.objects.filter(community=community).exclude(pk=first.pk).update(ledger_ref=Func(function="uuidv4"))
    assert _join_by_chance_of(7, community).display_name != name, "it was in use"


def _join_by_chance_of(seed: int, community: Community) -> Member:
    user = services.open_account(email=address(), password=None, is_adult=True)
    with randomness.seeded(seed):
        return services.join_community(user_id=user.pk, community_id=community.pk)


def test_the_database_itself_refuses_nonsense(member: Member) -> None:
    wrong: list[dict[str, object]] = [
        {"display_name": "Real Name"},
        {"state": "happy"},
        {"state": "active", "confirmed_at": None},
        {"latitude": 48.0},
        {"latitude": 91.0, "longitude": 0.0, "cell_latitude": 0.0, "cell_longitude": 0.0},
        {"review_count": 1, "review_stars": 6},
        {"review_count": 2, "review_stars": 1},
    ]
    for change in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            Member.objects.filter(pk=member.pk).update(**change)


def test_others_get_the_cell_and_never_the_point(member: Member) -> None:
    point = Point(48.4123, 15.6021)
    member = services.set_location(member_id=member.pk, point=point)
    facts = queries.public_facts(member)
    assert facts.cell is not None
    assert facts.cell != point
    assert distance_km(facts.cell, point) < 0.8
    nearby = services.set_location(member_id=member.pk, point=Point(48.4124, 15.6022))
    assert queries.public_facts(nearby).cell == facts.cell
    assert member.point == point
    with pytest.raises(TooFarAway):
        services.set_location(member_id=member.pk, point=Point(KREMS.lat + 1, KREMS.lon))


@pytest.mark.parametrize("state", [Member.State.PENDING, Member.State.SUSPENDED, Member.State.CLOSED])
def test_only_active_members_act(member: Member, state: str) -> None:
    Member.objects.filter(pk=member.pk).update(state=state)
    with pytest.raises(MemberMayNotAct):
        services.redraw_name(member_id=member.pk)
    with pytest.raises(MemberMayNotAct):
        services.set_location(member_id=member.pk, point=KREMS)


def test_trades_and_reviews_add_up(member: Member, community: Community) -> None:
    other = make_member(community)
    services.record_trade_completed(member_ids=[member.pk, other.pk, other.pk])
    services.record_review(member_id=member.pk, stars=5)
    services.record_review(member_id=member.pk, stars=2)
    facts = queries.public_facts(queries.get_member(member_id=member.pk))
    assert (facts.trades_completed, facts.review_count, facts.rating) == (1, 2, 3.5)
    assert queries.public_facts(other).rating is None
    with pytest.raises(ValueError, match="1 to 5"):
        services.record_review(member_id=member.pk, stars=6)
    with pytest.raises(MemberNotFound):
        services.record_review(member_id=new_id(), stars=3)


def test_an_unconfirmed_account_makes_way_for_who_proves_the_address(community: Community) -> None:
    squatter = make_member(community, is_confirmed=False)
    owner = make_member(community)
    services.discard_unconfirmed_account(email=squatter.user.email.upper(), keep=owner.user_id)
    assert not User.objects.filter(pk=squatter.user_id).exists()
    services.discard_unconfirmed_account(email=owner.user.email, keep=new_id())
    assert User.objects.filter(pk=owner.user_id).exists(), "confirmed accounts stay"


def test_who_is_seen_and_under_which_name(member: Member) -> None:
    found = queries.get_visible_member(display_name=member.display_name, community_id=member.community_id)
    assert found == member
    assert queries.get_visible_member(display_name=member.display_name, community_id=None) == member
    elsewhere: list[UUID] = [make_community().pk, new_id()]
    for community_id in elsewhere:
        with pytest.raises(MemberNotFound):
            queries.get_visible_member(display_name=member.display_name, community_id=community_id)
    Member.objects.filter(pk=member.pk).update(state=Member.State.CLOSED)
    with pytest.raises(MemberNotFound):
        queries.get_visible_member(display_name=member.display_name, community_id=member.community_id)


def test_the_index_on_names_is_used(community: Community) -> None:
    # So many that an index on the community alone would read several rows; with fewer the plans cost the same.
    users = User.objects.bulk_create(User(email=address()) for _ in range(2000))
    Member.objects.bulk_create(
        Member(user=user, community=community, display_name=f"BlueBird_{number:04}")
        for number, user in enumerate(users)
    )
    rows = Member.objects.alias(name=Lower("display_name")).filter(name="bluebird_0001", community=community)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    assert "member_name_unique" in rows.explain()
