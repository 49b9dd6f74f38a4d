"""Brings finished and unfinished segments of the log from the folder of pg_receivewal to the store."""

import contextlib
import io
import os
from pathlib import Path

from localex.backup.keys import Keys
from localex.backup.sealed import seal, seal_compressed
from localex.backup.stores import Store
from localex.backup.wal import HISTORY, PARTIAL, SEGMENT, Newest, newest_object, wal_object


class Shipper:
    """Ships what lies in `folder`. Every method may be interrupted anywhere and called again."""

    def __init__(self, folder: Path, store: Store, keys: Keys, system: str) -> None:
        self._folder = folder
        self._store = store
        self._keys = keys
        self._system = system

    def list_complete(self) -> list[Path]:
        """Finished segments and histories that wait, oldest first."""
        try:
            found = list(self._folder.iterdir())
        except FileNotFoundError:
            return []
        return sorted(path for path in found if SEGMENT.fullmatch(path.name) or HISTORY.fullmatch(path.name))

    def ship_complete(self) -> int:
        """Store what is finished, then remove it here; returns how many segments."""
        count = 0
        for path in self.list_complete():
            is_history = bool(HISTORY.fullmatch(path.name))
            name = wal_object(self._system, path.name)
            if is_history and self._store.size(name) is not None:
                continue
            with path.open("rb") as file:
                seal_compressed(self._store, self._keys, name, file)
            if is_history:
                # pg_receivewal looks for it at each start; it is small.
                continue
            self._store.delete(wal_object(self._system, f"{path.name}{PARTIAL}"))
            path.unlink()
            count += 1
        return count

    def ship_partial(self) -> str:
        """Store the segment that is being written as it is now; returns its name, "" when there is none.

        It is replaced by the next call and, once finished, by the whole segment.
        """
        for path in sorted(self._folder.glob(f"*{PARTIAL}")):
            segment = path.name.removesuffix(PARTIAL)
            if not SEGMENT.fullmatch(segment):
                continue
            # It may be finished and renamed at any moment; what was opened stays readable.
            with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
                if os.fstat(file.fileno()).st_size:
                    seal_compressed(self._store, self._keys, wal_object(self._system, path.name), file)
                    return segment
        return ""

    def note_newest(self, newest: Newest) -> None:
        """Store up to when the log is complete; only once it is."""
        name = newest_object(self._system, newest.timeline)
        seal(self._store, self._keys, name, io.BytesIO(newest.to_json()))

    def backlog_bytes(self) -> int:
        """What waits here."""
        return sum(path.stat().st_size for path in self.list_complete())
