"""Whether the log leads from a backup to the younger ones. A log that is gone altogether has no gap to be seen."""

from collections.abc import Iterable

from localex.backup.keys import Keys
from localex.backup.manifest import Manifest
from localex.backup.stores import Store
from localex.backup.wal import PARTIAL, read_newest, segment_name, wal_object

# A base backup begins with a new segment: what lies before its start there is the header of a page, and no change.
PAGE_HEADER_BYTES = 40


def find_younger(manifest: Manifest, manifests: Iterable[Manifest]) -> Manifest | None:
    """The youngest of `manifests` that was made of the same database, on the same timeline, after `manifest`."""
    return max(
        (
            each
            for each in manifests
            if each.system_identifier == manifest.system_identifier
            and each.timeline == manifest.timeline
            and each.start_lsn > manifest.stop_lsn
        ),
        key=lambda each: each.start_lsn,
        default=None,
    )


def find_lost(store: Store, keys: Keys, manifest: Manifest, younger: Manifest) -> list[str]:
    """The segments between the end of a backup and the start of a `younger` one that are not in the store.

    Retention keeps all of the log since the oldest backup that stays, so none may lack between two that are there; but
    for what was not shipped yet. Looks at names, and decrypts one note.
    """
    system, size = manifest.system_identifier, manifest.segment_size
    # The backup brings the segment in which it ended.
    first, last = manifest.stop_lsn // size + 1, (younger.start_lsn - PAGE_HEADER_BYTES - 1) // size
    lost = []
    for number in range(first, last + 1):
        name = segment_name(manifest.timeline, number, size)
        if store.size(wal_object(system, name)) is not None:
            continue
        if number == last and store.size(wal_object(system, f"{name}{PARTIAL}")) is not None:
            newest = read_newest(store, keys, system, manifest.timeline)
            if newest and newest.lsn >= younger.start_lsn:
                continue
        lost.append(name)
    return lost


def spell_lost(lost: list[str]) -> str:
    """Which part of the log is missing: `segment A is missing`, `3 segments from A to C are missing`."""
    if len(lost) == 1:
        return f"segment {lost[0]} is missing"
    return f"{len(lost)} segments from {lost[0]} to {lost[-1]} are missing"
