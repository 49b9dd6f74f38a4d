"""The ledger's own migration: again, back, and beside others."""

import re
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

import psycopg
import pytest

from localex.credits.ledger_sql import FOLDER, read
from localex.embedded import roles
from tests.servers import Servers

MIGRATION = import_module("localex.credits.migrations.0001_ledger")


def lay(servers: Servers, database: str) -> None:
    """Run the migration's SQL, as its transactions do."""
    with servers.connect(roles.OWNER, database) as owner:
        for text in (read("0001_roles"), "\n".join(read(f"0001_{part}") for part in MIGRATION.PARTS)):
            with owner.transaction():
                owner.execute(text.encode())


def test_it_goes_back_and_forth_while_nothing_was_posted(servers: Servers) -> None:
    with servers.scratch_database() as database:
        with servers.connect(roles.OWNER, database) as owner, owner.transaction():
            owner.execute(MIGRATION.UNDO)
        lay(servers, database)
        with servers.connect(roles.APP, database) as app:
            app.execute("SELECT ledger.open_community(uuidv7())")


def test_it_does_not_remove_a_ledger_with_postings(servers: Servers) -> None:
    with servers.scratch_database() as database:
        with servers.connect(roles.APP, database) as app:
            app.execute("SELECT ledger.open_community('11111111-1111-7111-8111-111111111111')")
            app.execute("SELECT ledger.open_member('11111111-1111-7111-8111-111111111111', uuidv7())")
            app.execute(
                "SELECT ledger.grant_credits(uuidv7(), community_id, owner, 1, 'starter_grant', NULL)"
                " FROM ledger.accounts WHERE kind = 'gift'"
            )
        with servers.connect(roles.OWNER, database) as owner, pytest.raises(psycopg.errors.RaiseException):
            owner.execute(MIGRATION.UNDO)


def test_databases_of_one_cluster_are_migrated_at_the_same_time(servers: Servers) -> None:
    with (
        servers.scratch_database(migrated=False) as one,
        servers.scratch_database(migrated=False) as two,
        ThreadPoolExecutor(2) as pool,
    ):
        assert list(pool.map(lambda name: lay(servers, name), (one, two))) == [None, None]


def test_every_file_is_short_and_belongs_to_a_migration() -> None:
    files = {path.stem for path in FOLDER.glob("*.sql")}
    used = set()
    for number in sorted({name[:4] for name in files}):
        (migration,) = (FOLDER.parent / "migrations").glob(f"{number}_*.py")
        parts = getattr(import_module(f"localex.credits.migrations.{migration.stem}"), "PARTS", ())
        used |= {f"{number}_{part}" for part in parts} | set(
            re.findall(r"""read\(["'](\w+)["']\)""", migration.read_text())
        )
    assert files == used
    for name in files:
        assert len(read(name).splitlines()) <= 400


UNDO_CORE = import_module("localex.credits.migrations.0003_core").Migration.operations[0].reverse_sql
CORE = import_module("localex.credits.migrations.0003_core").Migration.operations[0].sql


@pytest.fixture
def core(servers: Servers) -> Iterator[str]:
    """A database with the migrations of credits up to 0003 and a few postings."""
    with servers.scratch_database(migrated=False) as name:
        lay(servers, name)
        with servers.connect(roles.OWNER, name) as owner:
            for operation in import_module("localex.credits.migrations.0002_kinds").Migration.operations:
                for statement in operation.sql if isinstance(operation.sql, list) else [operation.sql]:
                    owner.execute(statement.encode())
            owner.execute(f"GRANT ledger_app TO {roles.APP}".encode())
        forth(servers, name)
        live(servers, name)
        yield name


def forth(servers: Servers, database: str) -> None:
    with servers.connect(roles.OWNER, database) as owner, owner.transaction():
        owner.execute(CORE.encode())


def back(servers: Servers, database: str) -> None:
    with servers.connect(roles.OWNER, database) as owner, owner.transaction():
        owner.execute(UNDO_CORE.encode())


COMMUNITY, PAYER, PAYEE = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()


def live(servers: Servers, database: str) -> None:
    """A grant, a trade that is done and one under way, by the functions that both releases have."""
    with servers.connect(roles.APP, database) as app:
        app.execute("SELECT ledger.open_community(%s)", [COMMUNITY])
        for owner in (PAYER, PAYEE):
            app.execute("SELECT ledger.open_member(%s, %s)", [COMMUNITY, owner])
        app.execute("SELECT ledger.grant_credits(uuidv7(), %s, %s, 100, 'starter_grant', NULL)", [COMMUNITY, PAYER])
        trade(app, ends=True)
        trade(app, ends=False)


def trade(app: psycopg.Connection[Any], *, ends: bool) -> None:
    number = uuid.uuid4()
    app.execute(
        "SELECT ledger.hold_credits(uuidv7(), %s, %s, %s, 7, now() + interval '1 day', NULL)",
        [COMMUNITY, number, PAYER],
    )
    if ends:
        app.execute("SELECT ledger.release_hold(uuidv7(), %s, %s, NULL)", [number, PAYEE])


