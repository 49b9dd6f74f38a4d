"""Lays a backup's files out on disk: the database as pg_basebackup saw it, and what lies beside it."""

import hashlib
import os
import tarfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from localex.backup.base import POSTGRES_MANIFEST
from localex.backup.errors import BackupDamaged
from localex.backup.files import File, list_packs, read_index, unpack
from localex.backup.keys import CONFIRMED, FILE, Keys, file_text
from localex.backup.manifest import Manifest
from localex.backup.sealed import CHUNK_BYTES, unpacking
from localex.backup.stores import Store
from localex.backup.verification import compare_with_postgres_manifest
from localex.embedded.directory import replace_file
from localex.embedded.users import ServerUser

Seen = Callable[[int], None]


def lay_database(store: Store, keys: Keys, manifest: Manifest, target: Path, user: ServerUser, seen: Seen) -> None:
    """Unpack the base backup into `target` for `user`, and compare every file with PostgreSQL's own manifest."""
    target.mkdir(mode=0o700, parents=True)
    user.own(target)
    found: dict[str, tuple[int, str]] = {}
    with unpacking(store, keys, manifest.base) as source:
        try:
            with tarfile.open(fileobj=source, mode="r|") as tar:
                for member in tar:
                    path = _inside(target, member.name)
                    if member.isdir():
                        path.mkdir(mode=0o700, parents=True, exist_ok=True)
                    elif member.isreg():
                        content = cast("BinaryIO", tar.extractfile(member))
                        found[member.name.removeprefix("./")] = (member.size, _write(path, content, seen))
                    else:
                        raise BackupDamaged(f"Backup {manifest.backup_id} holds {member.name}, which is no file.")
                    user.own(path)
        except tarfile.TarError as error:
            raise BackupDamaged(f"The base backup {manifest.backup_id} is damaged ({error}).") from error
    found.pop(POSTGRES_MANIFEST, None)
    listed = target / POSTGRES_MANIFEST
    compare_with_postgres_manifest(listed.read_bytes() if listed.exists() else b"", found, manifest)
    listed.unlink()


def lay_files(store: Store, keys: Keys, manifest: Manifest, root: Path, *, until: str, seen: Seen) -> None:
    """Unpack the files beside the database below `root`.

    First those of the backup, then those that came later, up to packs whose name begins with a time until `until`.
    """
    packs: dict[str, dict[str, File] | None] = {}
    for file in read_index(store, keys, manifest):
        wanted = packs.setdefault(file.pack, {})
        if wanted is not None:
            wanted[file.path] = file
    later = [pack for pack in list_packs(store) if manifest.backup_id <= pack <= until]
    for pack in [*sorted(set(packs) - set(later)), *later]:
        _lay_pack(store, keys, root, pack, packs.get(pack) if pack not in later else None, seen)


def _lay_pack(store: Store, keys: Keys, root: Path, pack: str, wanted: dict[str, File] | None, seen: Seen) -> None:
    """Unpack the `wanted` files of a pack, all when None."""
    left = set(wanted or ())

    def lay(file: File, content: BinaryIO) -> None:
        if wanted is not None and file.path not in wanted:
            return
        path = _inside(root, file.path)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        sha256 = _write(path, content, seen)
        if sha256 != file.sha256 or (wanted is not None and sha256 != wanted[file.path].sha256):
            raise BackupDamaged(f"{file.path} in pack {pack} is not what it was.")
        path.chmod(file.mode)
        os.utime(path, ns=(file.mtime_ns, file.mtime_ns))
        left.discard(file.path)

    unpack(store, keys, pack, lay)
    if left:
        raise BackupDamaged(f"Pack {pack} lacks {sorted(left)[0]}.")


def _inside(root: Path, name: str) -> Path:
    """The place for a member of an archive. Raises BackupDamaged when it would lie anywhere else."""
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts:
        raise BackupDamaged(f"The backup holds a file called {name}, which would lie outside its directory.")
    return root / pure


def _write(path: Path, content: BinaryIO, seen: Seen) -> str:
    """Write a file and return its SHA-256."""
    digest = hashlib.sha256()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        while data := content.read(CHUNK_BYTES):
            digest.update(data)
            file.write(data)
            seen(len(data))
    return digest.hexdigest()


def lay_key(keys: Keys, secrets: Path) -> None:
    """The restored town goes on with the same key; who restored from a copy has one."""
    secrets.mkdir(mode=0o700, exist_ok=True)
    replace_file(secrets / FILE, file_text(keys.secret))
    if keys.is_confirmed:
        replace_file(secrets / CONFIRMED, f"{keys.fingerprint}\n")
