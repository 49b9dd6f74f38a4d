"""Partitions by month: cut ahead of time, guarded like the whole, and read by index look-ups."""

import itertools
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from localex.credits import rehearsal, services, tasks
from localex.embedded import roles
from localex.jobs import schedules
from tests.servers import Servers

Session = psycopg.Connection[Any]
COMMUNITY, OWNER = uuid.uuid4(), uuid.uuid4()
MONTHS = (0, 50, 95)  # days after now on which there is something to post; between two of them a month begins

SHAPE = """
SELECT (SELECT array_agg(tgname || ' ' || tgenabled::text ORDER BY tgname) FROM pg_trigger
        WHERE tgrelid = c AND NOT tgisinternal),
       (SELECT array_agg(DISTINCT split_part(pg_get_indexdef(indexrelid), ' USING ', 2)) FROM pg_index
        WHERE indrelid = c),
       (SELECT array_agg(DISTINCT pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE conrelid = c AND contype IN ('c', 'p'))
FROM (SELECT %s::regclass AS c) it
"""


def partitions(session: Session, table: str) -> list[tuple[str, str]]:
    """Name and bounds of each partition, in the order of time."""
    return session.execute(
        "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = %s::regclass ORDER BY c.relname = %s DESC, c.relname",
        [f"ledger.{table}", f"{table}_first"],
    ).fetchall()


def shift(session: Session, days: int) -> None:
    session.execute("SELECT set_config('localex.clock_shift', %s, false)", [f"{days} days"])


def cut(session: Session) -> int | None:
    """Take a step, whatever the size."""
    row = session.execute("SELECT ledger.cut_partitions(0)").fetchone()
    assert row
    found: int | None = row[0]
    return found


def grant(session: Session) -> None:
    row = session.execute(
        "SELECT reason::text FROM ledger.grant_credits(uuidv7(ledger.clock() - clock_timestamp()), %s, %s, 1,"
        " 'coordinator_grant', NULL)",
        [COMMUNITY, OWNER],
    ).fetchone()
    assert row == (None,)


@pytest.fixture(scope="module")
def grown(servers: Servers) -> Iterator[str]:
    """A ledger with postings on MONTHS, cut before each of the later ones."""
    with servers.scratch_database() as name:
        with servers.connect(roles.OWNER, name) as owner:
            owner.execute(rehearsal.SHIFTED)
        with servers.connect(roles.APP, name) as app, servers.connect(roles.SUPER, name) as superuser:
            app.execute("SELECT ledger.open_community(%s)", [COMMUNITY])
            app.execute("SELECT ledger.open_member(%s, %s)", [COMMUNITY, OWNER])
            superuser.execute("SET ROLE ledger_owner")
            made = []
            for days in MONTHS:
                for session in (app, superuser):
                    shift(session, days)
                for _ in range(3):
                    grant(app)
                made += [cut(superuser) for _ in range(8)]
            assert made == [0, 0, 1, 0, 0, 1, None, None] * 3
        yield name


def test_nothing_is_cut_while_the_ledger_is_small(db: None) -> None:
    tasks.make_partitions.func()
    assert services.cut_partitions() == 0


def test_partitions_are_made_every_day() -> None:
    assert schedules.declared()["credits.make_partitions"].rhythm == "40 4 * * *"


def test_postings_lie_in_the_partition_of_their_time(servers: Servers, grown: str) -> None:
    with servers.connect(roles.SUPER, grown) as superuser:
        for table, column in (("journal", "booked_at"), ("entry", "booked_at")):
            found = partitions(superuser, table)
            assert len(found) == 4
            assert found[0][1].startswith("FOR VALUES FROM (MINVALUE) TO ('")
            assert found[-1][1].endswith("TO (MAXVALUE)")
            # The end of each is the beginning of the next.
            assert all(one[1].split("TO ")[1] in two[1] for one, two in itertools.pairwise(found))
            rows = [
                superuser.execute(
                    f"SELECT count(*), min({column}), max({column}) FROM ledger.{name}".encode()
                ).fetchone()
                for name, _ in found
            ]
            counts = [row[0] for row in rows if row]
            assert counts[0] >= 3
            assert sum(counts) == (9 if table == "journal" else 18)
            assert sum(1 for count in counts if count) >= 2
        for check in range(1, 7):
            assert superuser.execute(f"SELECT * FROM ledger.broken_i{check}".encode()).fetchall() == []


