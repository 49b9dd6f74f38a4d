"""The API of backups: make, list, verify, restore, prune. Each function is complete and may be killed at any moment."""

from datetime import datetime, timedelta
from pathlib import Path

from localex.backup import catalogue, making, restoring, retention, verification
from localex.backup.keys import Keys
from localex.backup.manifest import Manifest
from localex.backup.progress import Report, silent
from localex.backup.results import Finding, Pruned, Restored, Verified
from localex.backup.site import Site
from localex.backup.stores import Store

__all__ = [
    "Finding",
    "Pruned",
    "Restored",
    "Verified",
    "apply_retention",
    "find_ranges",
    "list_backups",
    "make_backup",
    "restore",
    "verify_backup",
]


def make_backup(site: Site, store: Store, keys: Keys, report: Report = silent) -> Manifest:
    """Back the site up while it runs: database, files and secrets. Does not ask whether the key is confirmed.

    Raises Busy when a backup is being made in this store, StoreFull, BackupError with PostgreSQL's own words. Whatever
    an earlier, killed run left in the store is removed first.
    """
    return making.make_backup(site, store, keys, report)


def list_backups(store: Store, keys: Keys) -> list[Manifest]:
    """Every complete backup, oldest first.

    Raises WrongKey when none of them can be opened; one that is damaged is left out (`verify_backup` names it).
    """
    return catalogue.list_manifests(store, keys)


def find_ranges(store: Store, keys: Keys) -> list[tuple[datetime, datetime]]:
    """Every moment that can be restored, as ranges from and to a moment, both inclusive; empty without a backup.

    There is more than one range when the log has a gap, or is not shipped up to the next base backup. Decrypts every
    manifest and the histories of the log, and looks at the names of everything else.
    """
    return catalogue.find_ranges(store, keys)


def verify_backup(store: Store, keys: Keys, backup_id: str = "", report: Report = silent) -> Verified:
    """Read and decrypt everything that a restore of `backup_id` (empty: the newest) to the newest moment would need.

    Checks presence, size, SHA-256 and authentication of each object, every file in the base backup against PostgreSQL's
    own manifest, every picture's digest, and that the log has no gap. Needs no disk space. What is wrong is returned,
    not raised; raises NothingToRestore when there is no such backup, WrongKey.
    """
    return verification.verify_backup(store, keys, backup_id, report)


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
    return restoring.restore(store, keys, backup_id=backup_id, to=to, into=into, report=report)


def apply_retention(
    store: Store,
    keys: Keys,
    *,
    daily: int = 7,
    weekly: int = 4,
    monthly: int = 6,
    young: timedelta = retention.YOUNG,
    is_dry_run: bool = False,
) -> Pruned:
    """Take away backups that no rule keeps, then the log and the packs that none of the kept ones needs.

    Kept are the newest backup of each of the last `daily` days, `weekly` ISO weeks and `monthly` months that have one
    (UTC), those at most `young` older than the newest, and all of the log since the oldest kept one began, so that
    every second since then can be restored. Raises Busy while a backup is made.
    """
    return retention.apply_retention(
        store, keys, daily=daily, weekly=weekly, monthly=monthly, young=young, is_dry_run=is_dry_run
    )
