"""Encrypted and authenticated objects of a store, written and read as streams of any length.

An object is an age file (X25519, ChaCha20-Poly1305 in chunks of 64 KiB) followed by 32 bytes: an HMAC-SHA256 over the
object's name and the SHA-256 of the age file, with a key that only the holder of the backup key can derive. age alone
proves that nothing was changed; the HMAC proves who wrote it and under which name, so that somebody who can write to
the store cannot put an object in the place of another, nor one that they encrypted themselves.
"""

import contextlib
import hashlib
import hmac
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, Protocol, cast

import pyrage  # type: ignore[import-untyped]
import zstandard

from localex.backup.errors import BackupDamaged, BackupError, WrongKey, store_error
from localex.backup.keys import Keys
from localex.backup.manifest import StoredFile
from localex.backup.stores import Store, Writer

MAC_BYTES = 32
# zstd's own default: about 300 MB/s on one core, a fifth to a third of a database's size.
LEVEL = 3
CHUNK_BYTES = 1024 * 1024
# A manifest or a list that is read as a whole; far above what exists, far below what would hurt.
MAX_SMALL_BYTES = 256 * 1024 * 1024


class Source(Protocol):
    """Gives bytes in order, none at the end."""

    def read(self, size: int = -1, /) -> bytes: ...


class _Passing:
    """Passes bytes on and keeps the error of whoever takes them, which age would turn into text."""

    def __init__(self, target: Writer) -> None:
        self._target = target
        self.error: BaseException | None = None

    def write(self, data: bytes) -> int:
        try:
            self._target.write(data)
        except BaseException as error:
            # The first one: who is written to once more after it failed says something else.
            self.error = self.error or error
            raise
        return len(data)

    def flush(self) -> None:
        """The taker flushes."""


class _Sealing(_Passing):
    """Counts and hashes what goes to the store."""

    def __init__(self, target: Writer) -> None:
        super().__init__(target)
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.size += len(data)
        return super().write(data)


class _Reading:
    """Passes a source on and keeps its error."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.error: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            return self._source.read(size)
        except BaseException as error:
            self.error = error
            raise


def seal(store: Store, keys: Keys, name: str, source: Source) -> StoredFile:
    """Encrypt everything that `source` gives into the object `name`. Raises StoreFull, and whatever `source` raises."""
    reading = _Reading(source)
    with store.writing(name) as file:
        sealing = _Sealing(file)
        try:
            pyrage.encrypt_io(cast("BinaryIO", reading), cast("BinaryIO", sealing), [keys.recipient])
        except (pyrage.EncryptError, OSError) as error:
            raise (sealing.error or reading.error or error) from error
        sealing.write(_mac(keys, name, sealing.digest.digest()))
    return StoredFile(name, sealing.size, sealing.digest.hexdigest())


def seal_compressed(store: Store, keys: Keys, name: str, source: Source) -> StoredFile:
    """Like `seal`, compressed with zstd."""
    return seal(store, keys, name, compressing(source))


def compressing(source: Source) -> Source:
    """What `source` gives, compressed."""
    reader = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).stream_reader(cast("Any", source))
    return cast("Source", reader)


def _mac(keys: Keys, name: str, digest: bytes) -> bytes:
    return hmac.digest(keys.mac_key, name.encode() + b"\0" + digest, "sha256")


class _Opening:
    """Gives an object's age file, holds the HMAC at its end back, and hashes both."""

    def __init__(self, file: BinaryIO, place: str) -> None:
        self._file = file
        self._place = place
        self._held = b""
        self._is_over = False
        self.digest = hashlib.sha256()
        self.size = 0
        self.error: BackupError | None = None

    def read(self, size: int = -1) -> bytes:
        """At least one byte unless the age file is over."""
        while not self._is_over and len(self._held) <= MAC_BYTES:
            self._fill()
        ready = len(self._held) - MAC_BYTES
        if ready <= 0:
            return b""
        take = ready if size < 0 else min(size, ready)
        data, self._held = self._held[:take], self._held[take:]
        self.digest.update(data)
        return data

    def _fill(self) -> None:
        try:
            more = self._file.read(256 * 1024)
        except OSError as error:
            self.error = store_error(error, self._place)
            raise
        self._is_over = not more
        self._held += more
        self.size += len(more)

    @property
    def mac(self) -> bytes:
        """The HMAC, once everything was read."""
        return self._held