def test_every_partition_has_the_guards_and_the_keys(servers: Servers, grown: str) -> None:
    with servers.connect(roles.SUPER, grown) as superuser:
        for table in ("journal", "entry"):
            shapes = {
                repr(superuser.execute(SHAPE, [f"ledger.{name}"]).fetchone())
                for name, _ in partitions(superuser, table)
            }
            assert len(shapes) == 1, shapes


@pytest.mark.parametrize("role", ["ledger_writer", "ledger_owner", roles.SUPER])
def test_no_partition_is_a_way_around_the_guards(servers: Servers, grown: str, role: str) -> None:
    with servers.connect(roles.SUPER, grown) as superuser:
        names = [name for table in ("journal", "entry") for name, _ in partitions(superuser, table)]
        superuser.execute(f"SET SESSION AUTHORIZATION {role}".encode())
        for name in names:
            for statement in (
                f"INSERT INTO ledger.{name} SELECT * FROM ledger.{name} LIMIT 1",
                f"UPDATE ledger.{name} SET booked_at = booked_at",
                f"DELETE FROM ledger.{name}",
                f"TRUNCATE ledger.{name}",
            ):
                with pytest.raises(psycopg.Error) as refused, superuser.transaction():
                    superuser.execute(statement.encode())
                assert refused.value.sqlstate == "LX009" or (
                    role == "ledger_writer" and refused.value.sqlstate == "42501"
                )


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM ledger.entries WHERE account_id = 1 AND seq <= 100 ORDER BY seq DESC LIMIT 50",
        "SELECT * FROM ledger.entries WHERE account_id = 1 AND seq = 7",
        "SELECT * FROM ledger.journals WHERE journal_id = '019a0000-0000-7000-8000-000000000000'",
        "SELECT * FROM ledger.accounts WHERE community_id = uuidv7() AND owner = uuidv7() AND kind = 'main'",
    ],
)
def test_what_pages_read_is_found_by_key(servers: Servers, grown: str, query: str) -> None:
    with servers.connect(roles.APP, grown) as app:
        # With nine rows a table would be read whole and sorted.
        app.execute("SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off")
        plan = "\n".join(line for (line,) in app.execute(f"EXPLAIN {query}".encode()))
    assert "Seq Scan" not in plan
    assert "Index" in plan
    assert "->  Sort" not in plan


LEGS = "SELECT seq, booked_at, kind::text FROM ledger.list_legs(%s, %s, %s::bigint[], %s::bigint[], %s)"


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 50])
def test_a_statement_crosses_months(servers: Servers, grown: str, limit: int) -> None:
    """Six postings are more than 40 days before the newest, so a page looks further back, and finds nothing twice."""
    with servers.connect(roles.APP, grown) as app:
        whole = app.execute(
            "SELECT seq, booked_at, 'coordinator_grant' FROM ledger.entries e JOIN ledger.accounts USING (account_id)"
            " WHERE owner = %s AND kind = 'gift' ORDER BY seq DESC",
            [OWNER],
        ).fetchall()
        assert len(whole) == 9
        for top in (2**63 - 1, 11, *range(10)):
            for bottom in range(10):
                found = app.execute(LEGS, [COMMUNITY, OWNER, [top, 9], [bottom, 0], limit]).fetchall()
                assert found == [row for row in whole if bottom < row[0] <= top][:limit]


