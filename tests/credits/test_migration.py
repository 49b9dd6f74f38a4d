"""The ledger's own migration: again, back, and beside others."""

import re
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

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
