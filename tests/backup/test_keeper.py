"""The part of `localex up` that keeps everything safe, beside a real PostgreSQL."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from localex.backup import engine, keeper, receiver
from localex.backup.errors import StoreFull
from localex.backup.keeper import MEMORY, Keeper, stamp_line
from localex.backup.keys import Keys
from localex.backup.marker import MARKER, USED
from localex.backup.site import Site
from localex.backup.stores import FolderStore, find_mount, find_store, is_same_disk
from localex.embedded.cluster import Cluster
from localex.embedded.directory import DataDirectory
from localex.embedded.installation import Installation
from localex.embedded.processes import wait_until
from localex.embedded.secret_files import SecretFiles
from tests.servers import temporary_folder

pytestmark = pytest.mark.slow
PATIENCE_SECONDS = 90


class Kept:
    """A small running installation and what its keeper says."""

    def __init__(self, root: Path) -> None:
        self.directory = DataDirectory(root)
        self.installation = Installation.at(root, {})
        self.store = FolderStore(root / "backups")
        self.keys = Keys.prepare(self.directory.secrets)
        self.lines: list[str] = []

    def keeper(self, *, first_after: float = 0) -> Keeper:
        return Keeper(
            Site.of(self.installation),
            self.store,
            self.keys,
            app_url=self.installation.app_url,
            first_after=timedelta(seconds=first_after),
            tell=self.lines.append,
        )

    def run(self, until: Callable[[Keeper], bool], *, first_after: float = 0) -> Keeper:
        """Run a keeper until something holds, then stop it."""
        part = self.keeper(first_after=first_after)
        thread = threading.Thread(target=part.run)
        thread.start()
        try:
            assert wait_until(lambda: until(part), seconds=PATIENCE_SECONDS), self.lines
        finally:
            part.stop()
            thread.join(PATIENCE_SECONDS)
        return part

    @property
    def memory(self) -> dict[str, object]:
        return dict(json.loads((self.directory.root / MEMORY).read_text()))

    def ids(self) -> list[str]:
        return [manifest.backup_id for manifest in engine.list_backups(self.store, self.keys)]

    def said(self, words: str) -> int:
        return sum(words in line for line in self.lines)


@pytest.fixture(scope="module")
def installed() -> Iterator[DataDirectory]:
    """A running database without a schema; what was backed up of it is each test's own."""
    folder = temporary_folder("lx-keeper-")
    folder.chmod(0o755)
    directory = DataDirectory(folder / "data")
    directory.prepare()
    SecretFiles(directory.secrets).prepare(is_first_start=True)
    cluster = Cluster.of(directory, {"fsync": "off"})
    cluster.initialise()
    cluster.start()
    try:
        cluster.create_roles()
        yield directory
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def kept(installed: DataDirectory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    # Nobody looks at what lies between two rounds.
    monkeypatch.setattr(keeper, "STATUS_EVERY", timedelta(seconds=0.5))
    for module, name in ((keeper, "POLL_SECONDS"), (keeper, "RETRY_SECONDS"), (receiver, "POLL_SECONDS")):
        monkeypatch.setattr(module, name, 0.3)
    yield Kept(installed.root)
    shutil.rmtree(installed.root / "backups", ignore_errors=True)
    (installed.root / MEMORY).unlink()
    (installed.root / USED).unlink(missing_ok=True)


def test_backup_and_proof_come_by_themselves_and_once_a_day(kept: Kept) -> None:
    kept.run(lambda keeper: bool(kept.memory.get("drill_passed_at")) and bool(keeper.describe()["shipped_at"]))
    assert len(kept.ids()) == 1
    assert kept.said("Drill passed") == 1
    # Nobody copied the key, and the disk is the same: both are said once, not every minute.
    assert kept.said("WARNING Nobody has confirmed a copy of the backup key") == 1
    disk = find_mount(kept.directory.root)
    place = f"{kept.directory.root / 'backups'}, on the disk mounted at {disk}"
    assert kept.said(f"WARNING The backups lie on the same disk as the database ({place})") == 1
    assert not (kept.directory.root / ".drill").exists()

    before, told = kept.memory, len(kept.lines)
    keeper = kept.run(lambda keeper: len(keeper.describe().get("backups", [])) == 1)
    assert kept.memory == before
    assert not [line for line in kept.lines[told:] if line.startswith(("Backup", "Drill"))]
    assert keeper.describe()["lag_s"] < 60


def test_a_gap_in_the_log_makes_a_new_backup_due(kept: Kept) -> None:
    kept.run(lambda keeper: len(kept.ids()) == 1)
    first = kept.ids()
    memory = kept.memory
    memory["backup_tried_at"] = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    (kept.directory.root / MEMORY).write_text(json.dumps(memory))

    def lose_the_log(keeper: Keeper) -> bool:
        if kept.ids() == first:
            keeper._receiver.state.has_gap = True
        return bool(kept.ids()) and kept.ids() != first

    kept.run(lose_the_log)
    # What is younger than two days stays.
    assert kept.ids()[:-1] == first


def test_trouble_is_said_and_does_not_end_it(kept: Kept) -> None:
    (kept.directory.root / "backups").write_text("not a folder")
    keeper = kept.run(lambda keeper: bool(keeper.describe()["error"]) and kept.said("WARNING The last attempt") > 0)
    assert "error" in keeper.describe()
    (kept.directory.root / "backups").unlink()
    memory = kept.memory
    memory["backup_tried_at"] = None
    (kept.directory.root / MEMORY).write_text(json.dumps(memory))
    kept.run(lambda keeper: len(kept.ids()) == 1)


def test_a_drill_without_room_is_said_and_is_no_failed_proof(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_drill(*words: object) -> None:
        raise StoreFull("There is no room.")

    monkeypatch.setattr(keeper, "run_drill", run_drill)
    kept.run(lambda keeper: "There is no room." in keeper.describe()["error"])
    assert kept.memory["drill_ended_at"]
    assert not kept.memory["drill_failed"]
    assert kept.said("A backup or drill failed: There is no room.") == 1


def test_it_leaves_the_start_to_others(kept: Kept) -> None:
    kept.run(lambda keeper: bool(keeper.describe()["shipped_at"]), first_after=3600)
    assert kept.ids() == []


def test_a_store_that_vanishes_is_not_begun_anew(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unmounted disk: an empty folder, or none, where the backups were. All goes on when they are back."""
    monkeypatch.setattr(receiver, "INTERVAL_SECONDS", 0.5)
    monkeypatch.setattr(receiver, "PAUSE_SECONDS", 0.3)
    kept.store = find_store(kept.directory)  # type: ignore[assignment]
    folder, aside = kept.directory.root / "backups", kept.directory.root / "run" / "aside"

    def vanish(keeper: Keeper) -> bool:
        if not aside.exists() and kept.ids() and keeper._receiver.state.newest:
            folder.rename(aside)
        trouble = keeper._receiver.state.trouble
        return kept.said("WARNING The backups are gone from their place") > 0 and "accept-store" in trouble

    kept.run(vanish)
    assert not folder.exists()
    assert any(f"{folder} is not there." in line for line in kept.lines)
    # Whoever pastes what the log says hits this very town.
    root = kept.directory.root
    assert any(f"`localex backup accept-store --data-dir {root}`" in line for line in kept.lines)
    assert not any("accept-store`" in line for line in kept.lines)
    # The same with the empty folder that a disk is mounted on, for a part that is started then.
    folder.mkdir()
    memory = kept.memory
    memory["backup_tried_at"] = None
    (kept.directory.root / MEMORY).write_text(json.dumps(memory))
    kept.lines.clear()
    keeper = kept.run(lambda _keeper: kept.said("WARNING The backups are gone from their place") > 0)
    # An empty folder says nothing about what was kept.
    assert "backups" not in keeper.describe()
    assert list(folder.iterdir()) == []
    assert keeper.describe()["store_gone"]

    folder.rmdir()
    aside.rename(folder)
    keeper = kept.run(lambda keeper: bool(kept.ids()) and not keeper.describe()["error"])
    assert keeper.describe()["store_gone"] == ""
    assert len(kept.ids()) == 1

    shutil.rmtree(folder)
    memory["backup_tried_at"] = None
    (kept.directory.root / MEMORY).write_text(json.dumps(memory))
    kept.store.accept()
    kept.run(lambda keeper: bool(kept.ids()))
    assert (folder / MARKER).exists()


def test_every_line_of_the_log_has_its_time() -> None:
    now = datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC)
    assert stamp_line("Backup 1.", now) == "2026-11-23 04:05:06 Backup 1."
    assert stamp_line("WARNING The disk is full.", now) == "WARNING 2026-11-23 04:05:06 The disk is full."


def test_disks_are_told_apart(tmp_path: Path) -> None:
    assert is_same_disk(tmp_path, FolderStore(tmp_path / "not" / "there"))
    assert not is_same_disk(tmp_path, FolderStore(Path("/proc/self")))
    assert find_mount(Path("/proc/self/task/not there")) == "/proc"
