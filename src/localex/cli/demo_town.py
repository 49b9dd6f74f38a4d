"""Fills the demo town once, and never an installation where real people are."""

from typing import TYPE_CHECKING

from localex.embedded.directory import replace_file
from localex.embedded.errors import ExitCode, StartError
from localex.embedded.installation import Installation

if TYPE_CHECKING:
    from pathlib import Path

NOTE = "demo-town"
FILLING, FILLED = "filling", "filled"


def is_filled(installation: Installation) -> bool:
    """Whether the town was made to its end in this very database; quick, without Django."""
    return _read_note(installation) == f"{_identity(installation)} {FILLED}"


def run_fill_demo(installation: Installation) -> None:
    """What `localex demo` does before it serves: make the town, or go on where an interrupted start stopped."""
    from localex.cli.application import application
    from localex.cli.output import progress

    owner_url = installation.owner_url  # the ledger's clock follows the town's past while it is written
    with application(installation):
        identity = _identity(installation)
        if not _read_note(installation).startswith(identity):
            _check_nobody_lives_here(installation)
        from localex.demo.services import fill

        replace_file(_note(installation), f"{identity} {FILLING}")
        with progress("Filling the demo town") as report:
            fill(progress=report, owner_url=owner_url)
        replace_file(_note(installation), f"{identity} {FILLED}")


def _check_nobody_lives_here(installation: Installation) -> None:
    from django.contrib.auth import get_user_model

    if get_user_model().objects.exists():
        raise StartError(
            f"Real people use the installation in {installation.directory.root}; the demo town would mix with them. "
            "Give the demo a directory of its own with --data-dir.",
            ExitCode.NOT_A_DEMO,
        )


def _note(installation: Installation) -> "Path":
    return installation.directory.root / NOTE


def _read_note(installation: Installation) -> str:
    try:
        return _note(installation).read_text()
    except OSError:
        return ""


def _identity(installation: Installation) -> str:
    import psycopg

    from localex.embedded.schema_state import database_identity

    with psycopg.connect(installation.app_url, connect_timeout=5) as connection:
        return database_identity(connection)
