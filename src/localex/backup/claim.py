"""The mark of a directory that is being restored: who works there, for what, and how far it is.

While the mark is there the directory is no installation, and `localex up` refuses it (see DataDirectory.prepare).
Everything is made below `restoring`; the last steps move it up and take the mark away.
"""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from localex.backup.errors import BackupError, Busy, store_error
from localex.backup.marker import MARKER
from localex.backup.stores import Store
from localex.embedded.directory import DRAFT, MARKERS, RESTORING, sync_folder

# In order. A restore that was killed goes on behind the last one that was reached.
BEGUN, UNPACKED, RECOVERED = "begun", "unpacked", "recovered"


@dataclass
class Claim:
    """A locked directory. `request` says what is restored, so that going on and beginning anew can be told apart."""

    into: Path
    request: str
    _descriptor: int
    phase: str = BEGUN
    # Folders that were made for it, the outermost first; None when an earlier restore had begun here.
    made: tuple[Path, ...] | None = None

    @property
    def draft(self) -> Path:
        """Where everything is made."""
        return self.into / DRAFT

    def note(self, phase: str) -> None:
        """Write down how far it is, durably."""
        text = json.dumps({"request": self.request, "phase": phase}).encode()
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text, 0)
        os.fsync(self._descriptor)
        self.phase = phase

    def withdraw(self) -> None:
        """Leave nothing of a restore that was refused; what an earlier one had begun stays."""
        if self.made is None:
            return
        shutil.rmtree(self.draft, ignore_errors=True)
        (self.into / RESTORING).unlink(missing_ok=True)
        for folder in reversed(self.made):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def finish(self) -> None:
        """Move everything to its place, then take the mark away: from now on it is an installation."""
        if self.draft.exists():
            # What makes a directory an installation for every command comes last.
            last = {"secrets", "localex.lock"}
            for child in sorted(self.draft.iterdir(), key=lambda path: (path.name in last, path)):
                child.replace(self.into / child.name)
            self.draft.rmdir()
        sync_folder(self.into)
        (self.into / RESTORING).unlink()
        sync_folder(self.into)


@contextlib.contextmanager
def claimed(into: Path, request: str) -> Iterator[Claim]:
    """Take the directory, new, empty or half-restored. Raises BackupError when it holds anything else, Busy."""
    is_new = not (into / RESTORING).exists()
    made = tuple(path for path in (*reversed(into.parents), into) if not path.exists())
    try:
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_free(into)
        descriptor = os.open(into / RESTORING, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise store_error(error, into) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"Another process is restoring into {into}. Wait until it is done.") from None
        yield _open(Claim(into, request, descriptor, made=made if is_new else None))
    finally:
        os.close(descriptor)


def _open(claim: Claim) -> Claim:
    try:
        found = json.loads(os.pread(claim._descriptor, 10_000, 0) or b"{}")
    except ValueError:
        found = {}
    is_same = found.get("request") == claim.request
    others = {path.name for path in claim.into.iterdir()} - {RESTORING, DRAFT, "lost+found"}
    try:
        if is_same and found.get("phase") == RECOVERED:
            # Everything is there; some of it may be in its place already.
            claim.phase = RECOVERED
        elif others:
            raise BackupError(
                f"Another restore into {claim.into} had nearly finished. Run that one again, or choose a new directory."
            )
        elif is_same and claim.draft.exists():
            claim.phase = str(found.get("phase", BEGUN))
        else:
            claim.note(BEGUN)
        if claim.phase == BEGUN:
            shutil.rmtree(claim.draft, ignore_errors=True)
            claim.draft.mkdir(mode=0o700, exist_ok=True)
        sync_folder(claim.into)
    except OSError as error:
        raise store_error(error, claim.into) from error
    return claim


def check_place(into: Path, store: Store, *, scratch_of: Path | None = None) -> None:
    """Refuse a place that a restore must not touch, before anything is written. Raises BackupError.

    `scratch_of`: the data directory that `into` may lie in, for a drill.
    """
    place = Path(os.path.realpath(into))
    if into.is_symlink():
        raise BackupError(f"{into} is a link to another place. Nothing was changed; give the place itself with --into.")
    for folder in (place, *place.parents):
        if folder == store.own_folder or (folder / MARKER).is_file():
            raise BackupError(
                f"{into} lies in the folder of the backups, {folder}. Nothing was changed; choose a directory outside."
            )
    own = scratch_of and Path(os.path.realpath(scratch_of))
    for folder in place.parents:
        if folder != own and any((folder / marker).is_file() for marker in (*MARKERS, RESTORING)):
            raise BackupError(
                f"{into} lies in {folder}, which is a data directory of LocalEx. Nothing was changed; "
                "choose a directory outside of it."
            )
    if into.exists() and not into.is_dir():
        raise BackupError(f"{into} is a file. Nothing was changed; choose a new directory with --into.")
    if into.is_dir():
        _check_free(into)


def _check_free(into: Path) -> None:
    names = {path.name for path in into.iterdir()} - {"lost+found"}
    if names and RESTORING not in names:
        raise BackupError(
            f"{into} is not empty, and a restore never writes over anything. Nothing was changed; "
            "choose a new directory with --into."
        )
