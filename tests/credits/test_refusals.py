"""Every reason that the database can give has its own error and its own sentence, and is really given."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction

from localex.credits import errors, services
from localex.credits.models import Journal
from localex.lib import clock
from localex.lib.errors import LocalExError
from localex.lib.ids import new_id
from tests.credits.conftest import MOMENT, Town, in_days, wait_until_past


def test_every_code_has_its_error_and_its_sentence(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT enumlabel FROM pg_enum WHERE enumtypid = 'ledger.refusal'::regtype")
        codes = {code for (code,) in cursor.fetchall()}
    assert codes == set(errors.REFUSALS)
    kinds = [*errors.REFUSALS.values(), *errors.REJECTIONS.values()]
    for kind in kinds:
        error = errors.error_for(kind)
        assert error.message.endswith(".")
        assert error.kept == errors.NOTHING_MOVED
    assert len({kind.code for kind in errors.REFUSALS.values()}) == len(codes)
    assert len({errors.error_for(kind).message for kind in kinds}) == len({*kinds})


def closed(town: Town) -> None:
    owner = town.member()
    services.close_member(community_id=town.id, owner=owner)
    town.grant(owner, 1)


def exists(town: Town) -> None:
    payer, trade_id = town.member(gift=10), new_id()
    for _ in range(2):
        services.hold(
            key=new_id(),
            community_id=town.id,
            trade_id=trade_id,
            payer=payer,
            amount=1,
            expires_at=in_days(),
            actor=None,
        )


def ended(town: Town) -> None:
    trade = town.hold(town.member(gift=10), 1)
    town.refund(trade)
    town.refund(trade)


def expired(town: Town) -> None:
    trade = town.hold(town.member(gift=10), 1, days=MOMENT)
    wait_until_past(trade)
    town.release(trade, town.member())


def insufficient(town: Town) -> None:
    town.hold(town.member(gift=10), 11)


def limited(town: Town) -> None:
    payee = town.member()
    services.set_ceiling(community_id=town.id, owner=payee, ceiling=5, actor=None, words="")
    town.release(town.hold(town.member(gift=10), 6), payee)


def granted(town: Town) -> None:
    owner = town.member()
    town.grant(owner, 1, reason="starter")
    town.grant(owner, 1, reason="starter")


def somebody_else(town: Town) -> None:
    payer, payee = town.member(gift=10), town.member()
    town.release(town.hold(payer, 5, payee=payee), town.member())


def not_yet(town: Town) -> None:
    services.expire(key=new_id(), trade_id=town.hold(town.member(gift=10), 5))


def other_half(town: Town) -> None:
    elsewhere = Town()
    services.open_community(community_id=elsewhere.id)
    for here, there in ((town, elsewhere), (elsewhere, town)):
        services.open_clearing(community_id=here.id, counterpart=there.id, limit=3, actor=None)
    payee = elsewhere.member()
    trade = town.hold(town.member(gift=10), 4, payee=payee)
    out, into = new_id(), new_id()
    with pytest.raises(errors.LimitReached):
        services.release_across(
            key_out=out, key_in=into, trade_id=trade, payee_community=elsewhere.id, payee=payee, actor=None
        )
    # Both sides are at their limit here; the sides of which only one is are in test_clearing.py.
    assert set(Journal.objects.filter(journal_id__in=[out, into]).values_list("reason", flat=True)) == {"limit_reached"}
    services.close_member(community_id=elsewhere.id, owner=payee)
    services.open_clearing(community_id=town.id, counterpart=elsewhere.id, limit=4, actor=None)
    with pytest.raises(errors.AccountClosed):
        services.release_across(
            key_out=(out := new_id()),
            key_in=new_id(),
            trade_id=trade,
            payee_community=elsewhere.id,
            payee=payee,
            actor=None,
        )
    raise errors.error_for(errors.REFUSALS[Journal.objects.get(journal_id=out).reason or ""])


GIVEN: dict[str, Callable[[Town], None]] = {
    "account_closed": closed,
    "hold_exists": exists,
    "hold_ended": ended,
    "hold_expired": expired,
    "insufficient_credits": insufficient,
    "limit_reached": limited,
    "already_granted": granted,
    "other_payee": somebody_else,
    "hold_not_expired": not_yet,
    "linked_refused": other_half,
}


@pytest.mark.parametrize("code", errors.REFUSALS)
def test_each_is_given_as_a_row_and_as_an_error(town: Town, code: str) -> None:
    with pytest.raises(errors.REFUSALS[code]) as refused:
        GIVEN[code](town)
    assert isinstance(refused.value, LocalExError)
    assert refused.value.code == code
    assert Journal.objects.filter(reason=code).exists()
    town.check()


def test_an_old_key_is_never_executed_but_answers_when_it_was_used(town: Town) -> None:
    owner = town.member()
    with clock.shifted(timedelta(days=-6, hours=-23)):
        key = new_id()
    first = town.grant(owner, 5, key=key)
    with clock.shifted(timedelta(days=-8)):
        old = new_id()
    with pytest.raises(errors.KeyExpired), transaction.atomic():
        town.grant(owner, 5, key=old)
    assert town.grant(owner, 5, key=key).booked_at == first.booked_at
    assert town.balance(owner) == (5, 0)


def test_postings_want_to_see_what_others_commit(committed_town: Town) -> None:
    member = committed_town.member()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        owner = new_id()
        with pytest.raises(errors.InvalidPosting), transaction.atomic():
            services.open_member(community_id=committed_town.id, owner=owner)
        with pytest.raises(errors.InvalidPosting), transaction.atomic():
            committed_town.grant(member, 5)
    assert committed_town.balance(member) == (0, 0)


def test_a_hold_ends_once_also_for_a_payee_who_came_later(town: Town) -> None:
    """Their account has a higher number than the escrow, so the locks are taken the other way round."""
    payer, payee = town.member(gift=10), new_id()
    trade = town.hold(payer, 10, payee=payee)
    services.open_member(community_id=town.id, owner=payee)
    town.release(trade, payee)
    with pytest.raises(errors.HoldEnded):
        town.release(trade, payee)
    assert town.balance(payee) == (10, 0)
    town.check()
