"""Everybody in everybody's way, with every function that locks: the order of ids keeps them from waiting in a ring.

A deadlock would not only be an error of one session: PostgreSQL counts it, also one that a retry would hide.
"""

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import errors

from localex.embedded import roles
from localex.lib.ids import new_id
from tests.credits.attacks.victim import CHECKS
from tests.servers import Servers

pytestmark = pytest.mark.slow

SESSIONS = 12
ROUNDS = 200
# Rejections that a session cannot foresee: somebody else closed the account, ended the trade, uses the credit line.
EXPECTED = {"LX004", "LX005", "LX006", "LX007", "LX010", "LX011", "23505"}


@pytest.fixture(scope="module")
def crowded(servers: Servers) -> Iterator[str]:
    with servers.scratch_database() as name:
        yield name


def count_deadlocks(servers: Servers, database: str) -> int:
    """How many deadlocks PostgreSQL has broken in this database so far; sessions report when they end."""
    with servers.connect(roles.SUPER, "postgres") as superuser:
        superuser.execute("SELECT pg_stat_force_next_flush()")
        row = superuser.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = %s", [database]).fetchone()
    assert row is not None
    return int(row[0])


class Crowd:
    """Two communities with three members each, who all know each other's trades."""

    def __init__(self, servers: Servers, database: str) -> None:
        self.servers, self.database = servers, database
        self.communities = [new_id(), new_id()]
        self.members = {community: [new_id() for _ in range(3)] for community in self.communities}
        self.trades: list[tuple[uuid.UUID, uuid.UUID, uuid.UUID]] = []
        with servers.connect(roles.APP, database) as app:
            for community in self.communities:
                app.execute("SELECT ledger.open_community(%s)", [community])
                for member in self.members[community]:
                    app.execute("SELECT ledger.open_member(%s, %s)", [community, member])
                    self.call(app, "grant_credits", new_id(), community, member, 5_000, "coordinator_grant", None)
            for one, other in (self.communities, self.communities[::-1]):
                self.call(app, "open_clearing", one, other, 10_000, None)

    def call(self, app: psycopg.Connection[Any], function: LiteralString, *arguments: Any) -> Any:
        """Call a function of the ledger as a statement of its own."""
        casts = {bool: "", int: "::bigint", str: "", uuid.UUID: "::uuid", type(None): ""}
        marks = ", ".join("%s" + casts.get(type(argument), "") for argument in arguments)
        return app.execute(f"SELECT * FROM ledger.{function}({marks})".encode(), arguments).fetchall()


