"""Making seals beside postings: nothing is missed, nothing is sealed twice, and a kill changes nothing."""

import random
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from localex.credits import rehearsal
from localex.embedded import roles
from tests.credits.books import Books, new_books
from tests.servers import Servers


@pytest.fixture
def books(servers: Servers) -> Iterator[Books]:
    with new_books(servers) as found:
        yield found


def sealed_journals(books: Books) -> int:
    """How many postings lie in the span of some seal."""
    return books.run("SELECT count(*) FROM ledger.journals WHERE booked_at <= (SELECT max(until) FROM ledger.seals)")[
        0
    ][0]


def test_three_steps_seal_what_was_booked(books: Books) -> None:
    owner = books.member()
    books.grant(owner)
    books.refuse(owner)
    assert books.seal() == ["cut", "barrier", "sealed 1"]
    # Fourteen accounts (the refused hold left its escrow), a posting and a refusal.
    assert books.run("SELECT leaves, after FROM ledger.seals") == [(16, None)]
    assert books.seal() == ["cut", "barrier", "empty"]
    later = books.grant(owner)
    assert books.seal()[-1] == "sealed 2"
    (first, second) = books.run("SELECT digest, previous, until, after FROM ledger.seals ORDER BY seal_no")
    assert (second[1], second[3]) == (first[0], first[2])
    assert books.run("SELECT seal_no, place FROM ledger.find_inclusion(%s)", later) == [(2, 0)]
    assert books.broken() == {}


def test_a_posting_that_began_before_the_cut_and_commits_after_it_is_not_missed(books: Books) -> None:
    owner = books.member()
    books.grant(owner)
    with books.connect() as slow, slow.transaction():
        late = books.grant(owner, 5, using=slow)
        assert [books.step() for _ in range(4)] == ["cut", "barrier", "waiting", "waiting"]
    assert books.step() == "sealed 1"
    assert books.run("SELECT seal_no FROM ledger.find_inclusion(%s)", late) == [(1,)]
    assert books.broken() == {}


def test_one_that_has_its_number_but_books_later_is_waited_for(books: Books) -> None:
    """It has taken a transaction id and no snapshot yet of the new horizon: still below the barrier."""
    owner = books.member()
    with books.connect() as slow, slow.transaction():
        slow.execute("SELECT pg_current_xact_id()")
        assert [books.step() for _ in range(3)] == ["cut", "barrier", "waiting"]
        late = books.grant(owner, 5, using=slow)
    books.seal()
    ((booked_at, horizon),) = books.run(
        "SELECT booked_at, (SELECT until FROM ledger.seals) FROM ledger.journals WHERE journal_id = %s", late
    )
    assert booked_at > horizon
    books.seal()
    assert books.run("SELECT seal_no FROM ledger.find_inclusion(%s)", late) == [(2,)]
    assert books.broken() == {}


def test_one_that_begins_while_the_cut_commits_is_waited_for(books: Books) -> None:
    """Its number is above the cut's, the highest that has ended: the xmax of a snapshot would let it be missed."""
    owner = books.member()
    with books.connect() as slow, slow.transaction():
        with books.connect() as sealer, sealer.transaction():
            assert sealer.execute("SELECT ledger.seal_step()").fetchone() == ("cut",)
            late = books.grant(owner, 5, using=slow)
        assert [books.step() for _ in range(3)] == ["barrier", "waiting", "waiting"]
    ((booked_at, horizon),) = books.run(
        "SELECT booked_at, (SELECT horizon FROM ledger.sealing) FROM ledger.journals WHERE journal_id = %s",
        late,
        role=roles.SUPER,
    )
    assert books.step() == "sealed 1"
    inclusion = books.run("SELECT seal_no FROM ledger.find_inclusion(%s)", late)
    assert inclusion == ([(1,)] if booked_at <= horizon else [])
    assert books.broken() == {}


def test_readers_and_later_postings_keep_nobody_waiting(books: Books) -> None:
    owner = books.member()
    books.grant(owner)
    with books.connect() as reader, reader.transaction():
        reader.execute("SELECT count(*) FROM ledger.journals")
        assert [books.step() for _ in range(2)] == ["cut", "barrier"]
        with books.connect() as later, later.transaction():
            books.grant(owner, using=later)
            assert books.step() == "sealed 1"
    assert books.broken() == {}