def test_a_balance_of_any_moment_is_found_across_months(servers: Servers, grown: str) -> None:
    with servers.connect(roles.APP, grown) as app:
        entries = app.execute(
            "SELECT account_id, booked_at, balance_after FROM ledger.entries e JOIN ledger.accounts USING (account_id)"
            " WHERE owner = %s AND kind = 'gift' ORDER BY seq",
            [OWNER],
        ).fetchall()
        for account, moment, balance in entries:
            for microseconds, expected in ((0, balance), (-1, balance - 1), (1, balance)):
                row = app.execute(
                    "SELECT ledger.balance_at(%s, %s::timestamptz + %s * interval '1 microsecond')",
                    [account, moment, microseconds],
                ).fetchone()
                assert row == (expected,)


def test_nobody_but_the_application_lists_legs(servers: Servers, grown: str) -> None:
    with servers.connect(roles.SUPER, grown) as superuser:
        superuser.execute("SET SESSION AUTHORIZATION ledger_writer")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            superuser.execute(LEGS, [COMMUNITY, OWNER, [9, 9], [0, 0], 5])


def test_the_application_cannot_cut_a_small_ledger(servers: Servers, grown: str) -> None:
    with servers.connect(roles.APP, grown) as app:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("SELECT ledger.cut_partitions(0)")
        assert app.execute("SELECT ledger.cut_partitions()").fetchone() == (None,)


@pytest.mark.parametrize(("has", "wants"), [("entry", "journal"), ("journal", "entry")])
def test_a_reader_of_both_tables_is_not_aborted(servers: Servers, has: str, wants: str) -> None:
    """It has one table and then wants the other, while the job waits for the first."""
    with (
        servers.scratch_database() as name,
        servers.connect(roles.SUPER, name) as reader,
        servers.connect(roles.SUPER, name) as job,
    ):
        reader.execute("SET deadlock_timeout = '20ms'")  # the first to look is the one that is aborted
        job.execute("SET ROLE ledger_owner")
        tried: list[int | str | None] = []

        def work() -> None:
            while None not in tried:
                try:
                    tried.append(cut(job))
                except psycopg.errors.LockNotAvailable:
                    tried.append("waited")

        thread = threading.Thread(target=work)
        with reader.transaction():
            reader.execute(f"SELECT FROM ledger.{has}".encode())
            thread.start()
            while not is_waiting(reader, job):
                assert thread.is_alive()
            reader.execute(f"SELECT FROM ledger.{wants}".encode())
            while "waited" not in tried:  # which keeps nobody from reading for longer than its patience
                assert thread.is_alive()
                time.sleep(0.05)
        thread.join()
        assert [made for made in tried if made != "waited"] == [0, 0, 1, 0, 0, 1, None]


def is_waiting(observer: Session, session: Session) -> bool:
    row = observer.execute(
        "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %s", [session.info.backend_pid]
    ).fetchone()
    observer.execute("SELECT pg_stat_clear_snapshot()")
    return row == (True,)


def test_a_cut_that_was_left_halfway_is_begun_anew(servers: Servers) -> None:
    with servers.scratch_database() as name:
        with servers.connect(roles.OWNER, name) as owner:
            owner.execute(rehearsal.SHIFTED)
        with servers.connect(roles.SUPER, name) as superuser:
            superuser.execute("SET ROLE ledger_owner")
            ends = "SELECT count(DISTINCT conname), min(conname) FROM pg_constraint WHERE conname LIKE 'ends%'"
            superuser.execute("SELECT ledger.cut_partitions(0)")
            first = superuser.execute(ends).fetchone()
            shift(superuser, 60)
            superuser.execute("SELECT ledger.cut_partitions(0)")
            second = superuser.execute(ends).fetchone()
            assert first is not None
            assert second is not None
            assert (first[0], second[0]) == (1, 1)
            assert first[1] < second[1]
            assert [cut(superuser) for _ in range(6)] == [0, 1, 0, 0, 1, None]
