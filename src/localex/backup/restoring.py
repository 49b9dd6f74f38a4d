"""Brings a town back from a store. Any step may be interrupted; the same call again goes on."""

import contextlib
import json
import os
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from localex.backup.catalogue import find_ranges, find_stretches, list_backups, read_manifest
from localex.backup.claim import BEGUN, RECOVERED, UNPACKED, Claim, check_place, claimed
from localex.backup.errors import BackupDamaged, BackupError, NothingToRestore, StoreFull, store_error
from localex.backup.files import scan
from localex.backup.following import find_lost, find_younger, spell_lost
from localex.backup.keys import Keys
from localex.backup.laying import lay_database, lay_files, lay_key
from localex.backup.manifest import Manifest
from localex.backup.progress import Report, silent
from localex.backup.recovering import Recovered, Recovery, note_recovery
from localex.backup.results import Restored
from localex.backup.stores import Store
from localex.backup.wal import Chain, find_chain
from localex.embedded.directory import NEEDED_FREE_BYTES, RESTORING, DataDirectory
from localex.embedded.users import find_server_user

# The log that lies on disk while it is replayed: what is being read, what is fetched, what the end leaves behind.
REPLAY_SEGMENTS = 10
# A picture is shipped within a minute of its row; the packs until then belong to the time that was asked for.
FILES_LATER = timedelta(minutes=10)
RESULT = "restored.json"


def restore(
    store: Store,
    keys: Keys,
    *,
    backup_id: str = "",
    to: datetime | None = None,
    into: Path,
    report: Report = silent,
    scratch_of: Path | None = None,
) -> Restored:
    """Bring a town back into the new or empty directory `into`, as of `to` (aware; None: the newest moment).

    Every transaction that was committed until `to`, inclusive, is there, none after. The directory counts only when
    this returns: until then it carries a mark that `localex up` refuses, and the same call again goes on or begins
    anew. `backup_id` empty: the newest backup that ended before `to`. `scratch_of`: the data directory below which a
    drill restores.

    Raises NothingToRestore with the possible range, BackupDamaged naming the object, StoreFull when the disk would not
    hold it, BackupError when `into` holds anything else, Busy.
    """
    began = time.monotonic()
    if to is not None and to.tzinfo is None:
        raise BackupError("The time to restore to needs a time zone, such as 2026-11-23T14:32:07+01:00.")
    into = into.expanduser().absolute()
    check_place(into, store, scratch_of=scratch_of)
    manifest, chain = choose(store, keys, backup_id=backup_id, to=to)
    request = f"{manifest.system_identifier} {manifest.backup_id} {to.isoformat() if to else 'latest'}"
    if not (into / RESTORING).exists():
        _check_space(into, manifest)
    with claimed(into, request) as claim:
        _go_on(claim, store, keys, manifest=manifest, chain=chain, to=to, report=report)
        found, file_count = _read_result(claim), _count_files(claim)
        claim.finish()
        return Restored(
            manifest=manifest,
            directory=into,
            restored_to=to or chain.newest.at,
            end_lsn=found.end_lsn,
            timeline=found.timeline,
            segment_count=found.segment_count,
            file_count=file_count,
            row_counts=found.row_counts,
            seconds=time.monotonic() - began,
            seals_aside=found.seals_aside,
        )


def _go_on(
    claim: Claim, store: Store, keys: Keys, *, manifest: Manifest, chain: Chain, to: datetime | None, report: Report
) -> None:
    """Do what an earlier run of the same restore has not done yet."""
    directory = _enter(claim, manifest)
    try:
        if claim.phase == BEGUN:
            _unpack(claim, directory, store, keys, manifest=manifest, to=to, report=report)
        if claim.phase == UNPACKED:
            recovery = Recovery(directory, store, keys, manifest=manifest, chain=chain, to=to, report=report)
            _note_result(directory, recovery.run())
            claim.note(RECOVERED)
    except OSError as error:
        raise store_error(error, claim.into) from error


def choose(store: Store, keys: Keys, *, backup_id: str, to: datetime | None) -> tuple[Manifest, Chain]:
    """The backup to begin with, and the log that follows. Raises NothingToRestore with the possible ranges."""
    if backup_id:
        manifests = [read_manifest(store, keys, backup_id)]
    else:
        manifests = list_backups(store, keys)
    if to is not None:
        return _choose_for(store, keys, manifests, to)
    if not manifests:
        raise NothingToRestore(store.describe_empty())
    chain = find_chain(store, keys, manifests[-1])
    if chain.missing:
        raise BackupDamaged(
            f"The log has a gap: segment {chain.missing[0]} is missing in the store, so nothing after it can be "
            "restored. Give --to a time before it was written, or an older or newer backup."
        )
    if backup_id:
        _check_following(store, keys, manifests[-1], chain)
    return manifests[-1], chain


