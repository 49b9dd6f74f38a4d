"""What can stop an installation from starting, each with its own exit code for scripts."""

import enum
import errno
import os

FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class ExitCode(enum.IntEnum):
    """What the `localex` command returns. 2 is left to wrong usage."""

    OK = 0
    FAILED = 1
    USAGE = 2
    SETTINGS = 10
    NOT_WRITABLE = 11
    ALREADY_RUNNING = 12
    PORT_TAKEN = 13
    DISK_FULL = 14
    NEWER_VERSION = 15
    NO_USER = 16
    PART_MISSING = 17
    PART_FAILED = 18
    MIGRATION_FAILED = 19
    DAMAGED = 20
    NOT_RUNNING = 21
    NOT_A_DEMO = 22
    IS_A_DEMO = 23
    KEY_NOT_CONFIRMED = 24
    BACKUP_DAMAGED = 25
    NOTHING_TO_RESTORE = 26


class StartError(Exception):
    """The installation cannot go on; the message says what is wrong and how to mend it, in a sentence or two."""

    def __init__(self, message: str, exit_code: ExitCode) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code


class Stopped(Exception):
    """SIGINT or SIGTERM came while something was still being waited for."""


def disk_full(path: os.PathLike[str] | str) -> StartError:
    """The error for a disk without space, wherever it shows up."""
    return StartError(
        f"The disk that holds {path} is full. Nothing was damaged; free some space and start again.", ExitCode.DISK_FULL
    )


def not_writable(path: os.PathLike[str] | str, reason: str) -> StartError:
    """The error for a directory that cannot be made or written."""
    return StartError(
        f"The data directory {path} cannot be written ({reason}). "
        "Give yourself the right to write there, or choose another with --data-dir.",
        ExitCode.NOT_WRITABLE,
    )


def from_os_error(error: OSError, path: os.PathLike[str] | str) -> StartError:
    """Turn an error of the operating system about `path` into a sentence that says how to mend it."""
    if error.errno in FULL_DISK:
        return disk_full(path)
    return not_writable(path, error.strerror or str(error))


def mentions_full_disk(text: str) -> bool:
    """Whether a server's own words say that the disk is full."""
    return any(os.strerror(number) in text for number in FULL_DISK)
