"""Which backups a store holds, and which times they reach."""

from collections.abc import Iterable
from datetime import datetime

from localex.backup.errors import BackupDamaged, BackupError, NothingToRestore, WrongKey
from localex.backup.keys import Keys
from localex.backup.manifest import FOLDER, NAME, Manifest, object_name
from localex.backup.sealed import read_small
from localex.backup.stores import Store
from localex.backup.wal import find_chain


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


def list_manifests(store: Store, keys: Keys) -> list[Manifest]:
    """See `engine.list_backups`."""
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
        raise wrong
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
        raise NothingToRestore(f"There is no backup in {store.place}.")
    return ids[-1]


def find_range(store: Store, keys: Keys) -> tuple[datetime, datetime] | None:
    """See `engine.find_range`."""
    manifests = list_manifests(store, keys)
    if not manifests:
        return None
    newest = manifests[-1]
    chain = find_chain(store, keys, newest)
    # Behind a gap nothing can be reached; what is before it can, but nobody knows until when.
    last = newest.stopped_at if chain.missing else chain.newest.at
    return min(manifest.stopped_at for manifest in manifests), last
