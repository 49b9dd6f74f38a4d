"""`localex upgrade`, killed and failing at every place: the data are the old ones or the new ones, never a mixture."""

import random
import shutil
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest

from localex.cli.upgrade import check_version
from localex.embedded import database_copy, roles
from localex.embedded.cluster import Cluster
from localex.embedded.directory import DataDirectory
from localex.embedded.errors import ExitCode, StartError
from localex.embedded.fingerprints import list_migrations
from localex.embedded.installation import Installation
from localex.embedded.schema_state import write_schema_state
from localex.embedded.secret_files import SecretFiles
from tests.embedded.running import PATIENCE_SECONDS, ROOT, Up, clean_environment, end, running
from tests.embedded.small_upgrade import ROWS, TOTAL
from tests.processes import run_python

KILLS = 12
pytestmark = pytest.mark.slow


def begin(data_dir: Path, **variables: str) -> "subprocess.Popen[str]":
    """Start an upgrade."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.embedded.small_upgrade", str(data_dir)],
        cwd=ROOT,
        env=clean_environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def upgrade(data_dir: Path, **variables: str) -> tuple[int, str]:
    """Run an upgrade to its end."""
    process = begin(data_dir, **variables)
    words = process.communicate(timeout=PATIENCE_SECONDS)[0]
    assert "Traceback" not in words
    return process.returncode, words


def look(data_dir: Path) -> tuple[int, int, int, int]:
    """How many rows, their sum, the first row's amount, and how many migrations the database has."""
    cluster = Cluster.of(DataDirectory(data_dir))
    cluster.start()
    try:
        with cluster.connect(roles.OWNER) as owner:
            row = owner.execute(
                "SELECT count(*), sum(amount)::int, min(amount) FILTER (WHERE id = 1), "
                "(SELECT count(*)::int FROM pg_tables WHERE tablename LIKE 'step_%') FROM kept"
            ).fetchone()
    finally:
        cluster.stop()
    assert row is not None
    return row


OLD = (ROWS, TOTAL, 1, 0)
NEW = (ROWS, TOTAL, 3001, 3)


def leftovers(data_dir: Path) -> list[str]:
    """What an upgrade may leave only while it is unfinished."""
    return [path.name for path in (data_dir / "postgres").iterdir() if path.name != "18"] + [
        path.name for path in data_dir.glob(database_copy.NOTE)
    ]


@pytest.fixture
def old_town(data_dir: Path) -> Path:
    """A stopped installation with some rows, as the release before left it."""
    directory = DataDirectory(data_dir)
    directory.prepare()
    SecretFiles(directory.secrets).prepare(is_first_start=True)
    cluster = Cluster.of(directory)
    cluster.initialise()
    cluster.start()
    try:
        cluster.create_roles()
        with cluster.connect(roles.OWNER) as owner:
            owner.execute("CREATE TABLE kept AS SELECT id, id AS amount FROM generate_series(1, 2000) id")
    finally:
        cluster.stop()
    return data_dir


def test_it_upgrades_once(old_town: Path) -> None:
    code, words = upgrade(old_town)
    assert code == 0, words
    assert "Done" in words
    assert look(old_town) == NEW
    assert leftovers(old_town) == []
    code, words = upgrade(old_town)
    assert code == 0, words
    assert "Nothing to do" in words
    assert look(old_town) == NEW


@pytest.mark.parametrize("step", ["migration", "page", "check"])
def test_a_step_that_fails_puts_everything_back(old_town: Path, step: str) -> None:
    code, words = upgrade(old_town, SMALL_FAILS=step)
    assert code == ExitCode.MIGRATION_FAILED, words
    assert "Everything was put back as it was: the database is that of LocalEx 0.1.0" in words
    assert look(old_town) == OLD
    assert leftovers(old_town) == []
    assert upgrade(old_town)[0] == 0
    assert look(old_town) == NEW


