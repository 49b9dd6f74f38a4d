"""A backup, a restore or the receiver may be killed at any moment, and disks may fill up: never a silent half."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import pytest

from localex.backup import engine
from localex.backup.errors import Busy, StoreFull
from localex.backup.keys import FILE
from localex.backup.recovering import SIGNAL
from localex.backup.stores import DRAFT_PREFIX, FolderStore
from localex.backup.wal import SEGMENT
from localex.embedded.errors import StartError
from localex.embedded.installation import Installation
from localex.embedded.processes import wait_until
from tests.backup.conftest import Backed
from tests.backup.town import PATIENCE_SECONDS, SmallStore, Town, copy_store, read_postings, restore
from tests.processes import run_python
from tests.servers import temporary_folder

ROOT = Path(__file__).parents[2]
# Spread over everything that is done, closest where it begins to count; the same every time.
POINTS = [0.02, 0.3, 0.6, 0.9, 0.97, 0.995]
pytestmark = pytest.mark.slow


def run(kill_at: int, *words: object) -> "subprocess.CompletedProcess[str]":
    """One run of tests/backup/killed.py."""
    return run_python("-m", "tests.backup.killed", kill_at, *words, timeout_seconds=PATIENCE_SECONDS * 2)


@pytest.fixture(scope="module")
def once(town: Town, tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    """A store with one backup and no log, to be copied."""
    store = FolderStore(tmp_path_factory.mktemp("once"))
    town.backup(store)
    return store


@pytest.fixture(scope="module")
def backup_steps(town: Town, once: FolderStore, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many things a backup does to the file system."""
    folder = tmp_path_factory.mktemp("whole") / "store"
    copy_store(once, folder)
    done = run(0, "backup", town.directory.root, folder)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_backup_does_not_count(
    town: Town, once: FolderStore, tmp_path: Path, backup_steps: int, point: float
) -> None:
    store = copy_store(once, tmp_path / "store")
    first = engine.list_backups(store, town.keys)[0]

    done = run(max(1, int(backup_steps * point)), "backup", town.directory.root, store.root)

    assert done.returncode == -signal.SIGKILL
    # Once the manifest has its name it is complete, whatever happens then.
    counted = [manifest.backup_id for manifest in engine.list_backups(store, town.keys)]
    assert counted[0] == first.backup_id
    assert len(counted) == 1 or point > 0.9
    assert engine.verify_backup(store, town.keys, counted[-1]).is_sound
    # There is no log in this store: that is all that an older one may lack.
    found = [finding for each in counted for finding in engine.verify_backup(store, town.keys, each).findings]
    assert all(finding.name.startswith("wal/") for finding in found), found
    second = town.backup(store)
    assert engine.verify_backup(store, town.keys, second.backup_id).is_sound
    folders = {entry.name.split("/")[1] for entry in store.list("backups/")}
    assert folders == {*counted, second.backup_id}
    assert not list(tmp_path.rglob(f"{DRAFT_PREFIX}*"))


@pytest.fixture(scope="module")
def restore_steps(backed: Backed, town: Town) -> Iterator[int]:
    """How many things a restore does to the file system."""
    folder = temporary_folder("lx-whole-")
    folder.chmod(0o755)
    done = run(0, "restore", backed.store.root, town.directory.secrets / FILE, folder / "new")
    assert done.returncode == 0, done.stderr
    yield int(done.stdout)
    shutil.rmtree(folder)


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_restore_is_no_town_and_goes_on(
    backed: Backed, town: Town, place: Path, restore_steps: int, point: float
) -> None:
    words = ("restore", backed.store.root, town.directory.secrets / FILE, place / "new")

    done = run(max(1, int(restore_steps * point)), *words)

    assert done.returncode == -signal.SIGKILL
    if (place / "new").exists() and any((place / "new").iterdir()):
        with pytest.raises(StartError, match="has not finished"):
            Installation.at(place / "new", {}).directory.prepare()
    again = run(0, *words)
    assert again.returncode == 0, again.stderr
    assert read_postings(place / "new")[-1] == "the last one"


def test_a_killed_receiver_loses_nothing(town: Town, place: Path) -> None:
    """Killed again and again while things are booked, then left in peace: everything booked is in the store."""
    store = FolderStore(place / "store")
    town.backup(store)
    booked: list[str] = []

    def book(seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            words = f"under fire {len(booked)}"
            town.post(words)
            booked.append(words)
        town.fill_segment()

    command = [sys.executable, "-m", "tests.backup.receive", "--interval", "0.2"]
    for seconds in (0.3, 0.9, 1.6, 2.1, 1.2):
        process = subprocess.Popen(
            [*command, "--data-dir", str(town.directory.root), "--store", str(store.root)],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        book(seconds)
        process.kill()
        process.wait()
    with town.receiving(store):
        pass

    assert engine.verify_backup(store, town.keys).findings == ()
    restore(store, town, place / "new")
    assert set(booked) <= set(read_postings(place / "new"))


def test_the_receiver_stops_in_order(town: Town, place: Path) -> None:
    """SIGTERM: what was booked until then is shipped, and no program is left."""
    store = FolderStore(place / "store")
    town.backup(store)
    words = ("--data-dir", str(town.directory.root), "--store", str(store.root))
    process = subprocess.Popen([sys.executable, "-m", "tests.backup.receive", *words], cwd=ROOT)
    assert wait_until(lambda: bool(store.list("wal/")), seconds=PATIENCE_SECONDS)
    town.post("just before the end")
    process.send_signal(signal.SIGTERM)

    assert process.wait(PATIENCE_SECONDS) == 0
    restore(store, town, place / "new")
    assert read_postings(place / "new")[-1] == "just before the end"


@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.98])
def test_a_full_store_is_said_and_older_backups_stay(
    town: Town, backed: Backed, own_store: FolderStore, share: float
) -> None:
    size = sum(part.size for part in backed.manifest.base) + 500
    full = SmallStore(own_store.root, limit=int(size * share))

    with pytest.raises(StoreFull, match="There is no space left in"):
        town.backup(full)

    assert [found.backup_id for found in engine.list_backups(own_store, town.keys)] == [backed.manifest.backup_id]
    assert engine.verify_backup(own_store, town.keys).is_sound
    assert not list(own_store.root.rglob(f"{DRAFT_PREFIX}*"))
    town.backup(own_store)


