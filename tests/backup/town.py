"""A small town with its own PostgreSQL, and what tests do to it and to its backups."""

import contextlib
import errno
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from localex.backup import engine
from localex.backup.keys import Keys
from localex.backup.manifest import Manifest
from localex.backup.receiver import Receiver
from localex.backup.results import Restored
from localex.backup.site import Site
from localex.backup.stores import FolderStore, Store, Writer
from localex.embedded import roles
from localex.embedded.cluster import Cluster
from localex.embedded.directory import DataDirectory
from localex.embedded.installation import Installation
from localex.embedded.processes import wait_until
from localex.embedded.secret_files import SecretFiles

PATIENCE_SECONDS = 60
# Losing everything in a power cut is fine here.
QUICK = {"fsync": "off", "synchronous_commit": "off", "shared_buffers": "16MB"}
PICTURE = "media/pictures/tree.webp"


@dataclass
class Town:
    """A running database, a few files, and a key."""

    directory: DataDirectory
    cluster: Cluster
    keys: Keys
    # As for a server outside: LOCALEX_BACKUP_URL.
    outside_url: str = ""

    @property
    def site(self) -> Site:
        return Site.of(Installation.at(self.directory.root, {}), outside_url=self.outside_url)

    def post(self, words: str) -> datetime:
        """Book something and return a moment right after it, by the database's clock."""
        with self.cluster.connect(roles.OWNER) as connection:
            connection.execute("INSERT INTO posting (words) VALUES (%s)", [words])
            row = connection.execute("SELECT clock_timestamp() FROM pg_sleep(0.01)").fetchone()
        assert row is not None
        return row[0]  # type: ignore[no-any-return]

    def fill_segment(self) -> None:
        """End a segment of the log, as much traffic would."""
        self.post("before the end of a segment")
        with self.cluster.connect(roles.SUPER) as connection:
            connection.execute("SELECT pg_switch_wal()")

    def make_seal(self, number: int) -> None:
        """What the ledger does every minute: a row, and a file outside the database."""
        with self.cluster.connect(roles.OWNER) as connection:
            connection.execute("INSERT INTO ledger.seals VALUES (%s, sha256(%s))", [number, str(number).encode()])
        folder = self.directory.root / "seals"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.json").write_text(f'{{"seal_no": {number}}}')

    def backup(self, store: Store) -> Manifest:
        return engine.make_backup(self.site, store, self.keys)

    @contextlib.contextmanager
    def receiving(self, store: Store) -> Iterator[Receiver]:
        """A receiver while the block runs; what was booked in the block is in the store after it."""
        receiver = Receiver(self.site, store, self.keys, interval=0.2)
        stop = threading.Event()
        thread = threading.Thread(target=receiver.run, args=(stop,))
        thread.start()
        try:
            assert wait_until(lambda: receiver.state.newest is not None, seconds=PATIENCE_SECONDS), receiver.state
            yield receiver
            now = self.post("the last one")
            assert wait_until(lambda: reaches(receiver, now), seconds=PATIENCE_SECONDS), receiver.state
        finally:
            stop.set()
            thread.join()


def reaches(receiver: Receiver, moment: datetime) -> bool:
    """Whether everything until `moment` is in the store."""
    newest = receiver.state.newest
    return newest is not None and newest.at >= moment


def start_town(root: Path) -> Town:
    """A new installation with a table, two pictures and secrets."""
    directory = DataDirectory(root)
    directory.prepare()
    SecretFiles(directory.secrets).prepare(is_first_start=True)
    cluster = Cluster.of(directory, QUICK)
    cluster.initialise()
    cluster.start()
    cluster.create_roles()
    with cluster.connect(roles.OWNER) as connection:
        connection.execute("CREATE TABLE posting (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, words text)")
        connection.execute("CREATE SCHEMA ledger")
        connection.execute("CREATE TABLE ledger.seals (seal_no bigint PRIMARY KEY, digest bytea)")
    for name, size in (("tree", 3000), ("house", 200_000)):
        path = directory.root / "media" / "pictures" / f"{name}.webp"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode() * size)
    return Town(directory, cluster, Keys.prepare(directory.secrets))


def read_postings(data_dir: Path) -> list[str]:
    """Start the installation in `data_dir` as any command does, and read what was booked there."""
    installation = Installation.at(data_dir, {})
    with installation.database(), installation.cluster.connect(roles.OWNER) as connection:
        return [row[0] for row in connection.execute("SELECT words FROM posting ORDER BY id")]


def restore(store: Store, town: Town, into: Path, to: datetime | None = None) -> Restored:
    """With the town's key."""
    return engine.restore(store, town.keys, to=to, into=into)


def copy_store(store: FolderStore, to: Path) -> FolderStore:
    """A store of one's own to damage."""
    shutil.copytree(store.root, to)
    return FolderStore(to)


class SmallStore(FolderStore):
    """A store whose disk is full after `limit` more bytes."""

    def __init__(self, root: Path, *, limit: int) -> None:
        super().__init__(root)
        self.left = limit

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[Writer]:
        with super().writing(name) as file:
            yield _Limited(self, file)


class _Limited:
    """Counts what is written, and fails as a full disk does."""

    def __init__(self, store: SmallStore, file: Writer) -> None:
        self._store = store
        self._file = file

    def write(self, data: bytes) -> int:
        self._store.left -= len(data)
        if self._store.left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()