class Somebody:
    """One session that does anything, over few accounts, in any order."""

    def __init__(self, crowd: Crowd, seed: int) -> None:
        self.crowd, self.chance = crowd, random.Random(seed)
        self.app = crowd.servers.connect(roles.APP, crowd.database)
        self.done = 0
        self.acts: list[Callable[[], object]] = [
            *[self.hold] * 5, *[self.end] * 5, self.grant, *[self.grant_many] * 2, *[self.across] * 3, self.sweep,
            self.protection, self.limits, self.close, self.extend,
        ]  # fmt: skip

    def run(self, gate: threading.Barrier) -> None:
        gate.wait(30)
        for _ in range(ROUNDS):
            try:
                self.chance.choice(self.acts)()
                self.done += 1
            except psycopg.Error as error:
                if error.sqlstate not in EXPECTED:
                    self.app.close()
                    raise
        self.app.close()

    def call(self, function: LiteralString, *arguments: Any) -> Any:
        return self.crowd.call(self.app, function, *arguments)

    def pick(self) -> tuple[uuid.UUID, list[uuid.UUID]]:
        """A community and its members in random order."""
        community = self.chance.choice(self.crowd.communities)
        return community, self.chance.sample(self.crowd.members[community], 3)

    def other(self, community: uuid.UUID) -> uuid.UUID:
        one, two = self.crowd.communities
        return two if community == one else one

    def trade(self) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID]:
        if not self.crowd.trades:
            self.hold()
        return self.chance.choice(self.crowd.trades[-6:])

    def hold(self) -> None:
        community, (payer, payee, _) = self.pick()
        if self.chance.random() < 0.4:
            payee = self.chance.choice(self.crowd.members[self.other(community)])
        trade = new_id()
        expires = f"{self.chance.choice([20, 300, 90_000])} milliseconds"
        self.app.execute(
            "SELECT ledger.hold_credits(%s, %s, %s, %s, %s, %s, 2, 1, now() + %s::interval, NULL)",
            [new_id(), community, trade, payer, payee, self.chance.randint(5, 50), expires],
        )
        self.crowd.trades.append((community, trade, payee))

    def end(self) -> None:
        _, trade, payee = self.trade()
        how = self.chance.choice(("release", "capture", "refund", "expire"))
        if how == "release":
            self.call("release_hold", new_id(), trade, payee, None)
        elif how == "capture":
            self.call("capture_hold", new_id(), trade, payee, self.chance.randint(1, 5), None)
        elif how == "refund":
            self.call("refund_hold", new_id(), trade, None)
        else:
            self.call("expire_hold", new_id(), trade)

    def extend(self) -> None:
        _, trade, _ = self.trade()
        self.app.execute("SELECT ledger.extend_hold(%s, now() + interval '1 second')", [trade])

    def grant(self) -> None:
        community, (member, _, _) = self.pick()
        self.call("grant_credits", new_id(), community, member, 3, "coordinator_grant", None)

    def grant_many(self) -> None:
        community, members = self.pick()
        self.app.execute(
            "SELECT * FROM ledger.grant_many(%s::uuid[], %s, %s::uuid[], %s::bigint[], 'coordinator_grant', NULL)",
            [[new_id() for _ in members], community, members, [1, 2, 3]],
        )

    def across(self) -> None:
        community, trade, payee = self.trade()
        self.call("release_across", new_id(), new_id(), trade, self.other(community), payee, None)

    def sweep(self) -> None:
        self.app.execute("SELECT * FROM ledger.expire_holds('0 seconds', 10)")

    def protection(self) -> None:
        community, (member, _, _) = self.pick()
        self.app.execute("SELECT ledger.fund_protection(%s, %s, 5, 'fees', NULL)", [new_id(), community])
        self.app.execute("SELECT ledger.pay_protection(%s, %s, %s, 5, NULL, NULL)", [new_id(), community, member])

    def limits(self) -> None:
        community, (member, other, _) = self.pick()
        self.call("set_credit_line", community, member, self.chance.choice([0, 50]), None, "a test")
        self.app.execute("SELECT ledger.set_ceiling(%s, %s, 100000, NULL, 'a test')", [community, other])

    def close(self) -> None:
        community, (member, _, _) = self.pick()
        self.call("reopen_member", community, member, None)
        if self.chance.random() < 0.3:
            self.call("close_member", community, member)
            self.call("reopen_member", community, member, None)


def test_no_deadlock_whatever_the_functions_and_the_order(servers: Servers, crowded: str) -> None:
    crowd = Crowd(servers, crowded)
    before = count_deadlocks(servers, crowded)
    everybody = [Somebody(crowd, seed) for seed in range(SESSIONS)]
    gate = threading.Barrier(SESSIONS)
    with ThreadPoolExecutor(SESSIONS) as pool:
        for running in [pool.submit(one.run, gate) for one in everybody]:
            running.result(120)
    assert count_deadlocks(servers, crowded) == before
    with servers.connect(roles.APP, crowded) as app:
        kinds = {row[0] for row in app.execute("SELECT DISTINCT kind::text FROM ledger.journals WHERE reason IS NULL")}
        broken = [
            app.execute("SELECT * FROM ledger.find_broken(%s, '-infinity')", [name]).fetchall() for name in CHECKS
        ]
    assert broken == [[]] * len(CHECKS)
    # Everything took part, or nothing was shown.
    assert kinds >= {"hold", "release", "refund", "expiry", "coordinator_grant", "clearing_out", "clearing_in"}
    assert kinds >= {"protection", "protection_funding"}
    assert sum(one.done for one in everybody) > SESSIONS * ROUNDS / 2


def shuffle(superuser: psycopg.Connection[Any], function: str, ordered: str, shuffled: str) -> None:
    """Replace the one place of a function that says in which order it locks."""
    row = superuser.execute(
        "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = %s AND pronamespace = 'ledger'::regnamespace",
        [function],
    ).fetchone()
    assert row is not None
    assert row[0].count(ordered) == 1
    superuser.execute(row[0].replace(ordered, shuffled).encode())


