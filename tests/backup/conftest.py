"""One small town for all tests of backups, with one store that nobody changes: tests that damage a store copy it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from localex.backup.manifest import Manifest
from localex.backup.stores import FolderStore
from tests.backup.town import Town, copy_store, start_town
from tests.servers import temporary_folder


@dataclass(frozen=True)
class Backed:
    """A store with one backup and the log of what came after it.

    Booked were: "before the backup"; the backup; "first", `between`, "second", a seal; two ends of segments; "third".
    """

    store: FolderStore
    manifest: Manifest
    between: datetime
    last: datetime


@pytest.fixture(scope="session")
def town() -> Iterator[Town]:
    folder = temporary_folder("lx-backup-")
    folder.chmod(0o755)
    # With a space and a sign that restore_command must not take for its own.
    found = start_town(folder / "data 100%f dir")
    yield found
    found.cluster.stop(30)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def backed(town: Town) -> Iterator[Backed]:
    folder = temporary_folder("lx-store-")
    store = FolderStore(folder / "store")
    town.post("before the backup")
    town.make_seal(1)
    manifest = town.backup(store)
    with town.receiving(store):
        town.post("first")
        between = town.post("between")
        town.post("second")
        town.make_seal(2)
        town.fill_segment()
        town.fill_segment()
        last = town.post("third")
        (town.directory.root / "media" / "pictures" / "late.webp").write_bytes(b"late" * 1000)
    yield Backed(store, manifest, between, last)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def place() -> Iterator[Path]:
    """A new folder that the database's unprivileged user can reach."""
    folder = temporary_folder("lx-place-")
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def own_store(backed: Backed, place: Path) -> FolderStore:
    """A copy of the store, to damage."""
    return copy_store(backed.store, place / "store")
