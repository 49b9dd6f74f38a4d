"""The key of an installation's backups: one age identity (X25519), which opens them and vouches for them.

Without it a backup is noise, and it lies on the disk that a backup is for: so a person has to keep a copy elsewhere and
say so before `localex backup` goes on. The file has the form that the `age` program reads as well.
"""

import contextlib
import hashlib
import hmac
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pyrage  # type: ignore[import-untyped]

from localex.backup.errors import BackupError, WrongKey
from localex.embedded.directory import replace_file

FILE = "backup_key"
CONFIRMED = "backup_key.confirmed"
PREFIX = "AGE-SECRET-KEY-1"
# What a person types to show that the copy is legible.
CONFIRM_CHARACTERS = 8
# Separates this use of the key from every other, now and later.
_MAC_PURPOSE = b"localex backup authentication v1"


def file_text(secret: str) -> str:
    """What stands in the file of a key; `age -d -i FILE` reads it as well."""
    return f"# The key of this LocalEx installation's backups. Keep a copy elsewhere.\n{secret}\n"


@dataclass(frozen=True)
class Keys:
    """An opened key. `folder` is where its confirmation is noted; None for a key that came from elsewhere."""

    secret: str = field(repr=False)
    folder: Path | None = None

    @classmethod
    def prepare(cls, folder: Path) -> "Keys":
        """The key in `folder` (the installation's secrets), made now if there is none."""
        path = folder / FILE
        if not path.exists():
            draft = folder / f".{FILE}.{os.getpid()}.new"
            replace_file(draft, file_text(str(pyrage.x25519.Identity.generate())))
            # Two processes may be the first at the same time: the second one takes the key of the first.
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
            draft.unlink()
        return cls.read(path, folder=folder)

    @classmethod
    def read(cls, path: Path, folder: Path | None = None) -> "Keys":
        """The key in the file `path`. Raises WrongKey when there is none in it."""
        try:
            lines = path.read_text(encoding="ascii", errors="replace").split()
        except OSError as error:
            raise BackupError(f"The backup key {path} cannot be read ({error.strerror}).") from error
        found = [word for word in lines if word.upper().startswith(PREFIX)]
        if len(found) != 1:
            raise WrongKey(f"{path} holds no backup key: one line of it must begin with {PREFIX}.")
        keys = cls(found[0].upper(), folder)
        try:
            keys.identity  # noqa: B018 -- parsed now, so that a typing error is told before anything else
        except pyrage.IdentityError:
            raise WrongKey(f"The backup key in {path} has a typing error: it does not add up.") from None
        return keys

    @cached_property
    def identity(self) -> pyrage.x25519.Identity:
        """What opens."""
        return pyrage.x25519.Identity.from_str(self.secret)

    @cached_property
    def recipient(self) -> pyrage.x25519.Recipient:
        """What closes; not secret."""
        return self.identity.to_public()

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal characters that name the key without giving it away."""
        return hashlib.sha256(str(self.recipient).encode()).hexdigest()[:16]

    @cached_property
    def mac_key(self) -> bytes:
        """Vouches for what is stored: whoever can write to the store cannot make this from the public half."""
        return hmac.digest(self.secret.encode(), _MAC_PURPOSE, "sha256")

    @property
    def is_confirmed(self) -> bool:
        """Whether somebody said that a copy of this very key is kept elsewhere."""
        if self.folder is None:
            return True
        try:
            return (self.folder / CONFIRMED).read_text().strip() == self.fingerprint
        except OSError:
            return False

    def confirm_typed(self, characters: str) -> None:
        """Note that a copy exists: `characters` are the key's last eight, read from it. Raises BackupError."""
        typed = characters.strip().upper()
        if not hmac.compare_digest(typed.encode(), self.secret[-CONFIRM_CHARACTERS:].encode()):
            raise BackupError("These are not the last 8 characters of the backup key. Nothing was confirmed.")
        self._note_confirmed()

    def confirm_copy(self, path: Path) -> bool:
        """Note that a copy exists: the file `path` holds the same key. Raises BackupError.

        False when the file lies on the disk of the original, as far as the file system tells: it may be on its way.
        """
        if Keys.read(path).secret != self.secret:
            raise WrongKey(f"{path} holds another key than this installation's. Nothing was confirmed.")
        if self.folder is not None:
            self._check_elsewhere(path, self.folder)
        self._note_confirmed()
        return self.folder is None or path.stat().st_dev != self.folder.stat().st_dev

    def _check_elsewhere(self, path: Path, folder: Path) -> None:
        """Refuse the key's own file, by whatever name, and anything else that goes with the data directory."""
        own = folder / FILE
        if (own.exists() and path.samefile(own)) or path.resolve().is_relative_to(folder.resolve().parent):
            raise BackupError(
                f"{path} is the key itself or lies in the data directory with it, so it is no copy: what takes the one "
                "takes the other. Nothing was confirmed."
            )

    def _note_confirmed(self) -> None:
        if self.folder is not None:
            replace_file(self.folder / CONFIRMED, f"{self.fingerprint}\n")
