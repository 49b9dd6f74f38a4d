"""Eight writers, a sealer and a reader while backends are killed: nothing is lost, nothing is posted twice.

The cluster is this test's own, because kill -9 of one backend makes PostgreSQL end all sessions and recover.
"""

import contextlib
import dataclasses
import os
import random
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, LiteralString

import psycopg
import pytest

from localex.embedded import roles
from localex.lib.ids import new_id
from tests.credits.attacks.victim import CHECKS
from tests.servers import TEMPLATE, RunningServers, Servers

pytestmark = pytest.mark.slow

WRITERS = 8
MEMBERS = 6
BEGINNING = 10_000
PATIENCE_SECONDS = 60

GRANT: LiteralString = (
    "SELECT reason::text, repeated FROM ledger.grant_credits(%(key)s, %(community)s, %(payee)s, %(amount)s,"
    " 'coordinator_grant', NULL)"
)
HOLD: LiteralString = (
    "SELECT reason::text, repeated FROM ledger.hold_credits(%(key)s, %(community)s, %(trade)s, %(payer)s, %(amount)s,"
    " now() + interval '1 day', NULL)"
)
RELEASE: LiteralString = "SELECT reason::text, repeated FROM ledger.release_hold(%(key)s, %(trade)s, %(payee)s, NULL)"
REFUND: LiteralString = "SELECT reason::text, repeated FROM ledger.refund_hold(%(key)s, %(trade)s, NULL)"


class OwnCluster(RunningServers):
    """Servers of this test alone. What was confirmed must survive a crash of the server, unlike in other tests."""

    def __init__(self) -> None:
        super().__init__()
        self._cluster._settings.update({"synchronous_commit": "on", "restart_after_crash": "on"})


@pytest.fixture(scope="module")
def servers_to_kill() -> Iterator[Servers]:
    running = OwnCluster()
    try:
        running.start()
        yield Servers(running.root, "killed")
    finally:
        running.stop()


@dataclasses.dataclass
class Work:
    """One community and what was asked of it; every posting whose answer came is in `effects`, once."""

    servers: Servers
    keeps_keys: bool = True
    community: uuid.UUID = dataclasses.field(default_factory=new_id)
    members: list[uuid.UUID] = dataclasses.field(default_factory=lambda: [new_id() for _ in range(MEMBERS)])
    expected: dict[uuid.UUID, int] = dataclasses.field(default_factory=dict)
    keys: set[uuid.UUID] = dataclasses.field(default_factory=set)
    granted: int = 0
    repeats: int = 0
    is_over: threading.Event = dataclasses.field(default_factory=threading.Event)
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def connect(self, role: str = roles.APP) -> psycopg.Connection[Any]:
        """A connection, as soon as the server takes one again."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self.servers.connect(role, TEMPLATE)
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def open(self) -> None:
        """The community, its members, and what each begins with."""
        with self.connect() as app:
            app.execute("SELECT ledger.open_community(%s)", [self.community])
            for member in self.members:
                app.execute("SELECT ledger.open_member(%s, %s)", [self.community, member])
                self.expected[member] = 0
        session = Session(self, 0, loses_answers=False)
        for member in self.members:
            session.post(GRANT, payee=member, amount=BEGINNING)
            self.count(payee=member, amount=BEGINNING)
            self.granted += BEGINNING
        session.close()

    def count(self, *, payee: uuid.UUID, amount: int, payer: uuid.UUID | None = None) -> None:
        """What a confirmed payment must have done."""
        with self.lock:
            self.expected[payee] += amount
            if payer:
                self.expected[payer] -= amount

    def balances(self) -> dict[uuid.UUID, int]:
        """What each member has, by the ledger."""
        with self.connect() as app:
            rows = app.execute(
                "SELECT owner, sum(posted)::bigint FROM ledger.accounts WHERE community_id = %s AND owner = ANY (%s)"
                " GROUP BY owner",
                [self.community, self.members],
            )
            return dict(rows.fetchall())

    def broken(self) -> list[Any]:
        """What the checker finds, I1 to I8."""
        with self.connect() as app:
            found = []
            for check in CHECKS:
                found += app.execute("SELECT %s, * FROM ledger.find_broken(%s, '-infinity')", [check, check]).fetchall()
            return found


class Session:
    """One client. It asks again under the same key until it has an answer, also over a new connection.

    Now and then it loses an answer that did come, as a network does; that is what makes retries certain.
    """

    def __init__(self, work: Work, seed: int, *, loses_answers: bool = True) -> None:
        self.work, self.chance, self.loses_answers = work, random.Random(seed), loses_answers
        self.connection = work.connect()

    def close(self) -> None:
        self.connection.close()

    def post(self, statement: LiteralString, **request: Any) -> None:
        """Have one thing done exactly once."""
        key, until = new_id(), time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                row = self.connection.execute(
                    statement, {"community": self.work.community, "key": key, **request}
                ).fetchone()
                if self.loses_answers and self.chance.random() < 0.1:
                    raise psycopg.OperationalError("the answer was lost")
                break
            except (psycopg.OperationalError, psycopg.InterfaceError):
                if time.monotonic() > until:
                    raise
                self.connection.close()
                self.connection = self.work.connect()
                if not self.work.keeps_keys:
                    key = new_id()
        assert row is not None
        if self.work.keeps_keys:
            assert row[0] is None, row
        with self.work.lock:
            self.work.keys.add(key)
            self.work.repeats += bool(row[1])

    def trade_until_over(self) -> None:
        """Members pay each other, change their minds, and are given something."""
        number = 0
        while not self.work.is_over.is_set():
            number += 1
            payer, payee = self.chance.sample(self.work.members, 2)
            trade, amount = new_id(), self.chance.randint(1, 20)
            if number % 4 == 0:
                self.post(GRANT, payee=payee, amount=amount)
                self.work.count(payee=payee, amount=amount)
                with self.work.lock:
                    self.work.granted += amount
                continue
            self.post(HOLD, trade=trade, payer=payer, amount=amount)
            if number % 4 == 1:
                self.post(REFUND, trade=trade)
            else:
                self.post(RELEASE, trade=trade, payee=payee)
                self.work.count(payer=payer, payee=payee, amount=amount)
        self.close()


def _survive(work: Work, act: Callable[[psycopg.Connection[Any]], object]) -> int:
    """Do `act` over and over until the work is over, whatever happens to the connection; how often it was done."""
    done, connection = 0, work.connect()
    while not work.is_over.is_set():
        try:
            act(connection)
            done += 1
        except (psycopg.OperationalError, psycopg.InterfaceError):
            connection.close()
            connection = work.connect()
    connection.close()
    return done


def _look(connection: psycopg.Connection[Any], work: Work) -> None:
    """One snapshot, looked at twice: everything sums to zero, and what exists is what was issued."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        query: LiteralString = (
            "SELECT total, issued - with_members - held - with_community, issued FROM ledger.totals"
            " WHERE community_id = %s"
        )
        first = connection.execute(query, [work.community]).fetchone()
        assert first is not None
        assert first[:2] == (0, 0)
        assert connection.execute(query, [work.community]).fetchone() == first


