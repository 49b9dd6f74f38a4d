"""Which store and which key the commands about backups use."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from localex.backup.place import read_place
from localex.backup.stores import Store, find_store
from localex.cli.calling import pasteable
from localex.cli.output import error_console
from localex.embedded.errors import ExitCode, StartError

if TYPE_CHECKING:
    from localex.backup.keys import Keys
    from localex.embedded.installation import Installation

StoreDir = Annotated[
    Path | None,
    typer.Option(
        "--store",
        envvar="LOCALEX_BACKUP_DIR",
        help="Folder of the backups, best on another disk.",
        show_default="where `localex up` was last told to keep them, or backups in the data directory",
    ),
]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key", help="File with the backup key.", show_default="the data directory's own"),
]


def open_store(own: "Installation", folder: Path | None) -> Store:
    """The store `folder`, or the installation's own; a place that nobody named in this call is said."""
    found = find_store(own.directory, folder)
    if folder is None and read_place(own.directory):
        words = f"Backups in {found.place}, where `localex up` keeps them; --store names another folder."
        error_console().print(pasteable(words), markup=False, style="dim")
    return found


def find_keys(own: "Installation", file: Path | None) -> "Keys":
    """The key that opens them: a copy, or the installation's own. Raises StartError when there is none."""
    from localex.backup.keys import FILE, Keys

    if file:
        return Keys.read(file)
    path = own.directory.secrets / FILE
    if not path.exists():
        raise StartError(
            f"There is no backup key in {own.directory.secrets}. Say with --key where your copy of it is.",
            ExitCode.SETTINGS,
        )
    return Keys.read(path, own.directory.secrets)


def own_keys(own: "Installation") -> "Keys":
    """The installation's key, made now if there is none. Raises StartError when there is no installation."""
    from localex.backup.keys import Keys

    if not own.directory.secrets.is_dir():
        raise StartError(
            f"There is no installation in {own.directory.root}. Start one with `localex up`, "
            "or say with --data-dir where yours is.",
            ExitCode.NOT_RUNNING,
        )
    return Keys.prepare(own.directory.secrets)
