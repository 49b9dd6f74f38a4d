"""Fixtures for the tests of listings; search has the same."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from localex.communities.models import Community
    from localex.members.models import Member


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    """A storage of its own for each test."""
    place = {"BACKEND": "localex.media.storage.AtomicFileStorage", "OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = {**settings.STORAGES, "default": place}
    return tmp_path


@pytest.fixture
def community(db: None) -> "Community":
    from tests.members.people import make_community

    return make_community()


@pytest.fixture
def owner(community: "Community") -> "Member":
    from tests.listings.things import at
    from tests.members.people import make_member

    return at(make_member(community))


@pytest.fixture
def stranger(community: "Community") -> "Member":
    from tests.members.people import make_member

    return make_member(community)


@pytest.fixture
def client_of() -> "Callable[[Member], Client]":
    """A browser in which this member is signed in."""
    from django.test import Client

    def signed_in(member: "Member") -> "Client":
        client = Client()
        client.force_login(member.user)
        return client

    return signed_in
