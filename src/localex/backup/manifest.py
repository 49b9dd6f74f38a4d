"""The manifest of a backup: what it is made of, from what it came, and what must be in it.

It is written last, encrypted and authenticated like every object. A backup without one does not count.
"""

import dataclasses
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from localex.backup.errors import BackupDamaged, BackupError

FORMAT = 1
FOLDER = "backups"
NAME = "manifest.json.age"


@dataclass(frozen=True)
class StoredFile:
    """One object that the backup consists of; `sha256` is that of the stored bytes."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class LedgerSeal:
    """The last seal of the ledger when the backup began; `digest` in hexadecimal."""

    seal_no: int
    digest: str


@dataclass(frozen=True)
class Manifest:
    """Sizes are in bytes, log sequence numbers (LSN) plain integers, times aware and by the database's clock."""

    backup_id: str
    started_at: datetime
    # The earliest time that this backup alone can be restored to.
    stopped_at: datetime
    start_lsn: int
    stop_lsn: int
    timeline: int
    system_identifier: str
    segment_size: int
    localex_version: str
    # Which migrations have run; see embedded/fingerprints.py. Empty for a database that was never migrated.
    schema_fingerprint: str
    postgres_version: str
    database: str
    key_fingerprint: str
    # The parts of the base backup in order, then the list of the files.
    base: tuple[StoredFile, ...]
    files_index: StoredFile
    # Of the unpacked base backup and of the files beside it: what a restore needs on disk.
    base_bytes: int
    file_bytes: int
    file_count: int
    # pg_basebackup's own backup_manifest, by SHA-256; it stands at the end of the base.
    postgres_manifest_sha256: str
    # "schema.table": rows, counted before the base backup began.
    row_counts: dict[str, int]
    ledger_seal: LedgerSeal | None = None
    format: int = FORMAT

    @property
    def stored_bytes(self) -> int:
        """What this backup's own objects take in the store; the packs of pictures are shared and not counted."""
        return sum(part.size for part in self.base) + self.files_index.size

    def to_json(self) -> bytes:
        """For the store."""
        return json.dumps(dataclasses.asdict(self), default=datetime.isoformat, indent=1).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "Manifest":
        """From the store. Raises BackupError when another version of LocalEx wrote it, BackupDamaged for nonsense."""
        try:
            found: dict[str, Any] = json.loads(text)
            if found["format"] != FORMAT:
                raise BackupError(
                    f"The backup has format {found['format']}, this LocalEx reads format {FORMAT}. "
                    "Use the LocalEx that made it."
                )
            return cls(
                **{
                    **found,
                    "started_at": datetime.fromisoformat(found["started_at"]),
                    "stopped_at": datetime.fromisoformat(found["stopped_at"]),
                    "base": tuple(StoredFile(**part) for part in found["base"]),
                    "files_index": StoredFile(**found["files_index"]),
                    "ledger_seal": LedgerSeal(**found["ledger_seal"]) if found["ledger_seal"] else None,
                }
            )
        except (ValueError, KeyError, TypeError) as error:
            raise BackupDamaged(f"The manifest of a backup cannot be read ({error}).") from error


def object_name(backup_id: str, name: str = NAME) -> str:
    """The name in the store of a backup's object."""
    return f"{FOLDER}/{backup_id}/{name}"
