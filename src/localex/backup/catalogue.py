"""Which backups a store holds, and which times they reach."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from localex.backup.errors import BackupDamaged, BackupError, NothingToRestore, WrongKey
from localex.backup.keys import Keys
from localex.backup.manifest import FOLDER, NAME, Manifest, object_name
from localex.backup.sealed import read_small
from localex.backup.stores import Store
from localex.backup.wal import Chain, find_chain

Range = tuple[datetime, datetime]


@dataclass(frozen=True)
class Reach:
    """A backup and the log that follows: every moment from `first` to `last`, both inclusive, can be restored."""

    manifest: Manifest
    chain: Chain

    @property
    def first(self) -> datetime:
        """When the backup ended."""
        return self.manifest.stopped_at

    @property
    def last(self) -> datetime:
        """Behind a gap nothing can be reached; what is before it can, but nobody knows until when."""
        return self.first if self.chain.missing else self.chain.newest.at


@dataclass(frozen=True)
class Stretch:
    """Times without a hole between them, for people.

    Without a `gap`, every moment from `first` to `last` can be restored, both inclusive. With one, the name of the
    segment that is missing, so can every moment from `first` until the gap; it lies behind `last`, the end of the last
    backup before it, and only a restore can tell how far behind.
    """

    first: datetime
    last: datetime
    gap: str = ""


def list_ids(store: Store) -> list[str]:
    """The names of all backups that count, oldest first; nothing is decrypted."""
    names = [entry.name.split("/") for entry in store.list(f"{FOLDER}/")]
    return sorted(parts[1] for parts in names if len(parts) == 3 and parts[2] == NAME)


def read_manifest(store: Store, keys: Keys, backup_id: str) -> Manifest:
    """The manifest of one backup. Raises NothingToRestore when there is none, BackupDamaged, WrongKey."""
    name = object_name(backup_id)
    if store.size(name) is None:
        raise NothingToRestore(f"There is no backup {backup_id} in {store.place}. `localex backup list` names them.")
    manifest = Manifest.from_json(read_small(store, keys, name))
    if manifest.backup_id != backup_id:
        raise BackupDamaged(f"{name} belongs to backup {manifest.backup_id}: it was exchanged.")
    return manifest


def list_backups(store: Store, keys: Keys) -> list[Manifest]:
    """Every complete backup, oldest first.

    Raises WrongKey when none of them can be opened; one that is damaged is left out (`verify_backup` names it).
    """
    found: list[Manifest] = []
    wrong: WrongKey | None = None
    for backup_id in list_ids(store):
        try:
            found.append(read_manifest(store, keys, backup_id))
        except WrongKey as error:
            wrong = error
        except BackupDamaged:
            continue
    if wrong and not found:
        raise WrongKey(
            f"{wrong.message} Give a copy of that key with --key to read what is in {store.place}. If the key was "
            "changed, set LOCALEX_BACKUP_DIR to a new, empty folder for the backups from now on."
        ) from wrong
    return found


def check_system(store: Store, manifests: Iterable[Manifest], system: str) -> None:
    """Raise BackupError when one of `manifests` in `store` is of another database than `system`.

    A town that was restored goes on in its old store: its database is still the same. Two that are not related would
    prune each other's backups and mix their pictures.
    """
    other = next((manifest for manifest in manifests if manifest.system_identifier != system), None)
    if other is not None:
        raise BackupError(
            f"{store.place} holds backups of another town, such as {other.backup_id}. Each town needs a folder of its "
            "own: set LOCALEX_BACKUP_DIR to a new one."
        )


def newest_id(store: Store) -> str:
    """The newest backup. Raises NothingToRestore when there is none."""
    ids = list_ids(store)
    if not ids:
        raise NothingToRestore(store.describe_empty())
    return ids[-1]


def list_reaches(store: Store, keys: Keys) -> list[Reach]:
    """Every backup with the times that it reaches, oldest first. Decrypts manifests, histories and notes."""
    return [Reach(manifest, find_chain(store, keys, manifest)) for manifest in list_backups(store, keys)]


def find_ranges(store: Store, keys: Keys) -> list[Range]:
    """Every moment that can be restored, as ranges from and to a moment, both inclusive; empty without a backup.

    There is more than one range when the log has a gap, or is not shipped up to the next base backup. Decrypts every
    manifest and the histories of the log, and looks at the names of everything else.
    """
    found: list[Range] = []
    for first, last in sorted((reach.first, reach.last) for reach in list_reaches(store, keys)):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def find_stretches(store: Store, keys: Keys) -> list[Stretch]:
    """What can be restored, in order, with the gaps of the log; empty without a backup. Reads as `find_ranges` does."""
    found: list[Stretch] = []
    for reach in sorted(list_reaches(store, keys), key=lambda reach: reach.first):
        gap = reach.chain.missing[0] if reach.chain.missing else ""
        before = found[-1] if found else None
        # Two backups before the same gap: the log leads from the one to the other.
        if before and before.gap == gap and (gap or reach.first <= before.last):
            found[-1] = Stretch(before.first, max(before.last, reach.last), gap)
        else:
            found.append(Stretch(reach.first, reach.last, gap))
    return found
