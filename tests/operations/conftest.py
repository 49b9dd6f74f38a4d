"""Somebody who may open the staff pages."""

from typing import Any

import pytest
from django.test import Client

from tests.web.conftest import _plain_static, member  # noqa: F401 -- fixtures


@pytest.fixture
def staff(member: Any) -> Client:  # noqa: F811 -- the fixture above
    """A client that is signed in as staff with all rights."""
    member.user.is_staff = member.user.is_superuser = True
    member.user.save()
    client = Client()
    client.force_login(member.user)
    return client
