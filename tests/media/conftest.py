"""Fixtures for the tests of pictures."""

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    """A storage of its own for each test; style sheets are named without anybody having collected them."""
    place = {"BACKEND": "localex.media.storage.AtomicFileStorage", "OPTIONS": {"location": str(tmp_path)}}
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {"default": place, "staticfiles": plain}
    return tmp_path
