"""Where backups are kept: objects under names with slashes. A folder now; S3 comes through the same protocol.

An object is there completely or not at all, whatever happens to the process or the machine. What an object holds is
encrypted and authenticated before it comes here (see `sealed`), so a store need not be trusted with its contents.
"""

import contextlib
import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from localex.backup.errors import BackupDamaged, BackupError, Busy, store_error
from localex.backup.marker import MARKER, UsedStores, read_marker, store_gone
from localex.backup.place import read_place
from localex.backup.regular import open_regular, open_to_read, regular_size
from localex.embedded.directory import DataDirectory, sync_folder

DRAFT_PREFIX = ".draft-"
LOCK_PREFIX = ".lock-"
# One part of a name that LocalEx writes; whatever else lies in a folder was put there by others.
NAME_PART = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]*")


class Writer(Protocol):
    """Takes the bytes of an object in order."""

    def write(self, data: bytes, /) -> int: ...

    def flush(self) -> None: ...


@dataclass(frozen=True)
class Stored:
    """One object: its name and its size in bytes."""

    name: str
    size: int


class Store(Protocol):
    """Keeps named objects. Every method raises BackupError with a sentence when the place fails."""

    @property
    def place(self) -> str:
        """Where this is, for people; the same place always has the same words."""

    @property
    def own_folder(self) -> Path | None:
        """The folder of this machine that the store is, or None when it is elsewhere."""

    def describe_empty(self) -> str:
        """The sentence for a place without backups, with where else this installation has kept some."""

    def check_known(self) -> None:
        """Raise StoreGone when this place was used before and is not that store any more; see `marker`."""

    def accept(self) -> None:
        """Take this place for the store from now on, and mark it as such."""

    def writing(self, name: str) -> contextlib.AbstractContextManager[Writer]:
        """Write an object; it appears under `name`, durably, when the block ends well, and not at all otherwise.

        An object of that name is replaced in one step.
        """

    def open(self, name: str) -> BinaryIO:
        """Read an object from its start. Raises BackupDamaged when it is not there, or is no object."""

    def list(self, prefix: str = "") -> list[Stored]:
        """Every object whose name begins with `prefix`, sorted by name; without names that LocalEx never writes."""

    def size(self, name: str) -> int | None:
        """The size in bytes, or None when there is no such object."""

    def delete(self, name: str) -> None:
        """Take an object away; one that is not there is fine."""

    def holding(self, purpose: str) -> contextlib.AbstractContextManager[None]:
        """Be the only one who does `purpose` in this store while the block runs. Raises Busy."""

    def clean_drafts(self) -> None:
        """Remove what a killed writer left. Only for the holder of every lock that writes there."""


def find_store(directory: DataDirectory, folder: Path | None = None) -> Store:
    """Where an installation's backups are kept: `folder` (LOCALEX_BACKUP_DIR), or the place that `localex up` was last
    told, or `backups` in the data directory."""
    return FolderStore(folder or read_place(directory) or directory.root / "backups", used=UsedStores(directory))


def is_same_disk(data: Path, store: Store) -> bool:
    """Whether the backups would die with the disk of the folder `data`, as far as the file system tells."""
    place = store.own_folder
    if place is None:
        return False
    while not place.exists():
        place = place.parent
    return data.stat().st_dev == place.stat().st_dev


def find_mount(folder: Path) -> str:
    """Where the file system of `folder`, which need not exist, is mounted: how people know a disk."""
    while not (folder.exists() and folder.is_mount()):
        folder = folder.parent
    return str(folder)


