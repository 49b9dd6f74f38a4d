"""The parent's side of the child process: sends a picture, gets clean WebP files or a reason back."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import IO

from localex.media.errors import DecoderDied, PhotoRefused
from localex.media.formats import SIZES

# Longer than the child's 10 s of processor time, because a busy machine may give it only a part of a core.
ANSWER_SECONDS = 40
TOO_LONG = "This picture takes too long to open. Save it again in a simpler form and try once more."

# A decoder that crashes or runs out of its processor time was brought there by the picture.
BLAMED_SIGNALS = frozenset(
    {signal.SIGXCPU, signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGTRAP, signal.SIGFPE, signal.SIGILL}
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A picture ready to be kept: pixels of the largest rendition, a blurred data URI, a WebP file for each size."""

    width: int
    height: int
    placeholder: str
    files: dict[int, bytes]

    @property
    def sha256(self) -> str:
        """The digest of all files together, which names them."""
        digest = hashlib.sha256()
        for size in SIZES:
            digest.update(hashlib.sha256(self.files[size]).digest())
        return digest.hexdigest()


class Decoder:
    """One child process, used as a context manager. A stranger's picture gets a child of its own; the demo town, which
    makes its pictures itself, keeps one warm for hundreds."""

    def __enter__(self) -> "Decoder":
        # Nothing of our environment is passed on: it holds the database's password.
        surroundings = {
            "PYTHONPATH": _search_path(),
            "PYTHONSAFEPATH": "1",
            "VIPS_CONCURRENCY": "1",
            "MALLOC_ARENA_MAX": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "localex.media.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=surroundings,
            start_new_session=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def revive(self) -> None:
        """Start anew when the child has ended."""
        if self._process.poll() is not None:
            self.__exit__(None, None, None)
            self.__enter__()

    def render(self, content: bytes) -> Rendered:
        """Decode one picture. PhotoRefused when it cannot be used, DecoderDied when the child was lost otherwise."""
        source, answers = self._pipes()
        clock = threading.Timer(ANSWER_SECONDS, self._process.kill)
        clock.start()
        try:
            source.write(json.dumps({"length": len(content)}).encode() + b"\n" + content)
            source.flush()
            return self._read_answer(answers)
        except (BrokenPipeError, EOFError, ValueError, KeyError) as error:
            raise self._explain() from error
        finally:
            clock.cancel()

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process.stdin is None or self._process.stdout is None:
            raise DecoderDied("the child has no pipes")
        return self._process.stdin, self._process.stdout

    def _read_answer(self, answers: IO[bytes]) -> Rendered:
        line = answers.readline(10_000)
        if not line:
            raise EOFError
        header = json.loads(line)
        if "reason" in header:
            raise PhotoRefused(str(header["reason"])[:200])
        files = {size: answers.read(length) for size, length in zip(SIZES, header["lengths"], strict=True)}
        if [len(file) for file in files.values()] != header["lengths"]:
            raise EOFError
        return Rendered(int(header["width"]), int(header["height"]), str(header["placeholder"]), files)

    def _explain(self) -> Exception:
        status = self._process.wait(ANSWER_SECONDS)
        if -status in BLAMED_SIGNALS:
            return PhotoRefused(TOO_LONG)
        return DecoderDied(f"the child ended with status {status}")


def _search_path() -> str:
    """Our own search path without the current folder, in which others may have put files."""
    here = ""
    # The folder may be gone by now.
    with contextlib.suppress(OSError):
        here = os.getcwd()
    return os.pathsep.join(path for path in sys.path if os.path.isabs(path) and path != here)


def render(content: bytes) -> Rendered:
    """Decode one picture in a child of its own."""
    with Decoder() as decoder:
        return decoder.render(content)
