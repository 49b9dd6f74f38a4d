"""Checks a backup without restoring it: everything is read, decrypted and compared, nothing is written."""

import hashlib
import json
import tarfile
from collections.abc import Callable
from functools import partial
from typing import BinaryIO, TypeVar, cast

from localex.backup.base import POSTGRES_MANIFEST
from localex.backup.catalogue import list_backups, newest_id, read_manifest
from localex.backup.errors import BackupDamaged, WrongKey
from localex.backup.files import FOLDER, LIST_SUFFIX, PACK_SUFFIX, File, list_packs, read_index, unpack
from localex.backup.following import find_lost, find_younger, spell_lost
from localex.backup.keys import Keys
from localex.backup.manifest import Manifest, object_name
from localex.backup.progress import Report, silent
from localex.backup.results import Finding, Verified
from localex.backup.sealed import CHUNK_BYTES, MAX_SMALL_BYTES, unpacking, unseal_compressed
from localex.backup.stores import Store
from localex.backup.wal import Chain, find_chain, format_lsn, newest_object
from localex.lib.plain import plain

T = TypeVar("T")

# More than these say nothing new.
MAX_FINDINGS = 100


class Verification:
    """One look through a store, beginning with the manifest."""

    def __init__(self, store: Store, keys: Keys, report: Report) -> None:
        self._store = store
        self._keys = keys
        self._report = report
        self._done = 0
        self._total = 0
        self.findings: list[Finding] = []
        self.count = 0

    def find(self, name: str, words: str) -> None:
        """Note that something is wrong."""
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(plain(name), plain(words)))

    def run(self, manifest: Manifest) -> Chain | None:
        """Look at everything; returns the log's chain if it could be read at all."""
        chain = self._try("wal", partial(find_chain, self._store, self._keys, manifest))
        packs = self._packs(manifest)
        names = [part.name for part in (*manifest.base, manifest.files_index)]
        names += [f"{FOLDER}/{pack}{PACK_SUFFIX}" for pack in packs] + (chain.objects if chain else [])
        self._total = sum(self._store.size(name) or 0 for name in names)
        if self._check_present(manifest):
            self._try(manifest.base[0].name, partial(self._check_base, manifest))
        for pack, wanted in packs.items():
            self._try(f"{FOLDER}/{pack}", partial(self._check_pack, pack, wanted))
        if chain:
            self._check_chain(manifest, chain)
        return chain

    def _try(self, name: str, look: Callable[[], T]) -> T | None:
        try:
            return look()
        except (WrongKey, BackupDamaged) as error:
            self.find(name, error.message)
        return None

    def _advance(self, name: str, what: str) -> None:
        self.count += 1
        self._done += self._store.size(name) or 0
        self._report(self._done, self._total, what)

    def _check_present(self, manifest: Manifest) -> bool:
        """Name what is missing or cut; whether the base backup is all there."""
        for part in (*manifest.base, manifest.files_index):
            size = self._store.size(part.name)
            if size is None:
                self.find(part.name, f"{part.name} is missing.")
            elif size != part.size:
                self.find(part.name, f"{part.name} has {size} bytes instead of {part.size}: it was cut or exchanged.")
        return not any(finding.name.startswith(object_name(manifest.backup_id, "base-")) for finding in self.findings)

    def _packs(self, manifest: Manifest) -> dict[str, dict[str, File]]:
        """What of each pack must be right, by path: what the backup names, and all of the packs that came later."""
        packs: dict[str, dict[str, File]] = {}

        def read() -> None:
            # As a list, since nothing of it counts before all of it was proven.
            for file in list(read_index(self._store, self._keys, manifest)):
                packs.setdefault(file.pack, {})[file.path] = file

        self._try(manifest.files_index.name, read)
        for pack in list_packs(self._store):
            if pack >= manifest.backup_id:
                packs.setdefault(pack, {})
        return packs

    def _check_pack(self, pack: str, wanted: dict[str, File]) -> None:
        name = f"{FOLDER}/{pack}{PACK_SUFFIX}"
        if self._store.size(f"{FOLDER}/{pack}{LIST_SUFFIX}") is None:
            raise BackupDamaged(f"{FOLDER}/{pack}{LIST_SUFFIX} is missing.")
        left = dict(wanted)

        def look(file: File, content: BinaryIO) -> None:
            if _sha256(content) != file.sha256:
                self.find(name, f"{file.path} in {name} is not what it was.")
            found = left.pop(file.path, None)
            if found and found.sha256 != file.sha256:
                self.find(name, f"{file.path} in {name} is not the one that the backup names.")

        unpack(self._store, self._keys, pack, look)
        for path in left:
            self.find(name, f"{name} lacks {path}.")
        self._advance(name, "pictures and files")

    def _check_base(self, manifest: Manifest) -> None:
        with unpacking(self._store, self._keys, manifest.base) as source:
            check_base(source, manifest)
        for part in manifest.base:
            self._advance(part.name, "database")

    def _check_chain(self, manifest: Manifest, chain: Chain) -> None:
        if chain.lacks_note:
            name = newest_object(manifest.system_identifier, chain.timeline)
            self.find(name, f"{name} is missing, so nobody knows whether the end of the log is there.")
        for name in chain.missing:
            self.find(f"wal/{name}", f"The log has a gap: segment {name} is missing in the store.")
        for name in chain.segments.values():
            self._try(name, partial(self._check_segment, name, manifest))
            self._advance(name, "log")

    def check_following(self, manifest: Manifest, chain: Chain | None) -> tuple[str, ...]:
        """Look whether the log leads on to the younger backups; returns what is to be said about the older ones."""
        said = set(chain.missing) if chain else set()
        notes = []
        manifests = list_backups(self._store, self._keys)
        for each in manifests:
            younger = find_younger(each, manifests)
            look = partial(find_lost, self._store, self._keys, each, younger) if younger else list[str]
            lost = self._try("wal", look)
            if not younger or not lost:
                continue
            words = f"Of the log from backup {each.backup_id} to {younger.backup_id}, {spell_lost(lost)} in the store"
            if each.backup_id != manifest.backup_id:
                if each.system_identifier == manifest.system_identifier and each.start_lsn < manifest.start_lsn:
                    notes.append(f"{words}.")
            elif not said.issuperset(lost):
                self.find(f"wal/{lost[0]}", f"{words}: what was booked after that cannot be restored from here.")
        return tuple(notes)

    def _check_segment(self, name: str, manifest: Manifest) -> None:
        target = SegmentCheck()
        unseal_compressed(self._store, self._keys, name, target)
        target.check(name, manifest)


