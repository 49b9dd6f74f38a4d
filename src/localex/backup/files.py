"""The files beside the database: pictures, published seals, secrets, mail. Unchanged ones are stored only once.

New files go into packs (a compressed tar of at most 256 MiB); every backup has a list of all files with the pack that
holds each. The receiver ships new files in packs between two backups, so that a picture is as safe as its row.
"""

import hashlib
import io
import json
import os
import secrets
import stat
import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

from localex.backup.errors import BackupDamaged, BackupError
from localex.backup.keys import CONFIRMED, FILE, Keys
from localex.backup.manifest import Manifest, StoredFile
from localex.backup.progress import Report, silent
from localex.backup.sealed import compressing, piped, read_small_compressed, seal, seal_compressed, unpacking
from localex.backup.stores import Store
from localex.embedded.directory import DRAFT, RESTORING

FOLDER = "files"
PACK_SUFFIX = ".tar.zst.age"
# A pack counts once its list is there.
LIST_SUFFIX = ".jsonl.zst.age"
PACK_BYTES = 256 * 1024 * 1024
# A line of a list holds one path; what is longer was not written here, and is not read into memory.
MAX_LINE_BYTES = 64 * 1024
# What `localex up` makes again, what belongs to the database or to this machine, and the key that opens the backup.
LEFT_OUT = frozenset(
    (
        DRAFT,
        RESTORING,
        "postgres",
        "run",
        "logs",
        "static",
        "engine",
        "backups",
        "wal",
        "state.json",
        "localex.lock",
        "upgrade.json",
    )
)
LEFT_OUT_SECRETS = frozenset((FILE, CONFIRMED))


@dataclass(frozen=True)
class File:
    """One file: its path below the data directory, and what it held when it was stored in `pack`."""

    path: str
    size: int
    mtime_ns: int
    mode: int
    sha256: str = ""
    pack: str = ""

    def is_as(self, other: "File") -> bool:
        """Whether nothing about it has changed since, as far as the file system tells."""
        return (self.size, self.mtime_ns) == (other.size, other.mtime_ns)

    def to_json(self) -> str:
        """One line of a list."""
        return json.dumps([self.path, self.size, self.mtime_ns, self.mode, self.sha256, self.pack])


