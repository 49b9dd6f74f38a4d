"""Passwords and keys that are made on the first start and never shown."""

import secrets
from pathlib import Path

from localex.embedded.directory import replace_file
from localex.embedded.errors import ExitCode, StartError

# Longer than anybody could guess: 32 bytes of randomness.
SECRET_BYTES = 32
SIGNING_KEY = "secret_key"
NAMES = ("super_password", "owner_password", "app_password", SIGNING_KEY)


class SecretFiles:
    """The files of `folder`, each with one secret, readable by their owner only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self, *, is_first_start: bool) -> list[str]:
        """Make what is missing and return the names.

        Raises StartError when the database is there but its passwords are gone. The secret key opens nothing: it signs
        sessions and links, so that removing its file is how it is changed.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        missing = [name for name in NAMES if not (self.folder / name).exists()]
        lost = [name for name in missing if name != SIGNING_KEY]
        if lost and not is_first_start:
            raise StartError(
                f"The folder {self.folder} has lost {', '.join(lost)}, without which the database cannot be opened. "
                "Put it back from a backup.",
                ExitCode.DAMAGED,
            )
        for name in missing:
            replace_file(self.folder / name, secrets.token_urlsafe(SECRET_BYTES))
        return missing

    def read(self, name: str) -> str:
        """The secret called `name`. Raises StartError when it is not there."""
        try:
            return (self.folder / name).read_text().strip()
        except OSError as error:
            raise StartError(
                f"The secret {self.folder / name} cannot be read ({error.strerror}). "
                "Run the command as the user who started LocalEx.",
                ExitCode.DAMAGED,
            ) from error
