"""Knows a store again. A disk that is not mounted looks like an empty folder, and nothing may be begun there anew.

The store carries a marker, made once. The data directory remembers which places it has used. A place that it used and
that has no marker is not the store any more: whoever writes there is told so, until it is back or a person accepts it.
"""

import json
import secrets
from datetime import UTC, datetime
from pathlib import Path

from localex.backup.errors import BackupDamaged, StoreGone
from localex.backup.keys import FILE, Keys
from localex.backup.regular import read_regular
from localex.embedded.directory import DataDirectory, replace_file

MARKER = "localex-store.json"
MAX_MARKER_BYTES = 64 * 1024
# A name with a dot is left out of every backup: a town that was restored knows no store yet.
USED = ".backup-stores.json"


class UsedStores:
    """Which places the installation in `directory` has used, with the marker that it found there."""

    def __init__(self, directory: DataDirectory) -> None:
        self._directory = directory
        self._path = directory.root / USED

    def knows(self, place: str) -> bool:
        """Whether the store at `place` was used before."""
        return place in self._read()

    def list_places(self) -> list[str]:
        """Every place that was used."""
        return list(self._read())

    def remember(self, place: str, marker: str) -> None:
        """Note that the store at `place`, whose marker is called `marker`, is in use."""
        found = self._read()
        # Without an installation, as when a store is tidied up from another machine, there is nobody to remember it.
        if found.get(place) != marker and self._directory.root.is_dir():
            replace_file(self._path, json.dumps({**found, place: marker}, indent=1))

    def make_marker(self) -> bytes:
        """A new marker: a name, and the key that opens what will be stored; nothing in it is secret."""
        key = self._directory.secrets / FILE
        fingerprint = Keys.read(key).fingerprint if key.exists() else ""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return json.dumps({"store": secrets.token_hex(8), "key_fingerprint": fingerprint, "made_at": now}).encode()

    def _read(self) -> dict[str, str]:
        try:
            found = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}
        return {str(place): str(marker) for place, marker in found.items()} if isinstance(found, dict) else {}


def read_marker(root: Path) -> str:
    """The name in the marker of the store `root`; "" when there is none that can be read."""
    try:
        return str(json.loads(read_regular(root / MARKER, MAX_MARKER_BYTES))["store"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError, BackupDamaged):
        return ""


def store_gone(place: str) -> StoreGone:
    """The sentence for a known place without its marker."""
    return StoreGone(
        f"The backups are not in {place} any more: it lacks the marker of the store that was used there, as when its "
        "disk is not mounted. Nothing was written. Mount it or put the folder back, and everything goes on by itself; "
        "if the backups are to begin anew there, run `localex backup accept-store`."
    )