def test_slow_postings_beside_a_sealer_all_get_into_one_seal(books: Books) -> None:
    """Eight sessions that post and commit late, some that roll back, and a sealer that never rests."""
    owners = [books.member() for _ in range(6)]
    is_over = threading.Event()

    def post(seed: int) -> None:
        chance = random.Random(seed)
        with books.connect() as connection:
            for number in range(12):
                with connection.transaction(force_rollback=number % 5 == 4):
                    books.grant(chance.choice(owners), 1, using=connection)
                    time.sleep(chance.random() * 0.02)

    def seal() -> set[str]:
        said = set()
        while not is_over.is_set():
            said.add(books.step().split()[0])
        return said

    with ThreadPoolExecutor(9) as pool:
        sealer = pool.submit(seal)
        list(pool.map(post, range(8)))
        is_over.set()
        assert {"cut", "barrier", "sealed"} <= sealer.result()
    books.seal()
    books.seal()
    assert sealed_journals(books) == 80
    ((leaves, seals),) = books.run("SELECT sum(leaves), count(*) FROM ledger.seals")
    assert seals > 1
    assert leaves == 80 + books.run("SELECT count(*) FROM ledger.accounts")[0][0]
    assert books.broken() == {}


def test_a_sealer_that_is_killed_begins_again(books: Books) -> None:
    books.grant(books.member())
    for said in ("cut", "barrier", "sealed 1"):
        books.await_others()
        with books.connect() as victim:
            victim.autocommit = False
            row = victim.execute("SELECT ledger.seal_step()").fetchone()
            assert row == (said,)
            books.run("SELECT pg_terminate_backend(%s, 5000)", victim.info.backend_pid, role=roles.SUPER)
            with pytest.raises(psycopg.OperationalError):
                victim.commit()
        assert books.run("SELECT count(*) FROM ledger.seals") == [(0,)]
        assert books.step() == said
    assert books.broken() == {}


@pytest.mark.parametrize("before", ["SELECT pg_current_xact_id()", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"])
def test_a_step_is_a_transaction_of_its_own(books: Books, before: str) -> None:
    with books.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute(before.encode())
        with pytest.raises(psycopg.Error, match="transaction of its own"):
            connection.execute("SELECT ledger.seal_step()")


def test_two_sealers_do_not_meet(books: Books) -> None:
    with books.connect() as first, first.transaction():
        first.execute("SELECT ledger.seal_step()")
        assert books.step() == "busy"
    assert books.step() == "barrier"


def test_a_barrier_of_another_cluster_is_set_anew(books: Books) -> None:
    """A database that was restored from a dump keeps the barrier, and its new cluster counts from the beginning."""
    books.grant(books.member())
    assert [books.step(), books.step()] == ["cut", "barrier"]
    with books.connect(roles.SUPER) as superuser:
        superuser.execute("ALTER TABLE ledger.sealing DISABLE TRIGGER USER")
        superuser.execute("UPDATE ledger.sealing SET barrier = '123456789012'")
    assert [books.step(), books.step()] == ["barrier", "sealed 1"]


def test_the_clock_may_go_back(books: Books) -> None:
    """What is booked after a cut is later than it, even when the machine's clock says otherwise."""
    owner = books.member()
    books.grant(owner)
    books.seal()
    with books.connect(roles.OWNER) as connection:
        connection.execute(
            "CREATE OR REPLACE FUNCTION ledger.clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE AS"
            " $$ SELECT pg_catalog.clock_timestamp() - interval '1 hour' $$"
        )
    newcomer = books.member()
    books.grant(newcomer)
    assert books.seal()[-1] == "sealed 2"
    assert books.run("SELECT sum(leaves) FROM ledger.seals") == [(13 + 1 + 2 + 1,)]
    assert books.broken() == {}


def test_no_seal_is_made_during_a_rehearsal(books: Books, servers: Servers) -> None:
    with rehearsal.following_python(servers.url(roles.OWNER, books.name)):
        assert books.step() == "busy"
    assert books.step() == "cut"


def test_a_seal_has_its_limit(books: Books) -> None:
    """120,000 refusals, several to a microsecond: two seals, and each is one span of time."""
    with books.connect(roles.SUPER) as superuser:
        superuser.execute("ALTER TABLE ledger.journal DISABLE TRIGGER USER")
        superuser.execute(
            """
            INSERT INTO ledger.journal (booked_at, journal_id, community_id, kind, reason, request_hash, content_hash)
            SELECT clock_timestamp(), uuidv7(), %s, 'hold', 'hold_ended', '', sha256(int4send(n))
            FROM generate_series(1, 120000) n
            """,
            (uuid.uuid4(),),
        )
    assert books.seal()[-1] == "sealed 1"
    assert books.step() == "sealed 2"
    assert books.step() == "cut"
    (first, second) = [row[0] for row in books.run("SELECT leaves FROM ledger.seals ORDER BY seal_no")]
    assert 100_000 <= first < 101_000
    assert first + second == 120_000 + 11
    assert books.broken("I8") == {}
