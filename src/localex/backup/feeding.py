"""Gives PostgreSQL the log while it recovers: one segment at a time, decrypted when it is asked for.

PostgreSQL runs a `restore_command` for each segment, as a user who may not read the store or the key. The command is a
few lines of shell that leave a wish in a folder and wait; a thread here fulfils it. So however long the log is, only a
few segments lie on the disk, and a segment that is missing or damaged ends the recovery instead of looking like the end
of the log: exit codes above 125 mean that to PostgreSQL.
"""

import contextlib
import os
import shlex
import threading
import time
from pathlib import Path
from typing import cast

from localex.backup.errors import BackupDamaged, BackupError, store_error
from localex.backup.keys import Keys
from localex.backup.manifest import Manifest
from localex.backup.sealed import unseal_compressed
from localex.backup.stores import Store, Writer
from localex.backup.verification import SegmentCheck
from localex.backup.wal import Chain
from localex.embedded.errors import FULL_DISK
from localex.embedded.users import ServerUser

POLL_SECONDS = 0.005
# About two minutes: then nobody fulfils wishes any more.
_SCRIPT = """\
# Fetches a file of the log for PostgreSQL: $1 is its name, $2 where it goes.
cd {folder} || exit 200
: > "want/$1" || exit 200
tries=0
while [ ! -e "have/$1" ]; do
  [ -e "none/$1" ] && exit 1
  [ -e failed ] && exit 200
  [ -d want ] || exit 200
  tries=$((tries + 1))
  [ "$tries" -gt 6000 ] && exit 200
  sleep 0.02
done
mv "have/$1" {data}/"$2" || exit 200
"""


class Feeder:
    """Fulfils the wishes of one recovery from `chain`, in a thread, while the block runs.

    `error` is what ended the recovery, if something of the log was missing or damaged.
    """

    def __init__(self, store: Store, keys: Keys, manifest: Manifest, chain: Chain, folder: Path) -> None:
        self._store = store
        self._keys = keys
        self._manifest = manifest
        self._chain = chain
        self._folder = folder
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log for recovery")
        self._answered: set[str] = set()
        self.error: BackupError | None = None
        self.fed = 0

    def prepare(self, data: Path, user: ServerUser) -> str:
        """Make the folder for `user` and return PostgreSQL's restore_command."""
        for folder in (self._folder, *(self._folder / name for name in ("want", "have", "none"))):
            folder.mkdir(mode=0o700, parents=True)
            user.own(folder)
        script = self._folder / "fetch.sh"
        script.write_text(_SCRIPT.format(folder=shlex.quote(str(self._folder)), data=shlex.quote(str(data))))
        user.own(script)
        path = shlex.quote(str(script)).replace("%", "%%")
        return f'/bin/sh {path} "%f" "%p"'

    def __enter__(self) -> "Feeder":
        self._user_id = self._folder.stat()
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._is_over.is_set():
                if not self._answer_all():
                    time.sleep(POLL_SECONDS)
        except Exception as error:
            # Whatever it is: PostgreSQL must not wait for somebody who is gone, and people must hear of it.
            words = f"The log could not be fetched ({type(error).__name__}: {error})."
            self.error = error if isinstance(error, BackupError) else BackupError(words)
            if isinstance(error, OSError) and error.errno in FULL_DISK:
                self.error = store_error(error, self._folder)
            with contextlib.suppress(OSError):
                (self._folder / "failed").touch()

    def _answer_all(self) -> int:
        """Fulfil the wishes that are there; returns how many."""
        wishes = sorted((self._folder / "want").iterdir())
        for wish in wishes:
            wish.unlink(missing_ok=True)
            self._answer(wish.name)
        return len(wishes)

    def _answer(self, name: str) -> None:
        found = self._chain.segments.get(name) or self._chain.histories.get(name)
        if name in self._chain.missing:
            raise BackupDamaged(f"The log has a gap: segment {name} is missing in the store.")
        if found is None:
            (self._folder / "none" / name).touch()
            return
        # PostgreSQL may ask again for what it had, after it looked elsewhere.
        with contextlib.suppress(FileNotFoundError):
            (self._folder / "none" / name).unlink()
        draft = self._folder / f"{name}.draft"
        check = SegmentCheck()
        with draft.open("wb") as file:
            unseal_compressed(self._store, self._keys, found, cast("Writer", _Both(file, check)))
        if name in self._chain.segments:
            check.check(found, self._manifest)
        os.chown(draft, self._user_id.st_uid, self._user_id.st_gid)
        draft.rename(self._folder / "have" / name)
        if name not in self._answered:
            self._answered.add(name)
            self.fed += name in self._chain.segments


class _Both:
    """Writes to a file and to a check."""

    def __init__(self, file: Writer, check: SegmentCheck) -> None:
        self._file = file
        self._check = check

    def write(self, data: bytes) -> int:
        self._check.write(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()