def _check_following(store: Store, keys: Keys, manifest: Manifest, chain: Chain) -> None:
    """Raise BackupDamaged when the newest moment is asked of a backup whose log does not lead to a younger one."""
    younger = find_younger(manifest, list_backups(store, keys))
    lost = find_lost(store, keys, manifest, younger) if younger else []
    if younger and lost:
        raise BackupDamaged(
            f"The log from backup {manifest.backup_id} does not lead to the newest moment: {spell_lost(lost)} in the "
            f"store. Restore from backup {younger.backup_id}, or give --to a time until {_exact(chain.newest.at)}."
        )


def _choose_for(store: Store, keys: Keys, manifests: list[Manifest], to: datetime) -> tuple[Manifest, Chain]:
    """The newest backup that ended before `to` and whose log reaches it.

    That of the newest one may end too early: until its log is shipped, a base backup reaches only its own end.
    """
    behind_gap: tuple[Manifest, Chain] | None = None
    for manifest in reversed(manifests):
        if manifest.stopped_at > to:
            continue
        chain = find_chain(store, keys, manifest)
        if to == manifest.stopped_at or (to <= chain.newest.at and not chain.missing):
            return manifest, chain
        if to <= chain.newest.at and behind_gap is None:
            # Perhaps it lies before the gap, which only the recovery can tell.
            behind_gap = manifest, chain
    if behind_gap is None:
        raise _out_of_range(store, keys, to)
    return behind_gap


def _out_of_range(store: Store, keys: Keys, to: datetime) -> NothingToRestore:
    found = find_ranges(store, keys)
    if not found:
        return NothingToRestore(store.describe_empty())
    ranges = ", or ".join(f"from {_exact(first)} to {_exact(last)}" for first, last in found)
    gap = next((stretch.gap for stretch in find_stretches(store, keys) if stretch.gap), "")
    more = f" The log has a gap, segment {gap}: `localex backup list` says more." if gap else ""
    return NothingToRestore(f"{_exact(to)} cannot be restored. Possible is any time {ranges}.{more}")


def _exact(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC")


def _enter(claim: Claim, manifest: Manifest) -> DataDirectory:
    """Prepare the draft, or leave nothing."""
    try:
        directory = _prepare(claim)
        if claim.phase == BEGUN:
            # Again, since what an earlier restore had left is gone now.
            _check_space(claim.into, manifest)
    except BaseException:
        claim.withdraw()
        raise
    return directory


def _prepare(claim: Claim) -> DataDirectory:
    """The draft's folders, which PostgreSQL's user can reach."""
    user = find_server_user(None)
    if user.is_other:
        os.chown(claim.into, -1, user.gid)
        claim.into.chmod(0o710)
    directory = DataDirectory(claim.draft)
    if claim.phase != RECOVERED:
        directory.prepare()
    return directory


def _check_space(into: Path, manifest: Manifest) -> None:
    needed = manifest.base_bytes + manifest.file_bytes + REPLAY_SEGMENTS * manifest.segment_size + NEEDED_FREE_BYTES
    free = shutil.disk_usage(next(folder for folder in (into, *into.parents) if folder.exists())).free
    if free < needed:
        raise StoreFull(
            f"The disk that holds {into} has only {free // 1024**2} MB left and the restore needs "
            f"{needed // 1024**2} MB. Nothing was restored; free some space or choose another disk with --into."
        )


def _unpack(
    claim: Claim,
    directory: DataDirectory,
    store: Store,
    keys: Keys,
    *,
    manifest: Manifest,
    to: datetime | None,
    report: Report,
) -> None:
    total, done = manifest.base_bytes + manifest.file_bytes, 0

    def seen(size: int) -> None:
        nonlocal done
        done += size
        report(min(done, total), total, "unpacking")

    user = directory.server_user
    lay_database(store, keys, manifest, directory.postgres, user, seen)
    until = (to + FILES_LATER).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ~") if to else "~"
    lay_files(store, keys, manifest, directory.root, until=until, seen=seen)
    lay_key(keys, directory.secrets)
    note_recovery(directory.postgres, user.own)
    # PostgreSQL syncs its own files when it begins a recovery; this is for all others.
    os.sync()
    claim.note(UNPACKED)


def _note_result(directory: DataDirectory, found: Recovered) -> None:
    text = json.dumps(vars(found))
    with (directory.logs / RESULT).open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _read_result(claim: Claim) -> Recovered:
    for root in (claim.draft, claim.into):
        with contextlib.suppress(FileNotFoundError):
            return Recovered(**json.loads((root / "logs" / RESULT).read_text()))
    raise BackupError(f"{claim.into} lost a part of its restore. Remove the directory and restore again.")


def _count_files(claim: Claim) -> int:
    return sum(1 for root in (claim.draft, claim.into) if root.exists() for _ in scan(root))