def everything(servers: Servers, database: str) -> list[Any]:
    """All rows that say who has what and how it came to that; fails when an invariant is broken."""
    with servers.connect(roles.SUPER, database) as superuser:
        for check in range(1, 7):
            assert superuser.execute(f"SELECT * FROM ledger.broken_i{check}".encode()).fetchall() == []
        return [
            superuser.execute(f"SELECT {columns} FROM ledger.{view} ORDER BY 1, 2".encode()).fetchall()
            for view, columns in (
                ("accounts", "account_id, posted, floor, entry_count, last_at"),
                ("journals", "*"),
                ("entries", "*"),
                ("holds", "trade_id, amount, state, expires_at, held_by, ended_by"),
                ("totals", "community_id, issued, with_members, held, total"),
            )
        ]


def test_down_and_up_again_keeps_every_posting(servers: Servers, core: str) -> None:
    with servers.connect(roles.SUPER, core) as superuser:  # also what lies in later partitions
        superuser.execute("SET ROLE ledger_owner")
        made = [superuser.execute("SELECT ledger.cut_partitions(0)").fetchone() for _ in range(7)]
        assert made == [(0,), (0,), (1,)] * 2 + [(None,)]
    before = everything(servers, core)
    back(servers, core)
    assert everything(servers, core) == before
    with servers.connect(roles.APP, core) as app:
        trade(app, ends=True)
    later = everything(servers, core)
    assert len(later[1]) == len(before[1]) + 2
    forth(servers, core)
    assert everything(servers, core) == later
    with servers.connect(roles.APP, core) as app:
        refused = app.execute(
            "SELECT reason::text FROM ledger.grant_credits(uuidv7(), %s, %s, 9, 'starter_grant', NULL)",
            [COMMUNITY, PAYER],
        )
        assert refused.fetchone() == ("already_granted",)
        trade(app, ends=True)
    with servers.connect(roles.SUPER, core) as superuser, pytest.raises(psycopg.Error, match="append-only"):
        superuser.execute("DELETE FROM ledger.bonus")


def test_a_starter_grant_of_the_release_before_is_known(servers: Servers, core: str) -> None:
    back(servers, core)
    with servers.connect(roles.APP, core) as app:
        for _ in range(2):
            app.execute("SELECT ledger.grant_credits(uuidv7(), %s, %s, 5, 'starter_grant', NULL)", [COMMUNITY, PAYEE])
    forth(servers, core)
    with servers.connect(roles.APP, core) as app:
        assert app.execute("SELECT owner FROM ledger.bonuses ORDER BY owner").fetchall() == [
            (owner,) for owner in sorted((PAYER, PAYEE))
        ]


def test_a_community_that_is_opened_meanwhile_is_known(servers: Servers, core: str) -> None:
    """Opened by the release before while the migration runs, after it looked for communities."""
    back(servers, core)
    looked, rest = CORE.split(read("0003_partitions"))
    late, owner_of_one = uuid.uuid4(), uuid.uuid4()
    with servers.connect(roles.APP, core) as app, servers.connect(roles.OWNER, core) as owner:
        with owner.transaction():
            owner.execute(looked.encode())
            app.execute("SELECT ledger.open_community(%s)", [late])
            owner.execute((read("0003_partitions") + rest).encode())
        found = app.execute(
            "SELECT (SELECT count(*) FROM ledger.communities WHERE community_id = %s), count(*) FILTER"
            " (WHERE kind = 'issuer') FROM ledger.accounts WHERE community_id = %s",
            [late, late],
        ).fetchone()
        assert found == (1, 9)
        app.execute("SELECT ledger.open_member(%s, %s)", [late, owner_of_one])
        for _ in range(20):  # of each issuer
            refused = app.execute(
                "SELECT reason::text FROM ledger.grant_credits(uuidv7(), %s, %s, 1, 'coordinator_grant', NULL)",
                [late, owner_of_one],
            )
            assert refused.fetchone() == (None,)


def test_a_deadline_that_the_release_before_moved_is_written_down(servers: Servers, core: str) -> None:
    back(servers, core)
    with servers.connect(roles.APP, core) as app:
        app.execute(
            "SELECT ledger.extend_hold(trade_id, now() + interval '9 days') FROM ledger.holds WHERE state = 'held'"
        )
    forth(servers, core)
    seals = import_module("localex.credits.migrations.0004_seals").Migration.operations[0]
    with servers.connect(roles.OWNER, core) as owner, owner.transaction():
        owner.execute(seals.sql.encode())
    with servers.connect(roles.SUPER, core) as superuser:
        assert superuser.execute("SELECT * FROM ledger.find_broken('I6', '-infinity')").fetchall() == []
        superuser.execute("ALTER TABLE ledger.audit DISABLE TRIGGER USER")
        superuser.execute("DELETE FROM ledger.audit WHERE words = 'while the release before ran'")
        assert len(superuser.execute("SELECT * FROM ledger.broken_i6").fetchall()) == 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (f"SELECT ledger.open_clearing('{COMMUNITY}', uuidv7(), 5, NULL)", "clearing accounts"),
        (
            f"SELECT ledger.hold_credits(uuidv7(), '{COMMUNITY}', uuidv7(), '{PAYER}', '{PAYEE}', 10, 1, 1,"
            " now() + interval '1 day', NULL)",
            "fees are held",
        ),
    ],
    ids=["clearing", "fees"],
)
def test_what_the_release_before_would_get_wrong_stops_the_way_back(
    servers: Servers, core: str, call: str, words: str
) -> None:
    with servers.connect(roles.APP, core) as app:
        app.execute(call.encode())
    before = everything(servers, core)
    with pytest.raises(psycopg.errors.RaiseException, match=words):
        back(servers, core)
    assert everything(servers, core) == before
