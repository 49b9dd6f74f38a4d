"""`localex backup`, `verify` and `restore` as people type them."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from localex.backup.keys import CONFIRMED, FILE
from localex.backup.stores import FolderStore
from localex.embedded.directory import DirectoryLock
from localex.embedded.errors import ExitCode
from tests.backup.conftest import Backed
from tests.backup.town import PATIENCE_SECONDS, Town, read_postings
from tests.embedded.running import clean_environment
from tests.processes import run_python

pytestmark = pytest.mark.slow


def localex(*words: object, typed: str = "", **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run the command."""
    environment = clean_environment(COLUMNS="200", **variables)
    return run_python(
        "-m", "localex.cli", *words, environment=environment, typed=typed, timeout_seconds=PATIENCE_SECONDS
    )


@pytest.fixture
def running(town: Town) -> Iterator[Path]:
    """The town's data directory, as if `up` ran on it."""
    lock = DirectoryLock(town.directory)
    lock.acquire()
    yield town.directory.root
    lock.release()
    (town.directory.secrets / CONFIRMED).unlink(missing_ok=True)


def test_no_backup_before_a_copy_of_the_key_is_confirmed(running: Path, place: Path, town: Town) -> None:
    store = place / "store"
    refused = localex("backup", "--data-dir", running, "--store", store)

    assert refused.returncode == ExitCode.KEY_NOT_CONFIRMED
    assert "localex backup key confirm" in refused.stderr
    assert not store.exists()

    shown = localex("backup", "key", "show", "--data-dir", running)
    assert town.keys.secret in shown.stdout
    copy = place / "copy.txt"
    copy.write_text(shown.stdout)
    wrong = localex("backup", "key", "confirm", "--data-dir", running, typed="ABCDEFGH\n")
    assert (wrong.returncode, wrong.stdout) == (ExitCode.FAILED, "")
    right = localex("backup", "key", "confirm", "--data-dir", running, typed=f"{town.keys.secret[-8:]}\n")
    assert (right.returncode, right.stderr) == (ExitCode.OK, "")

    made = localex("backup", "--data-dir", running, LOCALEX_BACKUP_DIR=str(store))
    assert made.returncode == ExitCode.OK, made.stderr
    assert "database" in made.stdout
    (town.directory.secrets / CONFIRMED).unlink()
    again = localex("backup", "run", "--data-dir", running, "--store", store, "--confirmed-copy", copy)
    assert again.returncode == ExitCode.OK, again.stderr
    assert f"Note: {copy} is on the same disk as the key." in again.stdout
    (town.directory.secrets / CONFIRMED).unlink()
    itself = localex("backup", "key", "confirm", "--data-dir", running, "--confirmed-copy", running / "secrets" / FILE)
    assert (itself.returncode, "is no copy" in itself.stderr) == (ExitCode.FAILED, True)
    # One that is younger than two days stays.
    assert "Took away" not in again.stdout
    assert "Only this one moment can be restored from there" in again.stdout


def test_a_town_comes_back_from_the_store_and_the_key_alone(backed: Backed, town: Town, place: Path) -> None:
    key = place / "key.txt"
    key.write_bytes((town.directory.secrets / FILE).read_bytes())
    words = ("--store", backed.store.root, "--key", key, "--data-dir", place / "nothing here")

    listed = localex("backup", "list", *words)
    assert backed.manifest.backup_id in listed.stdout
    assert "can be restored" in listed.stdout
    sound = localex("verify", *words)
    assert (sound.returncode, "is sound" in sound.stdout) == (ExitCode.OK, True)
    back = localex("restore", "--to", backed.between.isoformat(), "--into", place / "new", *words)
    assert back.returncode == ExitCode.OK, back.stderr
    assert f"localex up --data-dir {place / 'new'}" in back.stdout
    assert f"Its backups go to {place / 'new' / 'backups'} then." in back.stdout
    assert "public.posting" not in back.stdout
    assert "--verbose names" in back.stdout
    assert read_postings(place / "new")[-1] == "between"

    told = localex("restore", "--verbose", "--into", place / "second", *words)
    assert "public.posting" in told.stdout
    again = localex("restore", "--into", place / "new", *words)
    assert (again.returncode, "is not empty" in again.stderr) == (ExitCode.FAILED, True)


def test_a_list_names_the_gap_and_times_before_it_are_restored(
    own_store: FolderStore, backed: Backed, town: Town, place: Path
) -> None:
    whole = [
        entry.name for entry in own_store.list("wal/") if "partial" not in entry.name and "newest" not in entry.name
    ]
    own_store.delete(whole[-1])
    words = ("--store", own_store.root, "--key", town.directory.secrets / FILE)

    listed = localex("backup", "list", *words)

    assert listed.returncode == ExitCode.OK
    segment = Path(whole[-1]).name.partition(".")[0]
    assert (
        f"GAP: segment {segment} of the log is missing. Nothing behind it before the next backup ends" in listed.stdout
    )
    assert "up to a gap in the log can be restored" in listed.stdout
    back = localex("restore", "--to", backed.between.isoformat(), "--into", place / "new", *words)
    assert back.returncode == ExitCode.OK, back.stderr
    assert read_postings(place / "new")[-1] == "between"


def test_what_is_wrong_has_an_exit_code(own_store: FolderStore, town: Town, place: Path) -> None:
    key = town.directory.secrets / FILE
    words = ("--store", own_store.root, "--key", key, "--data-dir", place / "nothing here")

    lost = localex("backup", "--store", own_store.root, "list", "--key", key)
    assert (lost.returncode, "behind the word" in lost.stderr) == (ExitCode.USAGE, True)
    nonsense = localex("restore", "--to", "yesterday", "--into", place / "new", *words)
    assert (nonsense.returncode, "is no time" in nonsense.stderr) == (ExitCode.USAGE, True)
    early = localex("restore", "--to", "2020-01-01", "--into", place / "new", *words)
    assert early.returncode == ExitCode.NOTHING_TO_RESTORE
    assert "Possible is any time from" in early.stderr
    keyless = localex("verify", "--store", own_store.root, "--data-dir", place / "nothing here")
    assert (keyless.returncode, "Say with --key" in keyless.stderr) == (ExitCode.SETTINGS, True)
    pruned = localex("backup", "prune", "--dry-run", *words)
    assert (pruned.returncode, pruned.stdout) == (ExitCode.OK, "Nothing would go.\n"), pruned.stderr
    empty = localex("verify", "--store", place / "empty", "--key", key)
    assert empty.returncode == ExitCode.NOTHING_TO_RESTORE
    nothing = localex("backup", "key", "show", "--data-dir", place / "nothing here")
    assert nothing.returncode == ExitCode.NOT_RUNNING

    base = next(entry.name for entry in own_store.list("backups/") if "base-" in entry.name)
    (own_store.root / base).write_bytes(b"x")
    broken = localex("verify", *words)
    assert broken.returncode == ExitCode.BACKUP_DAMAGED
    assert f"BROKEN  {base} has 1 bytes instead of" in broken.stdout
    failed = localex("restore", "--into", place / "new", *words)
    assert failed.returncode == ExitCode.BACKUP_DAMAGED
    gone = localex("backup", "list", "--store", place / "not mounted", "--key", key)
    assert (gone.returncode, "the folder does not exist" in gone.stderr) == (ExitCode.NOTHING_TO_RESTORE, True)
    refused = localex("backup", "run", "--data-dir", place / "new")
    assert refused.returncode == ExitCode.NOT_RUNNING
