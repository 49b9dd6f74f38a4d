"""Runs the real command in a process of its own, against a database of its own."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes import run_python
from tests.servers import Servers

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def run_command(*words: str, stdin: str = "", **variables: str) -> "subprocess.CompletedProcess[str]":
    """`localex` with these words; `variables` are added to the environment, which has a wide terminal."""
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", **variables}
    return run_python("-m", "localex.cli", *words, environment=environment, typed=stdin)


@pytest.fixture
def localex(servers: Servers, tmp_path: Path) -> Run:
    """Runs `localex` with the addresses of the database that the first argument names, as a new installation."""

    def run(name: str, *words: str, stdin: str = "", **variables: str) -> "subprocess.CompletedProcess[str]":
        environment = servers.environment(name)
        environment.pop("DJANGO_SETTINGS_MODULE")
        # The directory remembers that there was a database.
        environment["LOCALEX_DATA_DIR"] = str(tmp_path / name)
        (tmp_path / name).mkdir(exist_ok=True)
        return run_command(*words, stdin=stdin, **{**environment, **variables})

    return run