class FolderStore:
    """A folder, best on another disk or machine: temporary name, fsync, rename, fsync of the folder."""

    def __init__(self, root: Path, *, used: UsedStores | None = None) -> None:
        self.root = Path(os.path.realpath(root.expanduser()))
        self._used = used

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.root)

    @property
    def own_folder(self) -> Path | None:
        """See Store."""
        return self.root

    def describe_empty(self) -> str:
        """See Store."""
        why = "" if self.root.exists() else ": the folder does not exist, as when its disk is not mounted"
        others = [place for place in self._used.list_places() if place != self.place] if self._used else []
        hint = f" This town has kept backups in {' and in '.join(others)} (--store)." if others else ""
        return f"There is no backup in {self.place}{why}.{hint}"

    def check_known(self) -> None:
        """See Store."""
        if self._used and not read_marker(self.root) and self._used.knows(self.place):
            raise store_gone(self.place)

    def accept(self) -> None:
        """See Store."""
        if self._used is None:
            return
        if not read_marker(self.root):
            with self._writing(MARKER) as file:
                file.write(self._used.make_marker())
        try:
            self._used.remember(self.place, read_marker(self.root))
        except OSError as error:
            raise store_error(error, self.place) from error

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[Writer]:
        """See Store. The folder is made if need be, for its owner only."""
        self._enter()
        with self._writing(name) as file:
            yield file

    def _enter(self) -> None:
        """Before anything is written: this is the store that is known, or one that becomes known now."""
        self.check_known()
        self.accept()

    @contextlib.contextmanager
    def _writing(self, name: str) -> Iterator[Writer]:
        target = self._path(name)
        draft = target.with_name(f"{DRAFT_PREFIX}{os.getpid()}-{secrets.token_hex(4)}")
        try:
            self._make_folder(target.parent)
            with _create(draft) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
            sync_folder(target.parent)
        except OSError as error:
            raise store_error(error, self.root) from error
        finally:
            with contextlib.suppress(OSError):
                draft.unlink()

    def open(self, name: str) -> BinaryIO:
        """See Store."""
        try:
            return open_to_read(self._path(name))
        except FileNotFoundError:
            raise BackupDamaged(f"{name} is missing in {self.root}.") from None
        except OSError as error:
            raise store_error(error, self.root) from error

    def list(self, prefix: str = "") -> list[Stored]:
        """See Store; drafts and locks are no objects. What is no file has its name here, and opening it is refused."""
        found: list[Stored] = []
        # A prefix may end within a name, so its folder is what is walked.
        start = self.root / prefix.rpartition("/")[0]
        for folder, folders, names in os.walk(start):
            folders[:] = filter(NAME_PART.fullmatch, folders)
            for file in filter(NAME_PART.fullmatch, names):
                path = Path(folder, file)
                name = path.relative_to(self.root).as_posix()
                if not name.startswith(prefix):
                    continue
                with contextlib.suppress(FileNotFoundError):
                    found.append(Stored(name, regular_size(path)))
        return sorted(found, key=lambda stored: stored.name)

    def size(self, name: str) -> int | None:
        """See Store."""
        try:
            return regular_size(self._path(name))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise store_error(error, self.root) from error

    def delete(self, name: str) -> None:
        """See Store; a folder that becomes empty goes as well."""
        path = self._path(name)
        try:
            path.unlink(missing_ok=True)
            sync_folder(path.parent)
        except FileNotFoundError:
            return
        except OSError as error:
            raise store_error(error, self.root) from error
        with contextlib.suppress(OSError):
            if path.parent != self.root:
                path.parent.rmdir()

    @contextlib.contextmanager
    def holding(self, purpose: str) -> Iterator[None]:
        """See Store; the kernel lets go when the process dies."""
        self._enter()
        try:
            self._make_folder(self.root)
            descriptor = open_regular(self.root / f"{LOCK_PREFIX}{purpose}", os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise store_error(error, self.root) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy(f"Another process is busy with {purpose} in {self.root}. Wait until it is done.") from None
            yield
        finally:
            os.close(descriptor)

    def clean_drafts(self) -> None:
        """See Store; a draft whose writer still lives stays."""
        for draft in self.root.rglob(f"{DRAFT_PREFIX}*"):
            pid = draft.name.removeprefix(DRAFT_PREFIX).partition("-")[0]
            if not (pid.isdigit() and _is_alive(int(pid))):
                with contextlib.suppress(OSError):
                    draft.unlink()

    def _path(self, name: str) -> Path:
        pure = PurePosixPath(name)
        if pure.is_absolute() or not pure.parts or ".." in pure.parts:
            raise BackupError(f"{name} is no name for an object of a store.")
        return self.root / pure

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)


def _create(path: Path) -> BinaryIO:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    return os.fdopen(descriptor, "wb", buffering=1024 * 1024)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