def test_killed_at_random_moments_and_run_again(old_town: Path, place: Path) -> None:
    """Some of the runs would fail, so that going back is killed as well."""
    chance = random.Random(20261123)
    saved = place / "saved"
    subprocess.run(["cp", "-Rp", str(old_town), str(saved)], check=True)
    begun = time.monotonic()
    upgrade(old_town)
    length = time.monotonic() - begun
    kills, states = 0, set()
    while kills < KILLS:
        shutil.rmtree(old_town)
        subprocess.run(["cp", "-Rp", str(saved), str(old_town)], check=True)
        for _ in range(chance.randint(1, 3)):
            process = begin(old_town, **({"SMALL_FAILS": "check"} if chance.random() < 0.4 else {}))
            time.sleep(chance.uniform(0.3, length))
            if process.poll() is None:
                kills += 1
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=PATIENCE_SECONDS)
            note = database_copy.find_note(DataDirectory(old_town))
            states.add(note.step if note else "none")
        code, words = upgrade(old_town)
        if code == ExitCode.MIGRATION_FAILED:
            # What a killed run had begun to put back.
            assert look(old_town) == OLD
            assert leftovers(old_town) == []
            code, words = upgrade(old_town)
        assert code == 0, words
        assert look(old_town) == NEW
        assert leftovers(old_town) == []
    assert len(states) > 1, states


def test_up_waits_until_an_interrupted_upgrade_is_finished(old_town: Path) -> None:
    directory = DataDirectory(old_town)
    told: list[tuple[int, int]] = []
    database_copy.make_copy(directory, lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] > 1_000_000
    database_copy.write_note(directory, database_copy.Note(database_copy.COPIED, "0.1.0", "0.1.0"))
    up = Up(old_town)
    try:
        assert "Run `localex upgrade` again" in up.output()
        assert up.process.returncode == ExitCode.MIGRATION_FAILED
    finally:
        end(up)
    assert upgrade(old_town)[0] == 0
    assert look(old_town) == NEW


def test_another_version_that_goes_on_migrates_what_is_left(old_town: Path) -> None:
    """Interrupted after its migrations, then a newer LocalEx was installed, which has more of them."""
    directory = DataDirectory(old_town)
    database_copy.make_copy(directory)
    database_copy.write_note(directory, database_copy.Note(database_copy.MIGRATED, "0.1.0", "0.1.5"))
    code, words = upgrade(old_town)
    assert code == 0, words
    assert f"Upgrading from LocalEx 0.1.0 to {version('localex')}" in words
    assert look(old_town) == NEW
    assert leftovers(old_town) == []


@pytest.mark.parametrize("seen", ["both", "copy", "neither"])
def test_going_back_goes_on_wherever_it_was_killed(old_town: Path, seen: str) -> None:
    """Between the two renames, and before and after them."""
    directory = DataDirectory(old_town)
    database_copy.make_copy(directory)
    note = database_copy.Note(database_copy.GOING_BACK, "0.1.0", "0.1.0", why="a test")
    database_copy.write_note(directory, note)
    failed = directory.postgres.with_name("18.failed-upgrade")
    if seen != "both":
        directory.postgres.rename(failed)
    if seen == "neither":
        database_copy.copy_of(directory).rename(directory.postgres)
    code, words = upgrade(old_town)
    assert code == ExitCode.MIGRATION_FAILED, words
    assert leftovers(old_town) == []
    assert look(old_town) == OLD


def test_a_running_town_is_stopped_first(old_town: Path) -> None:
    with running(old_town) as up:
        code, words = upgrade(old_town)
        assert code == 0, words
        assert "Start it again as before:  localex up" in words
        assert up.process.wait(PATIENCE_SECONDS) == 0
    assert look(old_town) == NEW


