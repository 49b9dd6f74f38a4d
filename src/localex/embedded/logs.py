"""Log files of the servers, limited in size."""

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

MAX_BYTES = 5_000_000
KEPT_FILES = 3
TAIL_BYTES = 4_000


class LogFile:
    """Takes a server's words and keeps at most `KEPT_FILES` older files of `MAX_BYTES` each beside the current one.

    The supervisor rotates, so that no server needs to be told to reopen its log.
    """

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._descriptor = -1
        self._followers: list[threading.Thread] = []

    def follow(self, stream: IO[bytes]) -> None:
        """Copy everything from `stream` until its end, in a thread of its own."""
        follower = threading.Thread(target=self._copy, args=(stream,), name=f"log {self.path.name}", daemon=True)
        self._followers = [*(old for old in self._followers if old.is_alive()), follower]
        follower.start()

    def write(self, words: bytes) -> None:
        """Append `words`. What a full disk cannot take is dropped: a log must never stop its server."""
        with self._lock, contextlib.suppress(OSError):
            if self._descriptor < 0:
                self._descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if os.fstat(self._descriptor).st_size + len(words) > self._max_bytes:
                self._rotate()
            os.write(self._descriptor, words)

    def tail(self, size: int = TAIL_BYTES) -> str:
        """The last `size` bytes as text, for an error message about a server that has ended."""
        for follower in self._followers:
            follower.join(timeout=1)
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - size))
                return file.read().decode(errors="replace")
        except OSError:
            return ""

    def _copy(self, stream: IO[bytes]) -> None:
        # `read1` returns what is there instead of waiting for a full buffer.
        with stream, contextlib.suppress(ValueError):
            while words := stream.read1(65_536):  # type: ignore[attr-defined]
                self.write(words)

    def _rotate(self) -> None:
        os.close(self._descriptor)
        self._descriptor = -1
        for number in range(KEPT_FILES - 1, 0, -1):
            with contextlib.suppress(FileNotFoundError):
                self._numbered(number).rename(self._numbered(number + 1))
        self.path.rename(self._numbered(1))
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


WARNING = "WARNING "


class EchoingLog(LogFile):
    """A log whose lines that begin with WARNING are told to the operator's terminal as well."""

    def __init__(self, path: Path, *, tell: Callable[[str], None]) -> None:
        super().__init__(path)
        self._tell = tell
        self._rest = b""

    def write(self, words: bytes) -> None:
        """See LogFile; a line that comes in pieces is told once, when its end is there."""
        super().write(words)
        *lines, self._rest = (self._rest + words)[-TAIL_BYTES:].split(b"\n")
        for line in lines:
            if line.startswith(WARNING.encode()):
                self._tell(line.decode(errors="replace").removeprefix(WARNING))
