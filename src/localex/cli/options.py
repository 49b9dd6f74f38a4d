"""The options that several commands share, and how they become an installation."""

import os
from pathlib import Path
from typing import Annotated

import typer

from localex.embedded.directory import default_data_dir
from localex.embedded.installation import Installation

DEFAULT_PORT = 8000
DEFAULT_HOST = "127.0.0.1"

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        envvar="LOCALEX_DATA_DIR",
        help="Folder that keeps everything: database, pictures, secrets, logs.",
        show_default="~/.local/share/localex",
    ),
]
Port = Annotated[int, typer.Option("--port", envvar="LOCALEX_PORT", min=1, max=65535, help="Port of the web server.")]
Host = Annotated[
    str,
    typer.Option("--host", envvar="LOCALEX_HOST", help="Address to listen on; 0.0.0.0 lets other machines in."),
]


def installation(data_dir: Path | None) -> Installation:
    """The installation that the options name; the environment may switch parts of it to servers outside."""
    # A copy, because a command that becomes the application changes its environment.
    return Installation.at(data_dir or default_data_dir(), dict(os.environ))