def stamp() -> str:
    """The time as the first part of a name, so that names sort by it: 20261123T143207Z."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")


def scan(root: Path, *, but: Path | None = None) -> Iterator[File]:
    """Every file below the data directory `root` that a backup needs, in no special order; `but` is left out."""
    left_out = os.path.realpath(but) if but else ""
    pending = [entry for entry in os.scandir(root) if entry.name not in LEFT_OUT and not entry.name.startswith(".")]
    while pending:
        entry = pending.pop()
        try:
            if entry.is_dir():
                if os.path.realpath(entry.path) != left_out:
                    pending.extend(os.scandir(entry.path))
            elif entry.is_file():
                found = entry.stat()
                path = Path(entry.path).relative_to(root)
                is_left_out = path.parts[0] == "secrets" and path.name in LEFT_OUT_SECRETS
                # A name with a dot in front is a draft that somebody is about to rename.
                if not is_left_out and not entry.name.startswith("."):
                    yield File(path.as_posix(), found.st_size, found.st_mtime_ns, stat.S_IMODE(found.st_mode))
        except FileNotFoundError:
            continue


def find_known(store: Store, keys: Keys, manifest: Manifest | None) -> dict[str, File]:
    """What is stored already, by path: the list of the newest backup, and the packs that came after it.

    What was in a pack that is lost is not known, and so is stored again.
    """
    packs = list_packs(store)
    sound = {pack for pack in packs if store.size(f"{FOLDER}/{pack}{PACK_SUFFIX}")}
    known: dict[str, File] = {}
    if manifest:
        known = {file.path: file for file in read_index(store, keys, manifest) if file.pack in sound}
    for pack in packs:
        if pack in sound and (manifest is None or pack >= manifest.backup_id):
            known.update((file.path, file) for file in read_pack_list(store, keys, pack))
    return known


def list_packs(store: Store) -> list[str]:
    """The names of all complete packs, oldest first."""
    prefix = f"{FOLDER}/"
    return [
        entry.name.removeprefix(prefix).removesuffix(LIST_SUFFIX)
        for entry in store.list(prefix)
        if entry.name.endswith(LIST_SUFFIX)
    ]


def read_pack_list(store: Store, keys: Keys, pack: str) -> list[File]:
    """What a pack holds."""
    name = f"{FOLDER}/{pack}{LIST_SUFFIX}"
    return [_parse(line, name) for line in read_small_compressed(store, keys, name).splitlines()]


def read_index(store: Store, keys: Keys, manifest: Manifest) -> Iterator[File]:
    """Every file of a backup; what came counts only when it has ended without an error."""
    name = manifest.files_index.name
    with unpacking(store, keys, [manifest.files_index]) as source:
        reader, count = io.BufferedReader(cast("io.RawIOBase", source)), 0
        while line := reader.readline(MAX_LINE_BYTES):
            count += 1
            if count > manifest.file_count or len(line) == MAX_LINE_BYTES:
                raise BackupDamaged(f"{name} is not what LocalEx stored under this name: it is too long.")
            yield _parse(line, name)


def _parse(line: bytes, name: str) -> File:
    try:
        path, size, mtime_ns, mode, sha256, pack = json.loads(line)
        return File(str(path), int(size), int(mtime_ns), int(mode), str(sha256), str(pack))
    except ValueError as error:
        raise BackupDamaged(f"{name} cannot be read ({error}).") from error


def store_new(
    store: Store, keys: Keys, root: Path, files: Iterable[File], known: dict[str, File], report: Report = silent
) -> list[File]:
    """Store those of `files` that are not in `known`, which learns them; returns all that are there, with their packs.

    A file that vanishes meanwhile is left out, one that changes is stored as it was read.
    """
    kept, fresh = [], []
    for file in files:
        old = known.get(file.path)
        if old and old.is_as(file):
            kept.append(replace(old, mode=file.mode))
        else:
            fresh.append(file)
    total, done = sum(file.size for file in fresh), 0
    for batch in _batches(fresh):
        stored = _store_pack(store, keys, root, batch)
        known.update((file.path, file) for file in stored)
        kept += stored
        done += sum(file.size for file in batch)
        report(done, total, "pictures and files")
    return kept


def _batches(files: list[File]) -> Iterator[list[File]]:
    batch: list[File] = []
    size = 0
    for file in sorted(files, key=lambda file: file.path):
        if batch and size + file.size > PACK_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.size
    if batch:
        yield batch


def _store_pack(store: Store, keys: Keys, root: Path, files: list[File]) -> list[File]:
    pack = f"{stamp()}-{secrets.token_hex(4)}"
    stored: list[File] = []

    def produce(target: BinaryIO) -> None:
        with tarfile.open(fileobj=target, mode="w|", format=tarfile.PAX_FORMAT) as tar:
            for file in files:
                found = _add(tar, root, file)
                if found:
                    stored.append(replace(found, pack=pack))

    with piped(produce) as source:
        seal(store, keys, f"{FOLDER}/{pack}{PACK_SUFFIX}", compressing(source))
    lines = "".join(f"{file.to_json()}\n" for file in stored).encode()
    seal_compressed(store, keys, f"{FOLDER}/{pack}{LIST_SUFFIX}", io.BytesIO(lines))
    return stored


class _Hashing:
    """Passes a file on and hashes it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


def _add(tar: tarfile.TarFile, root: Path, file: File) -> File | None:
    try:
        source = (root / file.path).open("rb")
    except FileNotFoundError:
        return None
    with source:
        found = os.fstat(source.fileno())
        info = tarfile.TarInfo(file.path)
        info.size, info.mode, info.mtime = found.st_size, stat.S_IMODE(found.st_mode), int(found.st_mtime)
        hashing = _Hashing(source)
        try:
            tar.addfile(info, cast("BinaryIO", hashing))
        except OSError as error:
            if error.errno is not None:
                raise
            raise BackupError(f"{root / file.path} shrank while it was read. Run the backup again.") from error
    return File(file.path, info.size, found.st_mtime_ns, info.mode, hashing.digest.hexdigest())


def store_index(store: Store, keys: Keys, name: str, files: list[File]) -> StoredFile:
    """Store the list of all files of a backup."""

    def produce(target: BinaryIO) -> None:
        for file in files:
            target.write(f"{file.to_json()}\n".encode())

    with piped(produce) as source:
        return seal_compressed(store, keys, name, source)


def unpack(store: Store, keys: Keys, pack: str, take: Callable[[File, BinaryIO], None]) -> None:
    """Give every file of a pack to `take` with a reader of its bytes; it must compare their SHA-256 with the list's.

    What `take` got counts only when this returns. Raises BackupDamaged that names the pack: also where the damage ends
    the bytes that `take` is reading, which is why this is no generator.
    """
    listed = {file.path: file for file in read_pack_list(store, keys, pack)}
    name = f"{FOLDER}/{pack}{PACK_SUFFIX}"
    with unpacking(store, keys, [name]) as source:
        try:
            with tarfile.open(fileobj=source, mode="r|") as tar:
                for member in tar:
                    content = tar.extractfile(member)
                    if content is None or member.name not in listed:
                        raise BackupDamaged(f"{name} holds {member.name}, which its list does not name.")
                    take(listed.pop(member.name), cast("BinaryIO", content))
        except tarfile.TarError as error:
            raise BackupDamaged(f"{name} is damaged ({error}).") from error
    if listed:
        raise BackupDamaged(f"{name} lacks {next(iter(listed))}.")
