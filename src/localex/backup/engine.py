"""The API of backups: make, list, verify, restore, prune. Each function is complete and may be killed at any moment."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from localex.backup.keys import Keys
from localex.backup.manifest import Manifest
from localex.backup.progress import Report, silent
from localex.backup.site import Site
from localex.backup.stores import Store

__all__ = [
    "Finding",
    "Pruned",
    "Restored",
    "Verified",
    "apply_retention",
    "find_range",
    "list_backups",
    "make_backup",
    "restore",
    "verify_backup",
]


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


@dataclass(frozen=True)
class Pruned:
    """What retention took away, or would: backups by id, objects by name."""

    backups: tuple[str, ...]
    objects: tuple[str, ...]
    bytes_freed: int


def make_backup(site: Site, store: Store, keys: Keys, report: Report = silent) -> Manifest:
    """Back the site up while it runs: database, files and secrets. Does not ask whether the key is confirmed.

    Raises Busy when a backup is being made in this store, StoreFull, BackupError with PostgreSQL's own words. Whatever
    an earlier, killed run left in the store is removed first.
    """
    raise NotImplementedError


def list_backups(store: Store, keys: Keys) -> list[Manifest]:
    """Every complete backup, oldest first.

    Raises WrongKey when none of them can be opened; one that is damaged is left out (`verify_backup` names it).
    """
    raise NotImplementedError


def find_range(store: Store, keys: Keys) -> tuple[datetime, datetime] | None:
    """The earliest and the newest moment that can be restored, or None without a backup. Looks at names only."""
    raise NotImplementedError


def verify_backup(store: Store, keys: Keys, backup_id: str = "", report: Report = silent) -> Verified:
    """Read and decrypt everything that a restore of `backup_id` (empty: the newest) to the newest moment would need.

    Checks presence, size, SHA-256 and authentication of each object, every file in the base backup against PostgreSQL's
    own manifest, every picture's digest, and that the log has no gap. Needs no disk space. What is wrong is returned,
    not raised; raises NothingToRestore when there is no such backup, WrongKey.
    """
    raise NotImplementedError


def restore(
    store: Store,
    keys: Keys,
    *,
    backup_id: str = "",
    to: datetime | None = None,
    into: Path,
    report: Report = silent,
) -> Restored:
    """Bring a town back into the new or empty directory `into`, as of `to` (aware; None: the newest moment).

    Every transaction that was committed until `to`, inclusive, is there, none after. The directory counts only when
    this returns: until then it carries a mark that `localex up` refuses, and the same call again goes on or begins
    anew. `backup_id` empty: the newest backup that ended before `to`.

    Raises NothingToRestore with the possible range, BackupDamaged naming the object, StoreFull when the disk would not
    hold it, BackupError when `into` holds anything else, Busy.
    """
    raise NotImplementedError


def apply_retention(
    store: Store, keys: Keys, *, daily: int = 7, weekly: int = 4, monthly: int = 6, is_dry_run: bool = False
) -> Pruned:
    """Take away backups that no rule keeps, then the log and the packs that none of the kept ones needs.

    Kept are the newest backup of each of the last `daily` days, `weekly` ISO weeks and `monthly` months that have one
    (UTC), always the newest of all, and all of the log since the oldest kept one began, so that every second since then
    can be restored. Raises Busy while a backup is made.
    """
    raise NotImplementedError