@contextlib.contextmanager
def small_disk(place: Path, size_mb: int) -> Iterator[Path]:
    """A disk of that size; only root may make one."""
    disk = place / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m,mode=755", "tmpfs", str(disk)],
        check=False,
        capture_output=True,
    )
    if done.returncode:
        pytest.skip(
            "only root may mount a small disk: untested is what a restore says and leaves when its disk fills up"
        )
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_disk_too_small_for_the_restore_is_said_before_anything(backed: Backed, town: Town, place: Path) -> None:
    with small_disk(place, 100) as disk:
        with pytest.raises(StoreFull, match="MB left and the restore needs"):
            restore(backed.store, town, disk / "new")

        assert list(disk.iterdir()) == []


def fill_disk(disk: Path) -> None:
    """Take all of its space but a little, once."""
    ballast = disk / "ballast"
    if not ballast.exists():
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free - 64 * 1024)


class FillingStore(FolderStore):
    """Fills a disk when the first segment of the log is fetched: PostgreSQL waits for it, however slow the machine."""

    def __init__(self, root: Path, disk: Path) -> None:
        super().__init__(root)
        self._disk = disk

    def open(self, name: str) -> BinaryIO:
        if name.startswith("wal/") and SEGMENT.match(name.rpartition("/")[2]):
            fill_disk(self._disk)
        return super().open(name)


@pytest.mark.parametrize("step", ["unpacking", "replaying the log"])
def test_a_disk_that_fills_up_during_a_restore_is_said(backed: Backed, town: Town, place: Path, step: str) -> None:
    """Somebody else takes the space in the middle; once it is free again, the same restore goes on."""
    with small_disk(place, 700) as disk:
        ballast = disk / "ballast"
        store = FillingStore(backed.store.root, disk) if step == "replaying the log" else backed.store

        def fill(done: int, total: int | None, what: str = "") -> None:
            if what == step == "unpacking":
                fill_disk(disk)

        with pytest.raises(StoreFull, match="There is no space left in"):
            engine.restore(store, town.keys, into=disk / "new", report=fill)

        with pytest.raises(StartError, match="has not finished"):
            Installation.at(disk / "new", {}).directory.prepare()
        ballast.unlink()
        restore(backed.store, town, disk / "new")
        assert read_postings(disk / "new")[-1] == "the last one"


@pytest.mark.parametrize("has_history", [False, True])
@pytest.mark.parametrize("is_latest", [True, False])
def test_a_restore_that_ended_while_postgresql_opened_goes_on(
    backed: Backed, town: Town, place: Path, has_history: bool, is_latest: bool
) -> None:
    """PostgreSQL takes its signal away, then writes the new timeline's history, then the checkpoint that counts.

    Begun again between these, it would open what it had replayed so far, or what lies behind the time asked for.
    """
    to: datetime | None = None if is_latest else backed.between

    def stop(done: int, total: int | None, what: str = "") -> None:
        if what == "replaying the log":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.restore(backed.store, town.keys, into=place / "new", to=to, report=stop)
    (signal_file,) = (place / "new").rglob(SIGNAL)
    signal_file.unlink()
    log = signal_file.parent / "pg_wal"
    if has_history:
        (log / "00000002.history").write_text("1\tFF/FF000000\tno recovery target specified\n")

    found = restore(backed.store, town, place / "new", to=to)

    assert found.timeline == 2
    assert found.end_lsn < 0xFF << 32
    assert read_postings(place / "new")[-1] == ("the last one" if is_latest else "between")


def test_a_second_backup_at_the_same_time_is_refused(town: Town, own_store: FolderStore, backed: Backed) -> None:
    with own_store.holding("backup"), pytest.raises(Busy, match="Another process is busy with backup in"):
        town.backup(own_store)

    assert len(engine.list_backups(own_store, town.keys)) == 1


def test_a_second_restore_into_the_same_directory_is_refused(backed: Backed, town: Town, place: Path) -> None:
    refusals: list[str] = []

    def meanwhile(done: int, total: int | None, what: str = "") -> None:
        if not refusals:
            with pytest.raises(Busy) as caught:
                restore(backed.store, town, place / "new")
            refusals.append(caught.value.message)

    engine.restore(backed.store, town.keys, into=place / "new", report=meanwhile)

    assert "Another process is restoring into" in refusals[0]
    assert read_postings(place / "new")[-1] == "the last one"
