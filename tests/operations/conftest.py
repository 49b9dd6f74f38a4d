"""Somebody who may open the staff pages."""

from typing import Any

import pytest
from django.test import Client

from tests.web.conftest import member  # noqa: F401 -- a fixture


@pytest.fixture
def staff(member: Any) -> Client:  # noqa: F811 -- the fixture above
    """A client that is signed in as staff with all rights."""
    member.user.is_staff = member.user.is_superuser = True
    member.user.save()
    # Late: models, which pytest must not load before Django is set up.
    from tests.town import browser_of

    return browser_of(member)
