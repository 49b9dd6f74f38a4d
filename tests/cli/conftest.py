"""Runs the real command in a process of its own, against a database of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers import Servers

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def run_command(*words: str, stdin: str = "", **variables: str) -> "subprocess.CompletedProcess[str]":
    """`localex` with these words; `variables` are added to the environment, which has a wide terminal."""
    return subprocess.run(
        [sys.executable, "-m", "localex.cli", *words],
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", **variables},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def empty_database(servers: Servers) -> Iterator[str]:
    """The name of a database without any table."""
    with servers.scratch_database(migrated=False) as name:
        yield name


@pytest.fixture
def database(servers: Servers) -> Iterator[str]:
    """The name of a migrated database that nobody else uses."""
    with servers.scratch_database() as name:
        yield name


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
