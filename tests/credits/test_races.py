"""Many sessions at once, each with its own connection, all really committing."""

import contextlib
import random
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from localex.credits import errors, queries, services
from localex.lib.errors import LocalExError
from localex.lib.ids import new_id
from tests.credits.conftest import Town, in_days

pytestmark = pytest.mark.usefixtures("committed_db")


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Run all acts as simultaneously as threads can; what each answers or raises, in order."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        try:
            gate.wait(10)
            return act()
        except LocalExError as error:
            return type(error)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_two_holds_beyond_the_balance_one_wins(committed_town: Town) -> None:
    town = committed_town
    payer = town.member(gift=100)
    outcomes = at_once(*[lambda: town.hold(payer, 60)] * 4)
    assert outcomes.count(errors.InsufficientCredits) == 3
    assert town.balance(payer) == (40, 60)
    town.check()


def test_the_same_key_at_once_posts_once(committed_town: Town) -> None:
    town = committed_town
    owner, key = town.member(), new_id()
    outcomes = at_once(*[lambda: town.grant(owner, 100, key=key)] * 8)
    assert sorted(posting.repeated for posting in outcomes) == [False] + [True] * 7  # type: ignore[attr-defined]
    assert town.balance(owner) == (100, 0)


def test_the_same_key_for_two_requests_at_once_posts_one(committed_town: Town) -> None:
    town = committed_town
    owners, key = [town.member() for _ in range(4)], new_id()
    outcomes = at_once(*[lambda owner=owner: town.grant(owner, 100, key=key) for owner in owners])
    assert outcomes.count(errors.KeyReused) == 3
    assert sum(town.balance(owner)[0] for owner in owners) == 100
    town.check()


def test_two_holds_of_one_trade_at_once(committed_town: Town) -> None:
    town = committed_town
    payers, trade_id = [town.member(gift=100) for _ in range(4)], new_id()

    def hold(payer: uuid.UUID) -> object:
        return services.hold(
            key=new_id(),
            community_id=town.id,
            trade_id=trade_id,
            payer=payer,
            amount=10,
            expires_at=in_days(),
            actor=None,
        )

    outcomes = at_once(*[lambda payer=payer: hold(payer) for payer in payers])
    assert outcomes.count(errors.HoldExists) == 3
    assert sum(town.balance(payer)[0] for payer in payers) == 390
    town.check()


def test_release_and_refund_at_once(committed_town: Town) -> None:
    town = committed_town
    for _ in range(5):
        payer, payee = town.member(gift=100), town.member()
        trade = town.hold(payer, 40)
        outcomes = at_once(
            *[lambda: town.release(trade, payee)] * 2,  # noqa: B023 - joined before the next round
            *[lambda: town.refund(trade)] * 2,  # noqa: B023
        )
        assert outcomes.count(errors.HoldEnded) == 3
        assert town.balance(payer)[0] + town.balance(payee)[0] == 100
    town.check()


def test_opening_at_once_opens_once(committed_db: None) -> None:
    town, owner = Town(), uuid.uuid4()
    at_once(*[lambda: services.open_community(community_id=town.id)] * 4)
    at_once(*[lambda: services.open_member(community_id=town.id, owner=owner)] * 4)
    town.grant(owner, 5)
    assert town.balance(owner) == (5, 0)
    town.check()


def test_everybody_through_the_issuers(committed_town: Town) -> None:
    """The hot accounts: every posting locks one, none is lost, and their times still go up one by one."""
    town = committed_town
    owners = [town.member() for _ in range(8)]

    def grants(owner: uuid.UUID) -> None:
        for _ in range(15):
            town.grant(owner, 1)

    at_once(*[lambda owner=owner: grants(owner) for owner in owners])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM ledger.accounts WHERE community_id = %s AND kind = 'issuer' AND posted < 0", [town.id]
        )
        ((used,),) = cursor.fetchall()
        assert used > 1
    assert [town.balance(owner) for owner in owners] == [(15, 0)] * 8
    assert queries.find_totals(community_id=town.id) == queries.Totals(120, 120, 0, 0)
    town.check()


def test_no_deadlock_however_the_accounts_cross(committed_town: Town) -> None:
    """Members trade with each other both ways at once, with grants in between: the order of ids keeps them apart."""
    town = committed_town
    owners = [town.member(gift=1_000) for _ in range(4)]

    def trade(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(20):
            payer, payee = chance.sample(owners, 2)
            with contextlib.suppress(errors.InsufficientCredits):
                town.release(town.hold(payer, chance.randint(1, 300)), payee)
            if chance.random() < 0.2:
                town.grant(payee, 10)

    # A deadlock would be an OperationalError of one of the sessions, which at_once does not swallow.
    assert at_once(*[lambda seed=seed: trade(seed) for seed in range(6)]) == [None] * 6
    town.check()


def test_the_total_is_zero_in_every_snapshot(committed_town: Town) -> None:
    """A REPEATABLE READ reader beside writers never sees credits made or lost."""
    town = committed_town
    owners = [town.member(gift=500) for _ in range(4)]
    is_over = threading.Event()

    def write(payer: uuid.UUID, payee: uuid.UUID) -> None:
        for number in range(15):
            trade = town.hold(payer, 7)
            town.refund(trade) if number % 3 == 0 else town.release(trade, payee)

    def write_all() -> None:
        try:
            at_once(*[lambda pair=pair: write(*pair) for pair in _pairs(owners)])
        finally:
            is_over.set()

    seen = 0
    writer = threading.Thread(target=write_all)
    writer.start()
    while not is_over.is_set() or not seen:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            for _ in range(2):
                cursor.execute("SELECT total, issued FROM ledger.totals WHERE community_id = %s", [town.id])
                assert cursor.fetchone() == (0, 2_000)
        seen += 1
    writer.join()
    town.check()


def _pairs(owners: Sequence[uuid.UUID]) -> Iterator[tuple[uuid.UUID, uuid.UUID]]:
    return zip(owners, [*owners[1:], owners[0]], strict=True)
