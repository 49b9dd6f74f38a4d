"""Fixtures for the tests of pictures."""

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    """A storage of its own for each test."""
    place = {"BACKEND": "localex.media.storage.AtomicFileStorage", "OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = {**settings.STORAGES, "default": place}
    return tmp_path
