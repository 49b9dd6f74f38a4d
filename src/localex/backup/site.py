"""What is backed up: an installation's database and data directory."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localex.backup.errors import BackupError
from localex.embedded import roles
from localex.embedded.binaries import postgres_bin
from localex.embedded.directory import DataDirectory
from localex.embedded.installation import Installation
from localex.embedded.users import ServerUser

if TYPE_CHECKING:
    import psycopg

CONNECT_SECONDS = 10


@dataclass(frozen=True)
class Site:
    """`url` is the database as a role that may replicate; `user` runs PostgreSQL's programs."""

    directory: DataDirectory
    url: str
    user: ServerUser

    @classmethod
    def of(cls, installation: Installation, *, outside_url: str = "") -> "Site":
        """The site of an installation.

        `outside_url` (LOCALEX_BACKUP_URL) is needed when DATABASE_URL names a server outside: a role with REPLICATION
        and the rights of pg_read_all_data, in the same database, reached without a pooler. Raises BackupError without.
        """
        directory = installation.directory
        if outside_url:
            return cls(directory, outside_url, ServerUser())
        if not installation.has_own_postgres:
            raise BackupError(
                "DATABASE_URL names a PostgreSQL outside, and its backup needs a role that may replicate: "
                "set LOCALEX_BACKUP_URL to its address."
            )
        return cls(directory, installation.cluster.url(roles.SUPER), directory.server_user)

    @property
    def programs(self) -> Path:
        """The folder of PostgreSQL's programs."""
        return postgres_bin(self.user, self.directory.engine)

    def connect(self) -> "psycopg.Connection[Any]":
        """An autocommit connection. Raises BackupError when the database is not there."""
        import psycopg

        try:
            return psycopg.connect(self.url, autocommit=True, connect_timeout=CONNECT_SECONDS)
        except psycopg.OperationalError as error:
            reason = str(error).strip().splitlines()[-1]
            raise BackupError(f"The database cannot be reached ({reason}).") from error

    @contextlib.contextmanager
    def connected(self) -> "Iterator[psycopg.Connection[Any]]":
        """Like `connect`, for a block; what the database refuses or cannot do there becomes a BackupError."""
        import psycopg

        try:
            with self.connect() as connection:
                yield connection
        except psycopg.Error as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise BackupError(f"The database did not do what a backup needs ({reason}).") from error

    def program_environment(self) -> dict[str, str | None]:
        """The variables for PostgreSQL's programs: the password goes this way, never on a command line."""
        removed: dict[str, str | None] = dict.fromkeys((name for name in os.environ if name.startswith("PG")), None)
        from psycopg.conninfo import conninfo_to_dict

        password = conninfo_to_dict(self.url).get("password")
        return {**removed, "LC_ALL": "C", "PGPASSWORD": str(password) if password else None}

    def program_address(self) -> str:
        """The address for PostgreSQL's programs, without the password."""
        from psycopg.conninfo import conninfo_to_dict, make_conninfo

        words = {name: value for name, value in conninfo_to_dict(self.url).items() if name != "password"}
        return make_conninfo("", **words)
