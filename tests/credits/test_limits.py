"""Credit lines, ceilings, closing and opening again, protection: what each leaves behind in `ledger.audits`."""

import uuid
from typing import Any

import pytest
from django.db import connection, transaction

from localex.credits import errors, queries, services
from localex.lib.ids import new_id
from tests.credits.conftest import Town, posted


def line(town: Town, owner: uuid.UUID, limit: int) -> None:
    services.set_credit_line(community_id=town.id, owner=owner, limit=limit, actor=owner, words="five good trades")


def ceiling(town: Town, owner: uuid.UUID, amount: int | None) -> None:
    services.set_ceiling(community_id=town.id, owner=owner, ceiling=amount, actor=None, words="agreed")


def audits(town: Town) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT what, before, after, words FROM ledger.audits WHERE community_id = %s AND what <> 'deadline'"
            " ORDER BY audit_id",
            [town.id],
        )
        return cursor.fetchall()


def test_a_credit_line_lets_main_go_below_zero(town: Town) -> None:
    payer, payee = town.member(gift=10), town.member()
    line(town, payer, 100)
    with pytest.raises(errors.InsufficientCredits):
        town.hold(payer, 111)
    town.release(town.hold(payer, 110), payee)
    assert posted(payer) == {"gift": 0, "main": -100}
    with pytest.raises(errors.InsufficientCredits):
        town.hold(payer, 1)
    with pytest.raises(errors.LimitInUse), transaction.atomic():
        line(town, payer, 99)
    line(town, payer, 150)
    assert audits(town) == [("credit_line", 0, 100, "five good trades"), ("credit_line", 100, 150, "five good trades")]
    town.check()


@pytest.mark.parametrize("limit", [-1])
def test_limits_are_not_negative(town: Town, limit: int) -> None:
    owner = town.member()
    for act in (
        lambda: line(town, owner, limit),
        lambda: ceiling(town, owner, limit),
        lambda: services.open_clearing(community_id=town.id, counterpart=uuid.uuid4(), limit=limit, actor=None),
    ):
        with pytest.raises(errors.InvalidPosting), transaction.atomic():
            act()
    assert audits(town) == []


def test_a_ceiling_stops_what_comes_in_and_not_what_goes_out(town: Town) -> None:
    payer, payee = town.member(gift=500), town.member(main=50)
    ceiling(town, payee, 100)
    with pytest.raises(errors.LimitReached):
        town.release(town.hold(payer, 51), payee)
    town.release(town.hold(payer, 50), payee)
    with pytest.raises(errors.LimitInUse), transaction.atomic():
        ceiling(town, payee, 99)
    town.refund(town.hold(payee, 80))
    ceiling(town, payee, None)
    town.release(town.hold(payer, 300), payee)
    assert [row[:3] for row in audits(town)] == [("ceiling", None, 100), ("ceiling", 100, None)]
    town.check()


def test_closing_and_opening_again(town: Town) -> None:
    owner = town.member(gift=30)
    for _ in range(2):
        services.close_member(community_id=town.id, owner=owner)
    with pytest.raises(errors.AccountClosed):
        town.hold(owner, 1)
    for _ in range(2):
        services.reopen_member(community_id=town.id, owner=owner, actor=None)
    town.hold(owner, 30)
    assert [row[0] for row in audits(town)] == ["closed", "reopened"]
    with pytest.raises(errors.UnknownAccount), transaction.atomic():
        services.reopen_member(community_id=town.id, owner=uuid.uuid4(), actor=None)


def fund(town: Town, amount: int, source: Any) -> services.Posting:
    return services.fund_protection(key=new_id(), community_id=town.id, amount=amount, source=source, actor=None)


def pay(town: Town, owner: uuid.UUID, amount: int) -> services.Posting:
    return services.pay_protection(
        key=new_id(), community_id=town.id, owner=owner, amount=amount, reference=new_id(), actor=None
    )


def test_protection_is_funded_by_fees_or_newly_issued_and_pays_to_main(town: Town) -> None:
    payer, payee = town.member(gift=500), town.member()
    with pytest.raises(errors.InsufficientCredits):
        fund(town, 1, "fees")
    town.release(town.hold(payer, 100, payee=payee, fees=(20, 10)), payee)
    fund(town, 30, "fees")
    fund(town, 50, "issuer")
    with pytest.raises(errors.InsufficientCredits):
        pay(town, payer, 81)
    pay(town, payer, 80)
    assert posted(payer) == {"gift": 380, "main": 80}
    totals = queries.find_totals(community_id=town.id)
    assert totals is not None
    assert (totals.issued, totals.with_community) == (550, 0)
    for act in (lambda: fund(town, 1, "main"), lambda: fund(town, 0, "fees"), lambda: pay(town, payer, -1)):
        with pytest.raises(errors.InvalidPosting), transaction.atomic():
            act()
    town.check()


def test_a_starter_grant_is_given_once_and_a_bonus_once_for_each_newcomer(town: Town) -> None:
    owner, newcomers = town.member(), [uuid.uuid4(), uuid.uuid4()]
    key = new_id()
    assert [town.grant(owner, 100, key=key, reason="starter").repeated for _ in range(2)] == [False, True]
    with pytest.raises(errors.AlreadyGranted):
        town.grant(owner, 50, reason="starter")

    def bonus(about: uuid.UUID | None) -> None:
        services.grant(
            key=new_id(), community_id=town.id, owner=owner, amount=7, reason="referral", actor=None, about=about
        )

    for newcomer in newcomers:
        bonus(newcomer)
        with pytest.raises(errors.AlreadyGranted):
            bonus(newcomer)
    for nobody in (None, owner):
        with pytest.raises(errors.InvalidPosting), transaction.atomic():
            bonus(nobody)
    assert town.balance(owner) == (114, 0)
    town.check()


def test_the_balance_at_a_moment(town: Town) -> None:
    owner = town.member()
    moments = [town.grant(owner, amount).booked_at for amount in (1, 2, 4, 8, 16, 32, 64)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT account_id FROM ledger.accounts WHERE owner = %s AND kind = 'gift'", [owner])
        (account,) = cursor.fetchone()
        cursor.execute(
            "SELECT ledger.balance_at(%s, at), ledger.balance_at(%s, at - interval '1 microsecond')"
            " FROM unnest(%s::timestamptz[]) at",
            [account, account, moments],
        )
        assert cursor.fetchall() == [(1, 0), (3, 1), (7, 3), (15, 7), (31, 15), (63, 31), (127, 63)]
        cursor.execute("SELECT ledger.balance_at(%s, 'infinity'), ledger.balance_at(-1, now())", [account])
        assert cursor.fetchone() == (127, None)
