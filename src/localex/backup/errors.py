"""What can go wrong with a backup, in sentences, each with an exit code for scripts."""

import errno

from localex.embedded.errors import FULL_DISK, ExitCode, StartError
from localex.lib.plain import plain


class BackupError(StartError):
    """The backup, or what was asked of it, cannot go on; nothing half-made counts.

    The message may hold names from a store that somebody else could write to, so it is made plain.
    """

    code = ExitCode.FAILED

    def __init__(self, message: str) -> None:
        super().__init__(plain(message), self.code)


class KeyNotConfirmed(BackupError):
    """Nobody has said yet that the key is kept somewhere else, without which a backup is worth nothing."""

    code = ExitCode.KEY_NOT_CONFIRMED


class BackupDamaged(BackupError):
    """Something in the store is missing, changed, or belongs elsewhere; the message names it."""

    code = ExitCode.BACKUP_DAMAGED


class WrongKey(BackupDamaged):
    """The key does not open what is in the store."""


class NothingToRestore(BackupError):
    """No backup reaches the time that was asked for; the message names the times that are possible."""

    code = ExitCode.NOTHING_TO_RESTORE


class StoreFull(BackupError):
    """The place where backups are kept has no space left; what was there is as it was."""

    code = ExitCode.DISK_FULL


class StoreGone(BackupError):
    """The place of the backups is not the store that was used there, as when its disk is not mounted."""

    code = ExitCode.NOT_WRITABLE


class Busy(BackupError):
    """Another process is making a backup in this store, or restoring into this directory."""

    code = ExitCode.ALREADY_RUNNING


def words_of(error: Exception) -> str:
    """What to tell people about any error: its own sentence, or for one that nobody foresaw its kind and words."""
    return error.message if isinstance(error, StartError) else plain(f"{type(error).__name__}: {error}")


def store_error(error: OSError, place: object) -> BackupError:
    """The sentence for an error of the operating system while something was written to or read from `place`."""
    if error.errno in FULL_DISK:
        return StoreFull(
            f"There is no space left in {place}. Nothing half-made counts and older backups are as they were; "
            "free some space and run it again."
        )
    if error.errno == errno.ENOENT:
        return BackupDamaged(f"{error.filename or place} is missing.")
    return BackupError(f"{error.filename or place} cannot be used ({error.strerror or error}).")
