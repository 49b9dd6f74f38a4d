"""Communities, people and their mail, for the tests of members and of others who need a member."""

import re
from typing import Any

from django.core.mail import EmailMessage
from django.http import HttpResponse
from django.test import Client

from localex.communities import services as communities
from localex.communities.models import Community
from localex.lib.geo import Point
from localex.lib.ids import new_id
from localex.members import services
from localex.members.models import Member

PASSWORD = "seven quiet herons at dusk"
KREMS = Point(48.41, 15.6)


def make_community(**changes: Any) -> Community:
    """A community of its own for each test, so that names and limits never meet."""
    wanted = {"name": "Krems", "area_name": "Krems an der Donau", "country": "AT", "timezone": "Europe/Vienna"}
    return communities.create_community(**{"slug": f"krems-{new_id().hex[-12:]}", "centre": KREMS, **wanted, **changes})


def address() -> str:
    """An e-mail address that nobody has."""
    return f"somebody-{new_id().hex[-12:]}@example.org"


def make_member(community: Community, *, email: str = "", is_confirmed: bool = True) -> Member:
    """A member who can sign in with PASSWORD."""
    user = services.open_account(email=email or address(), password=PASSWORD, is_adult=True)
    member = services.join_community(user_id=user.pk, community_id=community.pk)
    if is_confirmed:
        user.emailaddress_set.update(verified=True)
        member = services.confirm_account(user_id=user.pk)[0]
    return member


def sign_in(client: Client, email: str, password: str = PASSWORD, **more: str) -> HttpResponse:
    return client.post("/accounts/login/", {"login": email, "password": password, **more})


def sign_up(client: Client, place: Community, mail_address: str, /, **changes: str) -> HttpResponse:
    form = {"email": mail_address, "password1": PASSWORD, "community": str(place.pk), "is_adult": "on", **changes}
    return client.post("/accounts/signup/", {name: value for name, value in form.items() if value})


def link_in(mail: EmailMessage) -> str:
    """The path of the one link in a mail."""
    found = re.findall(r"https?://[^/\s]+(/\S+)", str(mail.body))
    assert len(found) == 1, mail.body
    return str(found[0])