def test_without_the_order_of_locks_the_same_crowd_deadlocks(servers: Servers) -> None:
    """The control: ledger.post takes its locks in any order, and nothing else is different."""
    with servers.scratch_database() as name:
        with servers.connect(roles.SUPER, name) as superuser:
            shuffle(superuser, "post", "array_sort(p_balance_ids)", "array_shuffle(p_balance_ids)")
            shuffle(superuser, "post_pair", "FOR NO KEY UPDATE OF a, b", "FOR NO KEY UPDATE OF b, a")
            superuser.execute(f"ALTER DATABASE {name} SET deadlock_timeout = '20ms'".encode())
        crowd = Crowd(servers, name)
        gate = threading.Barrier(SESSIONS)
        with ThreadPoolExecutor(SESSIONS) as pool:
            running = [pool.submit(Somebody(crowd, seed).run, gate) for seed in range(SESSIONS)]
            failures = [one.exception(120) for one in running]
        assert any(isinstance(failure, errors.DeadlockDetected) for failure in failures)
        assert count_deadlocks(servers, name) > 0


def test_a_deadlock_would_be_counted(servers: Servers, crowded: str) -> None:
    """The control: two sessions that lock two rows in opposite order are seen by the same count."""
    before = count_deadlocks(servers, crowded)
    with servers.connect(roles.SUPER, crowded) as superuser:
        superuser.execute("CREATE TABLE public.pair AS SELECT n, 0 AS x FROM generate_series(1, 2) n")
    gate = threading.Barrier(2)

    def lock(*order: int) -> bool:
        with servers.connect(roles.SUPER, crowded) as connection:
            connection.execute("SET deadlock_timeout = '50ms'")
            try:
                with connection.transaction():
                    connection.execute("UPDATE public.pair SET x = 1 WHERE n = %s", [order[0]])
                    gate.wait(30)
                    connection.execute("UPDATE public.pair SET x = 1 WHERE n = %s", [order[1]])
            except errors.DeadlockDetected:
                return True
        return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(lambda order: lock(*order), [(1, 2), (2, 1)])) == [False, True]
    until = time.monotonic() + 30
    while count_deadlocks(servers, crowded) == before and time.monotonic() < until:
        time.sleep(0.05)
    assert count_deadlocks(servers, crowded) == before + 1


def test_read_committed_loses_no_update(servers: Servers, crowded: str) -> None:
    """Read, think, write: two sessions that do it by hand lose an update; two that call the ledger do not."""
    community, member = new_id(), new_id()
    with servers.connect(roles.SUPER, crowded) as superuser:
        superuser.execute("CREATE TABLE public.purse AS SELECT 0 AS credits")
        superuser.execute("SELECT ledger.open_community(%s)", [community])
        superuser.execute("SELECT ledger.open_member(%s, %s)", [community, member])
    gate = threading.Barrier(2)

    def by_hand() -> None:
        with servers.connect(roles.SUPER, crowded) as connection, connection.transaction():
            row = connection.execute("SELECT credits FROM public.purse").fetchone()
            assert row is not None
            gate.wait(30)
            connection.execute("UPDATE public.purse SET credits = %s", [row[0] + 10])

    def by_the_ledger() -> None:
        with servers.connect(roles.APP, crowded) as connection:
            for _ in range(20):
                with connection.transaction():
                    connection.execute("SELECT posted FROM ledger.accounts WHERE owner = %s", [member]).fetchall()
                    connection.execute(
                        "SELECT ledger.grant_credits(%s, %s, %s, 10, 'coordinator_grant', NULL)",
                        [new_id(), community, member],
                    )

    def twice_at_once(act: Callable[[], None]) -> None:
        with ThreadPoolExecutor(2) as pool:
            for running in [pool.submit(act) for _ in range(2)]:
                running.result(60)

    twice_at_once(by_hand)
    twice_at_once(by_the_ledger)
    with servers.connect(roles.SUPER, crowded) as superuser:
        assert superuser.execute("SELECT credits FROM public.purse").fetchone() == (10,)
        total = superuser.execute("SELECT sum(posted) FROM ledger.accounts WHERE owner = %s", [member]).fetchone()
    assert total == (400,)
