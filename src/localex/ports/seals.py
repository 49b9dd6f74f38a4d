"""Where the ledger's seals are published: somewhere that who changes the database does not also change by the way.

Today a folder in the data directory, whose files backups and other machines can copy; later the object store as well.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

ENDING = ".json"


class SealPublisher(Protocol):
    """Keeps one small text for each number."""

    def publish(self, number: int, text: str) -> None:
        """Keep `text` as seal `number`, wholly or not at all. OSError when it cannot be written."""

    def read(self, number: int) -> str | None:
        """The text of seal `number`, or None when there is none."""

    def numbers(self) -> Iterable[int]:
        """The numbers of all seals that are published, in order."""


class FolderPublisher:
    """Files `<number>.json` in one folder, written beside their place and renamed into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, number: int) -> Path:
        return self.folder / f"{number}{ENDING}"

    def publish(self, number: int, text: str) -> None:
        """See SealPublisher; the file and its name are on the disk when this returns."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(suffix=".part", dir=self.folder)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, self._path(number))
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)
            raise
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def read(self, number: int) -> str | None:
        """See SealPublisher. A file that is no text is read as far as it is one: it differs from every seal."""
        try:
            return self._path(number).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return None

    def numbers(self) -> list[int]:
        """See SealPublisher. Files with other names are nobody's seals."""
        if not self.folder.is_dir():
            return []
        names = (path.stem for path in self.folder.iterdir() if path.suffix == ENDING)
        return sorted(int(name) for name in names if name.isascii() and name.isdigit())
