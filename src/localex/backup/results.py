"""What the functions of `engine` return."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from localex.backup.files import FOLDER as FILES
from localex.backup.files import PACK_SUFFIX
from localex.backup.manifest import Manifest
from localex.backup.wal import FOLDER as WAL


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong in a store: the object and a sentence."""

    name: str
    words: str


@dataclass(frozen=True)
class Verified:
    """What `verify_backup` found. `newest` is the last moment that the log reaches without a gap."""

    manifest: Manifest
    findings: tuple[Finding, ...]
    object_count: int
    stored_bytes: int
    segment_count: int
    newest: datetime
    newest_lsn: str
    # What lacks for older backups, in sentences: nothing that this one needs.
    notes: tuple[str, ...] = ()

    @property
    def is_alone(self) -> bool:
        """Whether nothing of the log follows, so that only the backup's own moment can be restored."""
        return self.newest <= self.manifest.stopped_at

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


@dataclass(frozen=True)
class Restored:
    """What `restore` brought back. `row_counts` are those of the restored database."""

    manifest: Manifest
    directory: Path
    # The moment up to which every booked change is there.
    restored_to: datetime
    end_lsn: int
    timeline: int
    segment_count: int
    file_count: int
    row_counts: dict[str, int]
    seconds: float
    # Published seals from after that moment, now in the folder `seals-given-up`.
    seals_aside: int = 0

    @property
    def is_alone(self) -> bool:
        """Whether it is the backup's own moment, because it was asked for or because no log follows."""
        return self.restored_to <= self.manifest.stopped_at


@dataclass(frozen=True)
class Pruned:
    """What retention took away, or would: backups by id, objects by name."""

    backups: tuple[str, ...]
    objects: tuple[str, ...]
    bytes_freed: int
    # Backups that cannot be read: while there are any, nothing is taken away.
    unreadable: tuple[str, ...] = ()

    def describe(self) -> str:
        """What went, in words: log from before the first backup is not time that was lost."""
        log = sum(name.startswith(f"{WAL}/") for name in self.objects)
        packs = sum(name.startswith(f"{FILES}/") and name.endswith(PACK_SUFFIX) for name in self.objects)
        parts = [f"backup {backup_id}" for backup_id in self.backups]
        if log:
            pieces = f"{log} piece{'' if log == 1 else 's'}"
            parts.append(f"{pieces} of the log from before the oldest kept backup, which no restore can use")
        if packs:
            parts.append(f"{packs} pack{'' if packs == 1 else 's'} of files that no kept backup names")
        return "; ".join(parts)
