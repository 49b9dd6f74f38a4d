"""Fills the demo town once, and never an installation where real people are."""

from typing import TYPE_CHECKING

from localex.cli.calling import DEMO_NOTE
from localex.embedded.directory import replace_file
from localex.embedded.errors import ExitCode, StartError
from localex.embedded.installation import Installation

if TYPE_CHECKING:
    from pathlib import Path

NOTE = DEMO_NOTE
FILLING, FILLED = "filling", "filled"


def is_filled(installation: Installation) -> bool:
    """Whether the town was made to its end in this very database; quick, without Django."""
    return _read_note(installation) == f"{_identity(installation)} {FILLED}"


def run_fill_demo(installation: Installation) -> None:
    """What `localex demo` does before it serves: make the town, or go on where an interrupted start stopped."""
    from localex.cli.application import application
    from localex.cli.output import progress, say

    owner_url = installation.owner_url  # the ledger's clock follows the town's past while it is written
    with application(installation):
        identity = _identity(installation)
        if not _read_note(installation).startswith(identity):
            _check_nobody_lives_here(installation)
        from localex.demo.services import fill

        replace_file(_note(installation), f"{identity} {FILLING}")
        say("Filling the demo town: 60 neighbours, 300 listings and their pictures. This takes a few minutes, once.")
        with progress("Filling the demo town") as report:
            fill(progress=report, owner_url=owner_url)
        replace_file(_note(installation), f"{identity} {FILLED}")


def check_no_town(installation: Installation) -> None:
    """Refuse to run the demo town in earnest: its neighbours are invented, and nobody knows their passwords."""
    note = _read_note(installation)
    if note and note.startswith(f"{_identity(installation)} "):
        raise StartError(
            f"The demo town lives in {installation.directory.root}; `localex up` is for real people. "
            "Start the town with `localex demo`, or choose another directory with --data-dir.",
            ExitCode.IS_A_DEMO,
        )


def put_clock_right(installation: Installation) -> None:
    """Before anybody trades: a filling that was killed left the ledger a clock that can be shifted."""
    import psycopg

    from localex.credits.rehearsal import restore_clock

    try:
        restore_clock(app_url=installation.app_url, owner_url=installation.owner_url)
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[-1]
        raise StartError(
            f"The filling of a demo town was interrupted, and the ledger's clock cannot be put right ({reason}). "
            "Check DATABASE_OWNER_URL, or DATABASE_URL.",
            ExitCode.PART_FAILED,
        ) from error


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
