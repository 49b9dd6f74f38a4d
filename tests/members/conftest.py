"""Fixtures for the tests of members. What needs Django is imported late: this file is read before Django is set up."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from localex.communities.models import Community
    from localex.members.models import Member, User


@pytest.fixture(autouse=True)
def _plain_mail(settings: Any) -> None:
    """Mail goes where pytest-django collects it; that notifications puts it into the outbox is tested there."""
    settings.ACCOUNT_ADAPTER = "localex.members.adapter.MemberAdapter"


@pytest.fixture
def community(db: None) -> "Community":
    from tests.members.people import make_community

    return make_community()


@pytest.fixture
def member(community: "Community") -> "Member":
    from tests.members.people import make_member

    return make_member(community)


@pytest.fixture
def client_of() -> "Callable[[Member | User], Client]":
    """A browser in which this person is signed in."""

    from django.test import Client

    from localex.members.models import Member

    def signed_in(person: "Member | User") -> "Client":
        client = Client()
        client.force_login(person.user if isinstance(person, Member) else person)
        return client

    return signed_in
