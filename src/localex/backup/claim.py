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
from localex.embedded.directory import DRAFT, RESTORING, sync_folder

# In order. A restore that was killed goes on behind the last one that was reached.
BEGUN, UNPACKED, RECOVERED = "begun", "unpacked", "recovered"


@dataclass
class Claim:
    """A locked directory. `request` says what is restored, so that going on and beginning anew can be told apart."""

    into: Path
    request: str
    _descriptor: int
    phase: str = BEGUN

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
        yield _open(Claim(into, request, descriptor))
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


def _check_free(into: Path) -> None:
    names = {path.name for path in into.iterdir()} - {"lost+found"}
    if names and RESTORING not in names:
        raise BackupError(
            f"{into} is not empty, and a restore never writes over anything. Nothing was changed; "
            "choose a new directory with --into."
        )