def unseal(store: Store, keys: Keys, name: str, target: Writer, expected: StoredFile | None = None) -> None:
    """Decrypt the object `name` into `target`; with `expected`, it must have that size and SHA-256 as well.

    What `target` got counts only when this returns. Raises BackupDamaged that names the object, WrongKey.
    """
    with store.open(name) as file:
        opening, passing = _Opening(file, store.place), _Passing(target)
        try:
            pyrage.decrypt_io(cast("BinaryIO", opening), cast("BinaryIO", passing), [keys.identity])
            is_whole = not opening.read(1)
        except (pyrage.DecryptError, OSError) as error:
            if passing.error or opening.error:
                raise (passing.error or opening.error or error) from error
            if "No matching keys" in str(error):
                raise WrongKey(f"{name} was encrypted with another key than the one given.") from None
            raise BackupDamaged(f"{name} is damaged: it cannot be decrypted.") from None
    proven = _mac(keys, name, opening.digest.digest())
    if not is_whole or not hmac.compare_digest(proven, opening.mac):
        raise BackupDamaged(f"{name} is not what LocalEx stored under this name: it was changed, cut or exchanged.")
    opening.digest.update(opening.mac)
    if expected and (opening.size, opening.digest.hexdigest()) != (expected.size, expected.sha256):
        raise BackupDamaged(f"{name} is not the object that the manifest names: it was exchanged.")


class _Small:
    """Takes a small object into memory."""

    def __init__(self) -> None:
        self.chunks = bytearray()

    def write(self, data: bytes) -> int:
        if len(self.chunks) + len(data) > MAX_SMALL_BYTES:
            raise BackupDamaged("An object that should be small is not.")
        self.chunks += data
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""


def read_small(store: Store, keys: Keys, name: str, expected: StoredFile | None = None) -> bytes:
    """A small object as a whole, proven before it is returned."""
    target = _Small()
    unseal(store, keys, name, target, expected)
    return bytes(target.chunks)


def read_small_compressed(store: Store, keys: Keys, name: str) -> bytes:
    """Like `read_small` for an object of `seal_compressed`."""
    target = _Small()
    unseal_compressed(store, keys, name, target)
    return bytes(target.chunks)


def unseal_compressed(store: Store, keys: Keys, name: str, target: Writer) -> None:
    """Like `unseal` for one object of `seal_compressed`."""
    with zstandard.ZstdDecompressor().stream_writer(cast("Any", target), closefd=False) as writer:
        try:
            unseal(store, keys, name, cast("Writer", writer))
        except zstandard.ZstdError as error:
            raise BackupDamaged(f"{name} is damaged: it cannot be decompressed.") from error


@contextlib.contextmanager
def piped(produce: Callable[[BinaryIO], None]) -> Iterator[BinaryIO]:
    """What `produce` writes in a thread of its own, as a source to read; its error is raised at the end of the block.

    The block should read to the end. Memory stays bounded by the pipe's.
    """
    read_end, write_end = os.pipe()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            with os.fdopen(write_end, "wb", buffering=CHUNK_BYTES) as target:
                produce(target)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run, name="backup pipe")
    thread.start()
    try:
        with os.fdopen(read_end, "rb", buffering=CHUNK_BYTES) as source:
            yield source
    except BaseException as error:
        thread.join()
        if failures and not isinstance(failures[0], BrokenPipeError):
            raise failures[0] from error
        raise
    thread.join()
    if failures:
        raise failures[0]


@contextlib.contextmanager
def unpacking(store: Store, keys: Keys, parts: Sequence[StoredFile | str]) -> Iterator[BinaryIO]:
    """The decrypted and decompressed bytes of `parts` one after the other, which hold one zstd stream.

    Proven part by part: what was read counts only when the block has ended without an error. Raises as `unseal`
    does, and BackupDamaged when the bytes are no zstd stream.
    """

    def produce(target: BinaryIO) -> None:
        for part in parts:
            name, expected = (part, None) if isinstance(part, str) else (part.name, part)
            unseal(store, keys, name, target, expected)

    with piped(produce) as source:
        reader = zstandard.ZstdDecompressor().stream_reader(source, closefd=False)
        try:
            yield cast("BinaryIO", reader)
            while source.read(CHUNK_BYTES):
                pass
        except zstandard.ZstdError as error:
            first = parts[0] if parts else ""
            name = first if isinstance(first, str) else first.name
            raise BackupDamaged(f"{name} and what follows is damaged: it cannot be decompressed.") from error
