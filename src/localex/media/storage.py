"""Files on disk that are either whole or not there, and the names they go by."""

import contextlib
import os
import tempfile
from pathlib import Path
from uuid import UUID

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage

INCOMING = "incoming"


class AtomicFileStorage(FileSystemStorage):
    """Django's files on disk, written beside their place and renamed into it.

    Whoever is killed in the middle leaves a `.part` file, never half a picture. A name that exists is replaced: names
    are ids or digests, so the content is the same.
    """

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """The name as it is."""
        return name

    def _save(self, name: str, content: File) -> str:
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, part = tempfile.mkstemp(suffix=".part", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, target)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)
            raise
        return name


def incoming_name(photo_id: UUID) -> str:
    """Where an untouched upload waits. Nothing serves this folder."""
    return f"{INCOMING}/{photo_id}"


def picture_key(sha256: str, size: int) -> str:
    """The public name of one rendition: what follows `/media/`."""
    return f"{sha256}-{size}.webp"


def picture_name(key: str) -> str:
    """Where the rendition of this key lies in the storage; 256 folders keep each of them small."""
    return f"pictures/{key[:2]}/{key}"
