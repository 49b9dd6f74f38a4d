"""Places for installations that the supervisor's tests start."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import temporary_folder


@pytest.fixture
def place() -> Iterator[Path]:
    """A new folder that the database's unprivileged user can reach, also when the tests run as root.

    pytest's own `tmp_path` lies in a folder that only its owner may enter.
    """
    folder = temporary_folder("lx-")
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def data_dir(place: Path) -> Path:
    """A data directory that is not there yet; with a space in its path, as people have them."""
    return place / "data dir"