def _seal(connection: psycopg.Connection[Any]) -> None:
    connection.execute("SELECT ledger.seal_step()")
    time.sleep(0.02)


def _kill(work: Work, *, rounds: int, crashes: int) -> None:
    """End one of the application's sessions at random, again and again; the last ones with kill -9."""
    chance = random.Random(7)
    for number in range(rounds):
        time.sleep(chance.uniform(0.02, 0.12))
        with contextlib.suppress(psycopg.OperationalError), work.connect(roles.SUPER) as superuser:
            busy = superuser.execute(
                "SELECT pid FROM pg_stat_activity WHERE usename = %s AND datname = %s", [roles.APP, TEMPLATE]
            ).fetchall()
            if not busy:
                continue
            pid = chance.choice(busy)[0]
            if number >= rounds - crashes:
                os.kill(pid, signal.SIGKILL)
                time.sleep(0.5)
            else:
                superuser.execute("SELECT pg_terminate_backend(%s)", [pid])


def _run(work: Work, *, rounds: int, crashes: int) -> tuple[int, int]:
    """All at once; how many snapshots were looked at and how many steps of sealing were made."""
    with ThreadPoolExecutor(WRITERS + 2) as pool:
        sessions = [pool.submit(Session(work, seed).trade_until_over) for seed in range(WRITERS)]
        reader = pool.submit(_survive, work, lambda connection: _look(connection, work))
        sealer = pool.submit(_survive, work, _seal)
        try:
            _kill(work, rounds=rounds, crashes=crashes)
        finally:
            work.is_over.set()
        for session in sessions:
            session.result(PATIENCE_SECONDS)
        return reader.result(PATIENCE_SECONDS), sealer.result(PATIENCE_SECONDS)


def test_nothing_is_lost_or_doubled_when_backends_are_killed(servers_to_kill: Servers) -> None:
    work = Work(servers_to_kill)
    work.open()
    snapshots, steps = _run(work, rounds=40, crashes=4)
    assert work.balances() == work.expected
    with work.connect() as app:
        posted = {
            row[0]
            for row in app.execute(
                "SELECT journal_id FROM ledger.journals WHERE community_id = %s AND reason IS NULL", [work.community]
            )
        }
        row = app.execute("SELECT issued, held FROM ledger.totals WHERE community_id = %s", [work.community]).fetchone()
    assert posted == work.keys
    assert row == (work.granted, 0)
    assert work.broken() == []
    # It was no empty show.
    assert len(posted) > 100
    assert work.repeats > 5
    assert snapshots > 10
    assert steps > 10


def test_a_client_that_makes_a_new_key_for_a_retry_posts_twice(servers_to_kill: Servers) -> None:
    """The control: without the key as fence, the same comparison finds what was posted twice."""
    work = Work(servers_to_kill, keeps_keys=False)
    work.open()
    session = Session(work, 1)
    for _ in range(40):
        session.post(GRANT, payee=work.members[0], amount=1)
        work.count(payee=work.members[0], amount=1)
    session.close()
    assert work.balances() != work.expected