def test_a_running_town_without_anything_to_do_is_not_stopped(old_town: Path) -> None:
    with running(old_town) as up:
        with Cluster.of(DataDirectory(old_town)).connect(roles.OWNER) as owner:
            owner.execute("CREATE TABLE django_migrations (app text, name text)")
            for label, name in list_migrations():
                owner.execute("INSERT INTO django_migrations VALUES (%s, %s)", [label, name])
            owner.execute("GRANT SELECT ON django_migrations TO localex_app")
            write_schema_state(owner, version=version("localex"), fingerprint="of other files")
        code, words = upgrade(old_town)
        assert (code, "Nothing to do" in words) == (0, True), words
        assert "Stopping" not in words
        assert up.process.poll() is None


def test_what_is_refused(data_dir: Path, old_town: Path, place: Path) -> None:
    assert upgrade(place / "nowhere")[0] == ExitCode.NOT_RUNNING
    code, words = upgrade(old_town, DATABASE_URL="postgresql://elsewhere/x")
    assert code == ExitCode.SETTINGS
    assert "localex migrate" in words
    (old_town / "postgres" / "18").rename(place / "away")
    code, words = upgrade(old_town)
    assert code == ExitCode.DAMAGED
    assert "There is no database" in words
    (place / "away").rename(old_town / "postgres" / "19")
    (old_town / "postgres" / "19" / "PG_VERSION").write_text("19\n")
    code, words = upgrade(old_town)
    assert code == ExitCode.NEWER_VERSION
    assert "made by PostgreSQL 19" in words
    (old_town / "postgres" / "19").rename(old_town / "postgres" / "17")
    (old_town / "postgres" / "17" / "PG_VERSION").write_text("17\n")
    assert "made by PostgreSQL 17" in upgrade(old_town)[1]


@pytest.mark.parametrize(("found", "words"), [("", "does not say"), ("0.0.9", "older than"), ("99.0.0", "newer than")])
def test_versions_that_are_refused(found: str, words: str) -> None:
    with pytest.raises(StartError, match=words) as caught:
        check_version(found)
    assert caught.value.exit_code == ExitCode.NEWER_VERSION


def test_a_copy_needs_room(old_town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_copy, "SPARE_BYTES", 2**62)
    with pytest.raises(StartError) as caught:
        database_copy.make_copy(DataDirectory(old_town))
    assert caught.value.exit_code == ExitCode.DISK_FULL
    assert leftovers(old_town) == []
    assert Installation.at(old_town, {}).cluster.is_initialised


def test_the_real_command_looks_before_it_touches(old_town: Path) -> None:
    """An empty database, one of a newer LocalEx, and one whose people are gone while their pictures are there."""

    def refused() -> tuple[int, str]:
        words = ("upgrade", "--data-dir", old_town)
        done = run_python("-m", "localex.cli", *words, environment=clean_environment())
        assert leftovers(old_town) == []
        return done.returncode, done.stderr

    def change(*statements: str) -> None:
        cluster = Cluster.of(DataDirectory(old_town))
        cluster.start()
        try:
            with cluster.connect(roles.OWNER) as owner:
                for statement in statements:
                    owner.execute(statement.encode())
        finally:
            cluster.stop()

    code, words = refused()
    assert code == ExitCode.DAMAGED
    assert "is empty, though LocalEx was used here" in words
    note = '{"version": "99.0.0", "fingerprint": "x"}'
    # The very first migration was interrupted.
    change("CREATE TABLE django_migrations (id int)")
    code, words = refused()
    assert code == ExitCode.NEWER_VERSION
    assert "its first migration never finished" in words
    assert "Traceback" not in words
    change(
        "CREATE TABLE members_user (id int)",
        f"COMMENT ON TABLE django_migrations IS '{note}'",
    )
    code, words = refused()
    assert code == ExitCode.NEWER_VERSION
    assert "LocalEx 99.0.0, which is newer" in words
    (old_town / "media").mkdir()
    (old_town / "media" / "lamp.webp").write_bytes(b"picture")
    assert refused()[0] == ExitCode.DAMAGED
    change("INSERT INTO members_user VALUES (1)")
    assert refused()[0] == ExitCode.NEWER_VERSION
