"""A dump of one cluster, loaded into a second one: the ledger's roles, guards, checks and seals are as they were."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from localex.embedded import major, roles
from localex.embedded.binaries import postgres_bin
from localex.embedded.cluster import Cluster
from localex.embedded.directory import DataDirectory
from tests.servers import TEST_SETTINGS, Servers

pytestmark = pytest.mark.slow

TRADING = """
import django; django.setup()
from localex.credits import inspection, seals
from tests import town
seller, buyer = (town.new_member(community) for community in [town.found_community()] for _ in range(2))
town.complete(town.new_trade(seller, buyer))
seals.seal_everything()
assert inspection.inspect(scope="full").ok
"""
# What a dump could lose: owners, rights, triggers and whether they fire, functions with their settings, memberships.
CATALOGUE = """
    SELECT 'relation', n.nspname || '.' || c.relname, pg_get_userbyid(c.relowner), c.relkind::text,
           (SELECT string_agg(item::text, ',' ORDER BY item::text) FROM unnest(c.relacl) item)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('ledger', 'public') AND c.relkind IN ('r', 'p', 'v', 'S')
    UNION ALL
    SELECT 'function', p.oid::regprocedure::text, pg_get_userbyid(p.proowner), md5(pg_get_functiondef(p.oid)),
           (SELECT string_agg(item::text, ',' ORDER BY item::text) FROM unnest(p.proacl) item)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'ledger' AND p.prokind = 'f'
    UNION ALL
    SELECT 'trigger', t.tgrelid::regclass::text || ' ' || t.tgname, t.tgenabled::text, md5(pg_get_triggerdef(t.oid)), ''
    FROM pg_trigger t WHERE NOT t.tgisinternal
    UNION ALL
    SELECT 'constraint', c.conrelid::regclass::text || ' ' || c.conname, c.convalidated::text,
           md5(pg_get_constraintdef(c.oid)), ''
    FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace WHERE n.nspname = 'ledger'
    UNION ALL
    SELECT 'member', m.roleid::regrole::text, m.member::regrole::text, '', '' FROM pg_auth_members m
    UNION ALL
    SELECT 'role', rolname, rolsuper::text || rolcreaterole || rolcanlogin, '', '' FROM pg_roles
    ORDER BY 1, 2, 3, 4, 5
"""
ROWS = """
    SELECT (SELECT count(*) FROM ledger.entry), (SELECT count(*) FROM ledger.journal),
           (SELECT sum(amount) FROM ledger.entry),
           (SELECT string_agg(encode(digest, 'hex'), ',' ORDER BY seal_no) FROM ledger.seals),
           (SELECT md5(string_agg(balance::text, ',' ORDER BY balance::text)) FROM ledger.balance)
"""


@pytest.fixture
def second(place: Path, servers: Servers) -> Iterator[Cluster]:
    """A new cluster with the secrets of the first, as an operator copies them."""
    directory = DataDirectory(place / "new")
    directory.prepare()
    shutil.copytree(servers.directory.secrets, directory.secrets, dirs_exist_ok=True)
    cluster = Cluster.of(directory, TEST_SETTINGS)
    cluster.initialise()
    cluster.start()
    yield cluster
    cluster.stop()


def ask(connection: "psycopg.Connection[Any]", statement: str) -> list[Any]:
    with connection:
        return connection.execute(statement.encode()).fetchall()


def test_everything_is_there_and_guarded_as_before(servers: Servers, second: Cluster, place: Path) -> None:
    programs = postgres_bin(servers.directory.server_user, servers.directory.engine)
    with servers.scratch_database() as name:
        # Published seals lie beside the database, and are copied like the pictures.
        environment = {**os.environ, **servers.environment(name), "LOCALEX_DATA_DIR": str(place / "files")}
        subprocess.run([sys.executable, "-c", TRADING], env=environment, check=True)
        major.dump(servers.cluster, programs, place / "dump", database=name)
        before = [ask(servers.connect(roles.SUPER, name), statement) for statement in (CATALOGUE, ROWS)]
    assert before[1][0][0] > 0
    assert before[1][0][3]
    major.load(second, programs, place / "dump", database="localex")
    assert [ask(second.connect(roles.SUPER), statement) for statement in (CATALOGUE, ROWS)] == before

    for number in range(1, 9):
        assert ask(second.connect(roles.APP), f"SELECT * FROM ledger.find_broken('I{number}', '-infinity')") == []
    for role, statement in (
        (roles.APP, "UPDATE ledger.balance SET posted = posted + 1"),
        (roles.OWNER, "DELETE FROM ledger.entry"),
        (roles.SUPER, "UPDATE ledger.entry SET amount = amount + 1"),
    ):
        with second.connect(role) as connection, pytest.raises(psycopg.Error):
            connection.execute(statement)


def test_the_next_seal_follows_the_last(servers: Servers, second: Cluster, place: Path) -> None:
    """Numbers of transactions begin anew in the new cluster; sealing must not wait for those of the old one."""
    programs = postgres_bin(servers.directory.server_user, servers.directory.engine)
    with servers.scratch_database() as name:
        # Published seals lie beside the database, and are copied like the pictures.
        environment = {**os.environ, **servers.environment(name), "LOCALEX_DATA_DIR": str(place / "files")}
        subprocess.run([sys.executable, "-c", TRADING], env=environment, check=True)
        with servers.connect(roles.APP, name) as app:
            app.execute("SELECT ledger.seal_step()")
        major.dump(servers.cluster, programs, place / "dump", database=name)
    major.load(second, programs, place / "dump")
    environment = {**environment, "DATABASE_URL": second.url(roles.APP), "DATABASE_OWNER_URL": second.url(roles.OWNER)}
    subprocess.run([sys.executable, "-c", TRADING], env=environment, check=True)
    rows = ask(second.connect(roles.SUPER), "SELECT count(*) FROM ledger.seals")
    assert rows[0][0] >= 2


def test_nothing_is_loaded_over_a_database(data_dir: Path, place: Path) -> None:
    directory = DataDirectory(data_dir)
    directory.prepare()
    with pytest.raises(major.StartError, match="Copy the folder secrets"):
        major.main(["load", str(place / "dump"), str(data_dir)])
    Cluster.of(directory).initialise()
    with pytest.raises(major.StartError, match="There is a database"):
        major.main(["load", str(place / "dump"), str(data_dir)])


def test_a_dump_needs_a_database_and_makes_none(data_dir: Path, place: Path) -> None:
    before = sorted(data_dir.rglob("*")) if data_dir.exists() else None
    with pytest.raises(major.StartError, match="There is no database"):
        major.main(["dump", str(data_dir), str(place / "dump")])
    assert (sorted(data_dir.rglob("*")) if data_dir.exists() else None) == before
    assert not (place / "dump").exists()


def test_wrong_words_are_answered_with_the_right_ones(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for words in ([], ["dump"], ["copy", "a", "b"]):
        with pytest.raises(SystemExit, match="dump DATA_DIR FOLDER"):
            major.main(words)

    def nonsense(*_words: object) -> None:
        raise ValueError("inner")

    monkeypatch.setattr(major, "_check", nonsense)
    with pytest.raises(ValueError, match="inner"):
        major.main(["dump", str(data_dir), "b"])
