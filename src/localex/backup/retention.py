"""Which backups stay: the newest of each of the last days, weeks and months, and all that they need."""

from collections.abc import Iterable
from datetime import UTC, timedelta

from localex.backup.catalogue import list_backups, list_ids
from localex.backup.errors import BackupError
from localex.backup.files import FOLDER as FILES
from localex.backup.files import LIST_SUFFIX, PACK_SUFFIX, list_packs, read_index
from localex.backup.keys import Keys
from localex.backup.making import LOCK, remove_unfinished
from localex.backup.manifest import FOLDER, Manifest, object_name
from localex.backup.results import Pruned
from localex.backup.stores import Store
from localex.backup.wal import FOLDER as WAL
from localex.backup.wal import PARTIAL, SEGMENT, SUFFIX, segment_number

# Every moment of the last two days can be restored: a new backup never takes away the hours before it.
YOUNG = timedelta(hours=48)


def choose_kept(
    manifests: Iterable[Manifest], *, daily: int, weekly: int, monthly: int, young: timedelta = YOUNG
) -> set[str]:
    """The ids of the backups that stay: the newest of each period that has one, and all that are young.

    A backup is young when it is at most `young` older than the newest; the newest of all always is.
    """
    newest_first = sorted(manifests, key=lambda manifest: manifest.backup_id, reverse=True)
    newest = max((manifest.stopped_at for manifest in newest_first), default=None)
    kept = {manifest.backup_id for manifest in newest_first if newest and newest - manifest.stopped_at <= young}
    kept |= {manifest.backup_id for manifest in newest_first[:1]}
    for limit, period in ((daily, "%Y-%m-%d"), (weekly, "%G-W%V"), (monthly, "%Y-%m")):
        seen: list[str] = []
        for manifest in newest_first:
            name = manifest.stopped_at.astimezone(UTC).strftime(period)
            if name not in seen and len(seen) < limit:
                seen.append(name)
                kept.add(manifest.backup_id)
    return kept


def apply_retention(
    store: Store,
    keys: Keys,
    *,
    daily: int = 7,
    weekly: int = 4,
    monthly: int = 6,
    young: timedelta = YOUNG,
    is_dry_run: bool = False,
) -> Pruned:
    """Take away backups that no rule keeps, then the log and the packs that none of the kept ones needs.

    Kept are the newest backup of each of the last `daily` days, `weekly` ISO weeks and `monthly` months that have one
    (UTC), those at most `young` older than the newest, and all of the log since the oldest kept one began, so that
    every second since then can be restored. Raises Busy while a backup is made.
    """
    if min(daily, weekly, monthly) < 0:
        raise BackupError("The number of backups to keep cannot be negative.")
    with store.holding(LOCK):
        if not is_dry_run:
            remove_unfinished(store)
        manifests = list_backups(store, keys)
        # One that cannot be read may be the newest sound one's neighbour: nothing is guessed about it.
        unreadable = set(list_ids(store)) - {manifest.backup_id for manifest in manifests}
        if unreadable or not manifests:
            return Pruned((), (), 0, tuple(sorted(unreadable)))
        kept = choose_kept(manifests, daily=daily, weekly=weekly, monthly=monthly, young=young)
        going = [manifest for manifest in manifests if manifest.backup_id not in kept]
        staying = [manifest for manifest in manifests if manifest.backup_id in kept]
        # The manifest first: from then on the backup does not count, wherever this is stopped.
        names = [name for manifest in going for name in _objects_of(store, manifest)]
        names += _unneeded_packs(store, keys, staying) + _unneeded_log(store, staying)
        freed = sum(store.size(name) or 0 for name in names)
        if not is_dry_run:
            for name in names:
                store.delete(name)
        return Pruned(tuple(manifest.backup_id for manifest in going), tuple(names), freed)


def _objects_of(store: Store, manifest: Manifest) -> list[str]:
    first = object_name(manifest.backup_id)
    found = [entry.name for entry in store.list(f"{FOLDER}/{manifest.backup_id}/")]
    return [first, *(name for name in found if name != first)]


def _unneeded_packs(store: Store, keys: Keys, staying: list[Manifest]) -> list[str]:
    """Packs from before the oldest kept backup that no kept one names."""
    named = {file.pack for manifest in staying for file in read_index(store, keys, manifest)}
    oldest = min(manifest.backup_id for manifest in staying)
    going = [pack for pack in list_packs(store) if pack not in named and pack < oldest]
    return [f"{FILES}/{pack}{suffix}" for pack in going for suffix in (LIST_SUFFIX, PACK_SUFFIX)]


def _unneeded_log(store: Store, staying: list[Manifest]) -> list[str]:
    """Segments that ended before the oldest kept backup of their system began. Histories are small and stay."""
    going = []
    for system in {manifest.system_identifier for manifest in staying}:
        own = [manifest for manifest in staying if manifest.system_identifier == system]
        size = own[0].segment_size
        first = min(manifest.start_lsn for manifest in own) // size
        for entry in store.list(f"{WAL}/{system}/"):
            name = entry.name.rpartition("/")[2].removesuffix(SUFFIX).removesuffix(PARTIAL)
            if SEGMENT.fullmatch(name) and segment_number(name, size) < first:
                going.append(entry.name)
    return going
