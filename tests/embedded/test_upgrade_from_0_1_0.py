"""The real `localex upgrade` of a town that LocalEx 0.1.0 made, run whole, and killed while its migrations run."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
import pytest

from localex.embedded import database_copy, roles
from localex.embedded.cluster import Cluster
from localex.embedded.directory import DataDirectory
from localex.embedded.installation import Installation
from localex.embedded.processes import wait_until
from localex.embedded.schema_state import find_pending, read_schema_state
from localex.embedded.secret_files import SecretFiles
from tests.embedded.running import PATIENCE_SECONDS, ROOT, clean_environment
from tests.migrations.release import SCRIPT, VERSION, run_release, unpack
from tests.servers import Servers, temporary_folder

pytestmark = pytest.mark.slow

# One hold that is still held, by the function that 0.1.0 calls: the hardest thing to carry over.
HOLD = """
SELECT (ledger.hold_credits(uuidv7(), community_id, uuidv7(), owner, 777, now() + interval '9 days', NULL)).journal_id
FROM ledger.accounts WHERE kind = 'gift' AND posted >= 777 ORDER BY account_id LIMIT 1
"""
TABLES = """
SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
WHERE schemaname = 'public' AND tablename NOT IN ('django_migrations', 'django_content_type', 'auth_permission')
"""
LEDGER = ("ledger.accounts", "ledger.journals", "ledger.entries", "ledger.holds")

Rows = dict[str, list[dict[str, Any]]]


@contextlib.contextmanager
def connected(data_dir: Path, role: str = roles.SUPER) -> Iterator[psycopg.Connection[Any]]:
    """The database of a stopped installation, running while the block runs."""
    cluster = Cluster.of(DataDirectory(data_dir))
    cluster.start()
    try:
        with cluster.connect(role) as connection:
            yield connection
    finally:
        cluster.stop()


def look(data_dir: Path) -> Rows:
    """All rows of all tables, and of the ledger as everybody may see it."""
    with connected(data_dir) as superuser:
        names = [*LEDGER, *(name for (name,) in superuser.execute(TABLES).fetchall())]
        return {
            name: [row for (row,) in superuser.execute(f"SELECT to_jsonb(t) FROM {name} t".encode()).fetchall()]
            for name in names
        }


def lost(old: Rows, new: Rows) -> list[tuple[str, dict[str, Any]]]:
    """The rows of `old` that are not in `new` with the same values in the columns that they had."""
    found = []
    for name, rows in old.items():
        columns = sorted(rows[0]) if rows else []
        there = {json.dumps([row.get(column) for column in columns]) for row in new.get(name, [])}
        found += [(name, row) for row in rows if json.dumps([row[column] for column in columns]) not in there]
    return found


@pytest.fixture(scope="module")
def kept() -> Iterator[Path]:
    """A folder that the database's user can reach, for all tests here."""
    folder = temporary_folder("lx-")
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def town_of_0_1_0(servers: Servers, tmp_path_factory: pytest.TempPathFactory, kept: Path) -> Path:
    """A stopped installation that 0.1.0's own code migrated, and where its members traded."""
    release = unpack(tmp_path_factory.mktemp("release"))
    directory = DataDirectory(kept / "town")
    directory.prepare()
    (directory.root / "static").mkdir()
    SecretFiles(directory.secrets).prepare(is_first_start=True)
    cluster = Cluster.of(directory)
    cluster.initialise()
    cluster.start()
    try:
        cluster.create_roles()
        installation = Installation.at(directory.root, {"REDIS_URL": servers.redis_url})
        given = {name: value for name, value in installation.environment(as_owner=True).items() if value}
        secret = {"LOCALEX_SECRET_KEY": SecretFiles(directory.secrets).read("secret_key")}
        for words in (("-m", "localex.cli", "migrate"), (SCRIPT,)):
            done = run_release(release, *words, environment={**given, **secret})
            assert done.returncode == 0, done.stderr[-3000:]
        with cluster.connect(roles.APP) as app:
            assert app.execute(HOLD).fetchone()
            assert read_schema_state(app)["version"] == VERSION
    finally:
        cluster.stop()
    return directory.root


