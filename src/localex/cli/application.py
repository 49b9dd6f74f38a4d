"""Sets Django up inside this process, for the commands that need the application itself."""

import contextlib
import os
from collections.abc import Iterator

from localex.embedded.errors import ExitCode, StartError
from localex.embedded.installation import Installation

# No such schema, table, column, function: what a command meets in a database of an older release.
MISSING = {"3F000", "42P01", "42703", "42883"}


@contextlib.contextmanager
def application(installation: Installation, *, as_owner: bool = False) -> Iterator[None]:
    """Django, connected to the installation's database, which is started for this if it does not run.

    `as_owner` connects as the owner of the tables: for migrations only.
    """
    with installation.database():
        variables = installation.environment(as_owner=as_owner)
        if as_owner:
            variables["DATABASE_URL"] = installation.owner_url
        for name, value in variables.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        # A person reads what a command prints; what happened is told by its own words, not by a line for machines.
        os.environ.setdefault("LOCALEX_LOG_LEVEL", "ERROR")
        set_up()
        from django.db import ProgrammingError

        try:
            yield
        except ProgrammingError as error:
            if getattr(error.__cause__, "sqlstate", "") not in MISSING:
                raise
            raise StartError(
                "The database lacks something that this LocalEx needs: its schema is of another version. "
                "Run `localex migrate`, which says so when the database is the newer one.",
                ExitCode.NEWER_VERSION,
            ) from error
        finally:
            _disconnect()


def set_up() -> None:
    """Set Django up from the environment. Raises StartError for a setting that is missing or wrong."""
    import django

    from localex.config.environment import SettingsError

    try:
        django.setup()
    except SettingsError as error:
        raise StartError(str(error), ExitCode.SETTINGS) from error


def _disconnect() -> None:
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.close()
        close_pool = getattr(connection, "close_pool", None)
        if close_pool is not None:
            close_pool()


def check_settings() -> None:
    """Raise StartError when a variable is missing or wrong; cheap, without Django."""
    from localex.config.environment import SettingsError, read_environment

    try:
        read_environment()
    except SettingsError as error:
        raise StartError(str(error), ExitCode.SETTINGS) from error
