"""The base backup: pg_basebackup's tar, compressed, encrypted and stored in parts while it is being made."""

import hashlib
import json
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from localex.backup.errors import BackupError
from localex.backup.keys import Keys
from localex.backup.manifest import StoredFile, object_name
from localex.backup.sealed import CHUNK_BYTES, Source, compressing, seal
from localex.backup.site import Site
from localex.backup.stores import Store
from localex.backup.wal import parse_lsn
from localex.embedded.errors import mentions_full_disk
from localex.embedded.processes import merged_environment
from localex.embedded.users import launcher

# Of compressed bytes: what is lost when a part must be sent again, and what an object store takes in one piece.
PART_BYTES = 64 * 1024 * 1024
TAR_BLOCK = 512
POSTGRES_MANIFEST = "backup_manifest"


@dataclass(frozen=True)
class Base:
    """A stored base backup. `tar_bytes` is its unpacked size, within a few percent."""

    parts: tuple[StoredFile, ...]
    tar_bytes: int
    timeline: int
    start_lsn: int
    stop_lsn: int
    postgres_manifest_sha256: str


class _TarWatch:
    """Reads a tar stream on its way, and catches the one member called backup_manifest."""

    def __init__(self, source: IO[bytes], seen: Callable[[int], None]) -> None:
        self._source = source
        self._seen = seen
        self._header = b""
        self._skip = 0
        self._catch = 0
        self.manifest = bytearray()
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes, unchanged."""
        data = self._source.read(size if size > 0 else CHUNK_BYTES)
        self.size += len(data)
        self._watch(memoryview(data))
        self._seen(self.size)
        return data

    def _watch(self, data: memoryview) -> None:
        while data:
            if self._catch:
                take = min(self._catch, len(data))
                self.manifest += data[:take]
                self._catch -= take
                data = data[take:]
            elif self._skip:
                take = min(self._skip, len(data))
                self._skip -= take
                data = data[take:]
            else:
                take = TAR_BLOCK - len(self._header)
                self._header += bytes(data[:take])
                data = data[take:]
                if len(self._header) == TAR_BLOCK:
                    self._begin_member()

    def _begin_member(self) -> None:
        header, self._header = self._header, b""
        name = header[:100].rstrip(b"\0").decode(errors="replace")
        text = header[124:136].strip(b"\0 ")
        size = int(text, 8) if text else 0
        self._skip = -size % TAR_BLOCK
        if name == POSTGRES_MANIFEST:
            self._catch = size
        else:
            self._skip += size


class _Limited:
    """At most `limit` bytes of a source; `is_over` when the source itself has ended."""

    def __init__(self, source: Source, limit: int, first: bytes) -> None:
        self._source = source
        self._left = limit - len(first)
        self._first = first

    def read(self, size: int = -1) -> bytes:
        if self._first:
            data, self._first = self._first[: size if size > 0 else None], self._first[size:] if size > 0 else b""
            return data
        take = self._left if size < 0 else min(size, self._left)
        data = self._source.read(take) if take else b""
        self._left -= len(data)
        return data


def store_base(
    site: Site, store: Store, keys: Keys, backup_id: str, seen: Callable[[int], None], *, part_bytes: int = PART_BYTES
) -> Base:
    """Make a base backup of the running database and store it; `seen` gets the bytes read so far.

    The log that it needs to be consistent is in it, so it can be restored even where the archive is lost. Raises
    BackupError with PostgreSQL's own words, StoreFull.
    """
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(
            _command(site, backup_id),
            env=merged_environment(site.program_environment()),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=words,
        )
        assert process.stdout is not None  # noqa: S101 -- a pipe was asked for
        watch = _TarWatch(process.stdout, seen)
        try:
            parts = tuple(_store_parts(store, keys, backup_id, compressing(watch), part_bytes))
        except BaseException:
            process.kill()
            raise
        finally:
            process.stdout.close()
            status = process.wait()
        words.seek(0)
        if status:
            raise _failure(words.read().decode(errors="replace"))
    return _base(parts, watch)


def _command(site: Site, backup_id: str) -> list[str]:
    return [
        *launcher(site.user, signal.SIGTERM),
        *(str(site.programs / "pg_basebackup"), "-d", site.program_address(), "--no-password"),
        # To standard output as one tar, with the log fetched at the end; the temporary slot of the caller keeps it.
        *("-D", "-", "-F", "t", "-X", "fetch", "--checkpoint=fast", "--label", f"LocalEx {backup_id}"),
        *("--manifest-checksums=SHA256", "--no-sync", "--no-estimate-size"),
    ]


def _store_parts(store: Store, keys: Keys, backup_id: str, source: Source, part_bytes: int) -> Iterator[StoredFile]:
    number = 0
    while first := source.read(min(CHUNK_BYTES, part_bytes)):
        number += 1
        name = object_name(backup_id, f"base-{number:05}.tar.zst.age")
        yield seal(store, keys, name, _Limited(source, part_bytes, first))


def _failure(words: str) -> BackupError:
    lines = "\n".join(line for line in words.splitlines() if line.strip())[-2000:]
    if mentions_full_disk(words):
        return BackupError(f"PostgreSQL could not make a base backup because its disk is full.\n{lines}")
    return BackupError(f"PostgreSQL could not make a base backup. Its own words follow.\n{lines}")


def _base(parts: tuple[StoredFile, ...], watch: _TarWatch) -> Base:
    manifest = bytes(watch.manifest)
    try:
        found: dict[str, Any] = json.loads(manifest)
        ranges = found["WAL-Ranges"]
        return Base(
            parts=parts,
            tar_bytes=watch.size,
            timeline=int(ranges[-1]["Timeline"]),
            start_lsn=parse_lsn(ranges[0]["Start-LSN"]),
            stop_lsn=parse_lsn(ranges[-1]["End-LSN"]),
            postgres_manifest_sha256=hashlib.sha256(manifest).hexdigest(),
        )
    except (ValueError, KeyError, IndexError) as error:
        raise BackupError(f"PostgreSQL's base backup has no readable backup_manifest ({error}).") from error
