"""How a hold ends: in full, in part, with fees, for its payee only, or by its deadline."""

import random
import threading
import uuid
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from django.db import connection, transaction

from localex.credits import errors, queries, services
from localex.embedded import roles
from localex.lib.ids import new_id
from tests.credits.conftest import MOMENT, Town, in_days, posted, wait_until_past
from tests.servers import Servers


def capture(trade: uuid.UUID, payee: uuid.UUID, amount: int, *, key: uuid.UUID | None = None) -> services.Posting:
    return services.capture(key=key or new_id(), trade_id=trade, payee=payee, amount=amount, actor=None)


def test_release_takes_both_fees(town: Town) -> None:
    payer, payee = town.member(gift=2_000), town.member()
    trade = town.hold(payer, 1_000, payee=payee, fees=(75, 30))
    assert town.balance(payer) == (925, 1_075)
    town.release(trade, payee)
    assert town.balance(payee) == (970, 0)
    totals = queries.find_totals(community_id=town.id)
    assert totals is not None
    assert totals.with_community == 105
    town.check()


def test_refund_gives_the_buyers_fee_back(town: Town) -> None:
    payer = town.member(gift=50, main=100)
    town.refund(town.hold(payer, 100, payee=town.member(), fees=(20, 5)))
    assert posted(payer) == {"gift": 50, "main": 100}
    town.check()


@pytest.mark.parametrize(
    ("amount", "back"),
    [
        (1, {"gift": 99, "main": 200}),  # main is filled first, then gift
        (100, {"gift": 0, "main": 200}),
        (150, {"gift": 0, "main": 150}),
        (300, {"gift": 0, "main": 0}),
    ],
)
def test_what_is_not_captured_goes_back_to_main_first(town: Town, amount: int, back: dict[str, int]) -> None:
    payer, payee = town.member(gift=100, main=200), town.member()
    trade = town.hold(payer, 300, payee=payee)
    capture(trade, payee, amount)
    assert posted(payer) == back
    assert posted(payee) == {"gift": 0, "main": amount}
    assert (found := queries.find_hold(trade_id=trade)) is not None
    assert found.state == "released"
    with pytest.raises(errors.HoldEnded):
        capture(trade, payee, 1)
    town.check()


def test_fees_shrink_with_the_part(town: Town) -> None:
    payer, payee = town.member(gift=2_000), town.member()
    capture(town.hold(payer, 1_000, payee=payee, fees=(55, 33)), payee, 500)
    # 27.5 and 16.5, half to even: 28 and 16.
    assert town.balance(payee) == (484, 0)
    assert town.balance(payer) == (2_000 - 500 - 28, 0)
    town.check()


def test_a_part_for_oneself(town: Town) -> None:
    payer = town.member(main=300)
    capture(town.hold(payer, 200), payer, 50)
    assert town.balance(payer) == (300, 0)
    town.check()


@pytest.mark.parametrize("amount", [0, -1, 101])
def test_a_part_lies_within_the_price(town: Town, amount: int) -> None:
    payer, payee = town.member(gift=200), town.member()
    trade = town.hold(payer, 100, payee=payee, fees=(10, 0))
    with pytest.raises(errors.InvalidPosting), transaction.atomic():
        capture(trade, payee, amount)
    assert town.balance(payer) == (90, 110)


def test_a_capture_repeats_under_its_key(town: Town) -> None:
    payer, payee, key = town.member(gift=100), town.member(), new_id()
    trade = town.hold(payer, 100)
    assert [capture(trade, payee, 60, key=key).repeated for _ in range(2)] == [False, True]
    with pytest.raises(errors.KeyReused), transaction.atomic():
        capture(trade, payee, 61, key=key)
    assert town.balance(payer) == (40, 0)


def test_a_hold_goes_to_its_payee_only(town: Town) -> None:
    payer, payee, thief = town.member(gift=100), town.member(), town.member()
    trade = town.hold(payer, 100, payee=payee)
    with pytest.raises(errors.OtherPayee):
        town.release(trade, thief)
    with pytest.raises(errors.OtherPayee):
        capture(trade, thief, 1)
    town.release(trade, payee)
    assert (town.balance(thief), town.balance(payee)) == ((0, 0), (100, 0))
    town.check()


