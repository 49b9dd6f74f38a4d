"""The staff pages of accounts and members."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from localex.members import services
from localex.members.models import Member, User
from tests.members.people import address

ClientOf = Callable[..., Client]


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_superuser(address(), None)


def test_staff_see_members_and_not_where_they_live(staff: User, member: Member, client_of: ClientOf) -> None:
    services.redraw_name(member_id=member.pk)
    client = client_of(staff)
    for name, pk in (("member", member.pk), ("user", member.user_id)):
        listed = client.get(reverse(f"admin:members_{name}_changelist"), {"q": member.user.email})
        assert listed.status_code == 200
        page = client.get(reverse(f"admin:members_{name}_change", args=[pk]))
        assert page.status_code == 200
        assert "latitude" not in page.content.decode()
        assert "argon2" not in page.content.decode()
    assert client.get(reverse("admin:members_member_add")).status_code == 403
    assert client.get(reverse("admin:members_user_add")).status_code == 403


def test_suspending_is_an_action_that_goes_through_the_service(
    staff: User, member: Member, client_of: ClientOf
) -> None:
    client = client_of(staff)
    for action, state in (("suspend", "suspended"), ("reinstate", "active")):
        form = {"action": action, "_selected_action": [str(member.pk)]}
        assert client.post(reverse("admin:members_member_changelist"), form).status_code == 302
        member.refresh_from_db()
        assert member.state == state


def test_members_have_no_staff_pages(member: Member, client_of: ClientOf) -> None:
    response = client_of(member).get(reverse("admin:members_member_changelist"))
    assert response.status_code in (302, 403)
    assert member.display_name not in response.content.decode()
