"""Towns with and without places. Imports stand inside: pytest loads this file before Django is ready."""

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def own_object_store(settings: Any, tmp_path: Path) -> None:
    """Maps of a test go to its own folder."""
    store = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path / "media")}}
    settings.STORAGES = {**settings.STORAGES, "default": store}


@pytest.fixture
def community(db: None) -> Any:
    """A town in Austria without any places yet."""
    from tests.places.towns import found_town

    return found_town()


@pytest.fixture
def krems(community: Any) -> Any:
    """The town with its real places."""
    from localex.places.services import import_places
    from tests.places.towns import KREMS

    import_places(community_id=community.id, path=KREMS)
    return community