@pytest.fixture
def old_town(town_of_0_1_0: Path, place: Path) -> Path:
    """A copy of it to upgrade."""
    subprocess.run(["cp", "-Rp", str(town_of_0_1_0), str(place / "town")], check=True)
    return place / "town"


def begin(*words: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "localex.cli", *map(str, words)],
        cwd=ROOT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(*words: object) -> str:
    """What a command that ends well says."""
    process = begin(*words)
    said = process.communicate(timeout=PATIENCE_SECONDS)[0]
    assert process.returncode == 0, said
    return said


def check_upgraded(town: Path, old: Rows) -> None:
    """Nothing was lost, nothing was posted, and the ledger holds."""
    assert [path.name for path in (town / "postgres").iterdir()] == ["18"]
    assert not (town / database_copy.NOTE).exists()
    new = look(town)
    assert lost(old, new) == []
    assert [len(new[name]) for name in LEDGER[1:]] == [len(old[name]) for name in LEDGER[1:]]
    known = {row["account_id"] for row in old["ledger.accounts"]}
    assert {row["posted"] for row in new["ledger.accounts"] if row["account_id"] not in known} == {0}
    with connected(town, roles.OWNER) as owner:
        assert read_schema_state(owner)["version"] == version("localex")
        assert find_pending(owner) == []
    run("check", "--data-dir", town)


def test_a_town_of_the_release_before_is_upgraded(old_town: Path) -> None:
    old = look(old_town)
    assert len(old["ledger.journals"]) > 10
    said = run("upgrade", "--data-dir", old_town)
    assert f"Upgrading from LocalEx {VERSION} to {version('localex')}" in said
    assert "Done" in said
    check_upgraded(old_town, old)
    assert "Nothing to do" in run("upgrade", "--data-dir", old_town)


def descendants(pid: int) -> list[int]:
    """The process, its children, and theirs."""
    parents = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def await_copy(town: Path, process: "subprocess.Popen[str]") -> None:
    """Wait until the upgrade may migrate."""

    def is_copied() -> bool:
        note = database_copy.find_note(DataDirectory(town))
        return bool(note and note.step == database_copy.COPIED) or process.poll() is not None

    assert wait_until(is_copied, seconds=PATIENCE_SECONDS)


def connect_beside(town: Path, process: "subprocess.Popen[str]") -> psycopg.Connection[Any]:
    """A connection to the database that an upgrade starts."""
    while process.poll() is None:
        with contextlib.suppress(psycopg.OperationalError):
            return Cluster.of(DataDirectory(town)).connect(roles.SUPER)
        time.sleep(0.01)
    raise AssertionError(process.communicate()[0])


@pytest.mark.parametrize(
    ("table", "migration"),
    [("ledger.balance", "credits.0002_kinds"), ("ledger.journal", "credits.0003_core")],
    ids=["between two statements", "in a transaction"],
)
def test_killed_while_it_migrates_and_run_again(old_town: Path, table: str, migration: str) -> None:
    """Somebody reads a table, so the migration waits for it there; then the power fails."""
    old = look(old_town)
    process = begin("upgrade", "--data-dir", old_town)
    await_copy(old_town, process)
    # Closed, not left in the usual way: their server will be gone.
    with (
        contextlib.closing(connect_beside(old_town, process)) as reader,
        contextlib.closing(connect_beside(old_town, process)) as observer,
    ):
        reader.execute("BEGIN")
        reader.execute(f"SELECT FROM {table} LIMIT 1".encode())

        def is_waiting() -> bool:
            waiting = observer.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)").fetchone()
            return waiting == (True,) or process.poll() is not None

        assert wait_until(is_waiting, seconds=PATIENCE_SECONDS)
        assert process.poll() is None
        pending = find_pending(observer)
        assert migration in pending
        assert ("credits.0002_kinds" in pending) == (migration == "credits.0002_kinds")
        for pid in descendants(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.communicate(timeout=PATIENCE_SECONDS)
    note = database_copy.find_note(DataDirectory(old_town))
    assert note is not None
    assert note.step == database_copy.COPIED
    assert "Done" in run("upgrade", "--data-dir", old_town)
    check_upgraded(old_town, old)
