"""Trades between two communities: two postings, both or neither, from either side at once."""

import uuid
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from localex.credits import errors, queries, services
from localex.credits.models import Journal
from localex.lib.ids import new_id
from tests.credits.conftest import Town, posted
from tests.credits.test_races import at_once


def join(one: Town, other: Town, *, limit: int = 1_000, other_limit: int = 1_000) -> None:
    services.open_community(community_id=other.id)
    services.open_clearing(community_id=one.id, counterpart=other.id, limit=limit, actor=None)
    services.open_clearing(community_id=other.id, counterpart=one.id, limit=other_limit, actor=None)


def cross(trade: uuid.UUID, there: Town, payee: uuid.UUID, keys: tuple[uuid.UUID, uuid.UUID] | None = None) -> bool:
    out, into = keys or (new_id(), new_id())
    postings = services.release_across(
        key_out=out, key_in=into, trade_id=trade, payee_community=there.id, payee=payee, actor=None
    )
    assert len({posting.booked_at for posting in postings}) >= 1
    return postings[0].repeated and postings[1].repeated


def test_credits_cross_one_to_one_and_fees_stay(town: Town) -> None:
    there = Town()
    join(town, there)
    payer, payee = town.member(gift=500), there.member()
    trade, keys = town.hold(payer, 300, payee=payee, fees=(20, 10)), (new_id(), new_id())
    assert [cross(trade, there, payee, keys) for _ in range(2)] == [False, True]
    assert posted(payee) == {"gift": 0, "main": 290}
    assert town.balance(payer) == (180, 0)
    assert posted(there.id) == {"clearing": 290}
    assert posted(town.id) == {"clearing": -290}
    assert (found := queries.find_hold(trade_id=trade)) is not None
    assert found.state == "released"
    with pytest.raises(errors.HoldEnded):
        cross(trade, there, payee)
    with pytest.raises(errors.KeyReused), transaction.atomic():
        cross(trade, there, payee, (keys[0], new_id()))
    town.check()
    there.check()


@pytest.mark.parametrize(("limit", "other_limit"), [(99, 1_000), (1_000, 99)])
def test_both_or_neither(town: Town, limit: int, other_limit: int) -> None:
    there = Town()
    join(town, there, limit=limit, other_limit=other_limit)
    payer, payee = town.member(gift=500), there.member()
    trade, keys = town.hold(payer, 100, payee=payee), (new_id(), new_id())
    for _ in range(2):
        with pytest.raises(errors.LimitReached):
            cross(trade, there, payee, keys)
    reasons = [Journal.objects.get(journal_id=key).reason for key in keys]
    assert reasons == (["limit_reached", "linked_refused"] if limit < 100 else ["linked_refused", "limit_reached"])
    assert (town.balance(payer), posted(payee)["main"]) == ((400, 100), 0)
    town.refund(trade)
    town.check()
    there.check()


def test_who_and_when_count_across_as_well(town: Town) -> None:
    there = Town()
    join(town, there)
    payer, payee, thief = town.member(gift=500), there.member(), there.member()
    trade = town.hold(payer, 100, payee=payee)
    with pytest.raises(errors.OtherPayee):
        cross(trade, there, thief)
    services.close_member(community_id=there.id, owner=payee)
    with pytest.raises(errors.AccountClosed):
        cross(trade, there, payee)
    with pytest.raises(errors.InvalidPosting), transaction.atomic():
        cross(trade, there, payee, (same := new_id(), same))
    with pytest.raises(errors.UnknownAccount), transaction.atomic():
        cross(trade, Town(), payee)
    assert town.balance(payer) == (400, 100)


def test_a_clearing_limit_is_not_less_than_what_is_in_use(town: Town) -> None:
    there = Town()
    join(town, there)
    payer, payee = town.member(gift=500), there.member()
    cross(town.hold(payer, 100, payee=payee), there, payee)
    for here, other in ((town, there), (there, town)):
        with pytest.raises(errors.LimitInUse), transaction.atomic():
            services.open_clearing(community_id=here.id, counterpart=other.id, limit=99, actor=None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clearing, total FROM ledger.totals WHERE community_id = %s", [there.id])
        assert cursor.fetchone() == (-100, 0)


def test_both_directions_at_once_without_a_deadlock(committed_town: Town) -> None:
    here, there = committed_town, Town()
    join(here, there, limit=100_000, other_limit=100_000)
    ours, theirs = [here.member(gift=500) for _ in range(2)], [there.member(gift=500) for _ in range(2)]

    def trade(town: Town, payer: uuid.UUID, other: Town, payee: uuid.UUID) -> Callable[[], object]:
        return lambda: [cross(town.hold(payer, 3, payee=payee), other, payee) for _ in range(10)]

    acts = [trade(here, ours[n], there, theirs[1 - n]) for n in range(2)]
    acts += [trade(there, theirs[n], here, ours[1 - n]) for n in range(2)]
    assert at_once(*acts) == [[False] * 10] * 4
    assert posted(there.id) == {"clearing": 0}
    here.check()
    there.check()