class SegmentCheck:
    """Takes a segment of the log and knows whether it is one of this system: by its first page and its size."""

    def __init__(self) -> None:
        self._start = b""
        self._size = 0

    def write(self, data: bytes) -> int:
        """Take the next bytes."""
        if len(self._start) < 40:
            self._start += data[:40]
        self._size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def check(self, name: str, manifest: Manifest) -> None:
        """Raise BackupDamaged unless it belongs to the backup's database. See XLogLongPageHeaderData of PostgreSQL."""
        system = int.from_bytes(self._start[24:32], "little")
        if self._size != manifest.segment_size or str(system) != manifest.system_identifier:
            raise BackupDamaged(f"{name} is no segment of this database's log.")


def check_base(source: BinaryIO, manifest: Manifest) -> None:
    """Compare every file of the tar `source` with PostgreSQL's own manifest in it, as pg_verifybackup does.

    Raises BackupDamaged that names the first file which is missing, changed, or too many.
    """
    found: dict[str, tuple[int, str]] = {}
    listed = b""
    try:
        with tarfile.open(fileobj=source, mode="r|") as tar:
            for member in tar:
                content = tar.extractfile(member)
                if content is None:
                    continue
                if member.name == POSTGRES_MANIFEST:
                    listed = content.read(MAX_SMALL_BYTES)
                else:
                    found[member.name.removeprefix("./")] = (member.size, _sha256(cast("BinaryIO", content)))
    except tarfile.TarError as error:
        raise BackupDamaged(f"The base backup {manifest.backup_id} is damaged ({error}).") from error
    compare_with_postgres_manifest(listed, found, manifest)


def compare_with_postgres_manifest(listed: bytes, found: dict[str, tuple[int, str]], manifest: Manifest) -> None:
    """Raise BackupDamaged unless `found` (path: size, SHA-256) is exactly what PostgreSQL's manifest `listed` names."""
    if hashlib.sha256(listed).hexdigest() != manifest.postgres_manifest_sha256:
        raise BackupDamaged(f"PostgreSQL's own manifest in backup {manifest.backup_id} is not the one that was made.")
    files = {file["Path"]: (int(file["Size"]), str(file["Checksum"])) for file in json.loads(listed)["Files"]}
    for path, expected in files.items():
        if found.get(path) != expected:
            words = "is missing from" if path not in found else "is changed in"
            raise BackupDamaged(f"The database's file {path} {words} backup {manifest.backup_id}.")
    # The log is in the backup but not in the manifest; its own checksums are looked at when it is replayed.
    extra = [path for path in found if path not in files and not path.startswith("pg_wal/")]
    if extra:
        raise BackupDamaged(f"Backup {manifest.backup_id} holds {extra[0]}, which PostgreSQL's manifest does not name.")


def _sha256(content: BinaryIO) -> str:
    digest = hashlib.sha256()
    while data := content.read(CHUNK_BYTES):
        digest.update(data)
    return digest.hexdigest()


def verify_backup(store: Store, keys: Keys, backup_id: str = "", report: Report = silent) -> Verified:
    """Read and decrypt everything that a restore of `backup_id` (empty: the newest) to the newest moment would need.

    Checks presence, size, SHA-256 and authentication of each object, every file in the base backup against PostgreSQL's
    own manifest, every picture's digest, that the log has no gap, and that it leads to every younger backup of the same
    database. Needs no disk space. What is wrong is returned, not raised; raises NothingToRestore when there is no such
    backup, WrongKey.
    """
    manifest = read_manifest(store, keys, backup_id or newest_id(store))
    verification = Verification(store, keys, report)
    chain = verification.run(manifest)
    notes = verification.check_following(manifest, chain)
    is_reached = chain is not None and not chain.missing
    return Verified(
        manifest=manifest,
        findings=tuple(verification.findings),
        object_count=verification.count + 2,
        stored_bytes=manifest.stored_bytes,
        segment_count=len(chain.segments) if chain else 0,
        newest=chain.newest.at if chain and is_reached else manifest.stopped_at,
        newest_lsn=format_lsn(chain.newest.lsn if chain and is_reached else manifest.stop_lsn),
        notes=notes,
    )
