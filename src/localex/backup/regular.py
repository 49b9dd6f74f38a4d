"""Opens files that somebody else may have put there: only regular ones, so that nothing waits or never ends.

A pipe of that name would let its reader wait for ever, a link could lead to a device without an end.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from localex.backup.errors import BackupDamaged


def open_regular(path: Path, flags: int = os.O_RDONLY, mode: int = 0o600) -> int:
    """A descriptor of the regular file `path`. Raises OSError, BackupDamaged when it is anything else.

    Neither waits for a pipe's other end nor follows a link; a missing file is made when `flags` say so.
    """
    if path.is_symlink():
        raise _refusal(path, stat.S_IFLNK)
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, mode)
    found = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(found):
        os.close(descriptor)
        raise _refusal(path, found)
    return descriptor


def read_regular(path: Path, limit_bytes: int) -> bytes:
    """The whole of a small regular file. Raises as `open_regular`, and BackupDamaged when it is larger."""
    with open_to_read(path) as file:
        data = file.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise BackupDamaged(f"{path} is larger than anything that LocalEx writes there.")
    return data


def open_to_read(path: Path) -> BinaryIO:
    """Like `open_regular`, as a file to read."""
    return os.fdopen(open_regular(path), "rb")


def regular_size(path: Path) -> int:
    """The size in bytes; 0 for what is no regular file, which holds nothing of ours. Raises OSError."""
    found = path.lstat()
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


def _refusal(path: Path, mode: int) -> BackupDamaged:
    kinds = {stat.S_IFLNK: "a link", stat.S_IFIFO: "a pipe", stat.S_IFDIR: "a folder", stat.S_IFSOCK: "a socket"}
    return BackupDamaged(
        f"{path} is {kinds.get(stat.S_IFMT(mode), 'a device')} and no file: LocalEx did not put it there."
    )