@pytest.mark.parametrize("fees", [(-1, 0), (0, -1), (0, 101)])
def test_fees_are_bounded(town: Town, fees: tuple[int, int]) -> None:
    payer, payee = town.member(gift=500), town.member()
    with pytest.raises(errors.InvalidPosting), transaction.atomic():
        town.hold(payer, 100, payee=payee, fees=fees)
    with pytest.raises(errors.InvalidPosting), transaction.atomic():
        town.hold(payer, 100, fees=(1, 0))  # fees need a payee


def test_nobody_holds_credits_for_themselves(town: Town) -> None:
    payer = town.member(gift=500)
    with pytest.raises(errors.InvalidPosting), transaction.atomic():
        town.hold(payer, 100, payee=payer)
    assert town.balance(payer) == (500, 0)
    town.check()


def test_an_expired_hold_goes_back_by_itself(town: Town) -> None:
    payer = town.member(gift=100)
    early, late = town.hold(payer, 30, days=MOMENT), town.hold(payer, 20)
    wait_until_past(early)
    with pytest.raises(errors.HoldNotExpired):
        services.expire(key=new_id(), trade_id=late)
    key = new_id()
    assert [services.expire(key=key, trade_id=early).repeated for _ in range(2)] == [False, True]
    assert town.balance(payer) == (80, 20)
    with pytest.raises(errors.HoldEnded):
        services.expire(key=new_id(), trade_id=early)
    town.check()


def test_the_sweeper_takes_the_oldest_and_leaves_what_has_time(committed_town: Town) -> None:
    town = committed_town
    payer = town.member(gift=100)
    trades = [town.hold(payer, 10, days=MOMENT) for _ in range(3)]
    town.hold(payer, 10)
    wait_until_past(trades[-1])
    assert services.expire_overdue(older_than=timedelta(hours=1), limit=10) == []
    swept = services.expire_overdue(older_than=timedelta(0), limit=2)
    assert swept == trades[:2]
    assert services.expire_overdue(older_than=timedelta(0), limit=10) == trades[2:]
    assert town.balance(payer) == (90, 10)
    town.check()


def test_the_sweeper_waits_for_nobody(committed_town: Town) -> None:
    town = committed_town
    payer, payee = town.member(gift=100), town.member(gift=100)
    trades = [town.hold(payer, 10, days=MOMENT), town.hold(payee, 10, days=MOMENT)]
    wait_until_past(trades[-1])
    is_locked, is_swept = threading.Event(), threading.Event()

    def keep() -> None:
        with transaction.atomic():
            town.grant(payer, 1)
            is_locked.set()
            is_swept.wait(10)
        connection.close()

    keeper = threading.Thread(target=keep)
    keeper.start()
    assert is_locked.wait(10)
    swept = services.expire_overdue(older_than=timedelta(0), limit=10)
    is_swept.set()
    keeper.join()
    assert swept == trades[1:]
    assert services.expire_overdue(older_than=timedelta(0), limit=10) == trades[:1]
    town.check()


def test_a_hold_for_somebody_without_an_account_cannot_be_released(town: Town) -> None:
    payer, stranger = town.member(gift=10), uuid.uuid4()
    trade = town.hold(payer, 10, payee=stranger)
    with pytest.raises(errors.UnknownAccount), transaction.atomic():
        town.release(trade, stranger)
    services.extend_hold(trade_id=trade, expires_at=in_days(9))
    town.refund(trade)


@pytest.mark.parametrize("price", [1, 2, 3, 7, 200, 999, 10**12 + 1])
def test_shares_of_fees_are_rounded_half_to_even(servers: Servers, price: int) -> None:
    chance = random.Random(price)
    with servers.connect(roles.SUPER) as superuser:
        for _ in range(60):
            fee, part = chance.randint(0, 2 * price), chance.randint(1, price)
            exact = Decimal(fee * part) / Decimal(price) if fee * part % price else Decimal(fee * part // price)
            row = superuser.execute(
                "SELECT ledger.share_of_fee(%s::bigint, %s::bigint, %s::bigint)", [fee, part, price]
            ).fetchone()
            assert row == (int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)),)
