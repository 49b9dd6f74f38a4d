"""The doors of the demo: open for this machine in demo mode, not there for anybody else."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from localex.demo.cast import SLUG
from localex.lib.ids import new_id
from localex.members.models import Member, User
from localex.ports.mail import FolderMailbox, OutgoingMail
from tests.town import found_community, new_member

PAGES = ["/demo/", "/demo/mailbox/"]


@pytest.fixture
def demo_mode(settings: Any) -> None:
    """As `localex demo` starts the web server."""
    settings.LOCALEX = settings.LOCALEX.model_copy(update={"demo": True})
    settings.ROOT_URLCONF = "tests.demo.urls"
    templates = Path(__file__).resolve().parents[2] / "src/localex/demo/templates"
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [templates]}]


@pytest.fixture
def neighbour(db: None) -> Member:
    """A member who came with the town."""
    community = found_community()
    type(community).objects.filter(pk=community.pk).update(slug=SLUG)
    member = new_member(community)
    User.objects.filter(pk=member.user_id).update(email=f"seller@{SLUG}.invalid")
    return member


@pytest.fixture
def letter(settings: Any) -> OutgoingMail:
    """A mail in the folder."""
    mail = OutgoingMail(
        mail_id=new_id(),
        sender="LocalEx <noreply@localex.invalid>",
        to=f"seller@{SLUG}.invalid",
        subject="Somebody offers 12 credits",
        text="Look at it: http://127.0.0.1:8000/offers/1/",
        html='<html><head></head><body><a href="http://127.0.0.1:8000/offers/1/">Look</a><script>x()</script></body></html>',
        sent_at=datetime.now(UTC),
    )
    with FolderMailbox(settings.LOCALEX.data_dir / "mail").open() as mailbox:
        mailbox.send(mail)
    return mail


@pytest.mark.parametrize("page", PAGES)
def test_there_is_no_demo_outside_demo_mode(db: None, page: str) -> None:
    assert Client().get(page).status_code == 404


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "request_from",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": "::ffff:192.0.2.7"},
        {"REMOTE_ADDR": ""},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "evil.example"},
    ],
)
def test_the_demo_is_only_for_this_machine(
    demo_mode: None, db: None, settings: Any, page: str, request_from: dict[str, str]
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    assert Client().get(page, **{"HTTP_HOST": "localhost:8000", **request_from}).status_code == 404


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000"])
def test_this_machine_gets_in_by_each_of_its_names(demo_mode: None, neighbour: Member, host: str) -> None:
    page = Client().get("/demo/", HTTP_HOST=host, REMOTE_ADDR="::1")
    assert page.status_code == 200
    assert neighbour.display_name in page.content.decode()


def test_one_click_signs_in(demo_mode: None, neighbour: Member) -> None:
    client = Client(HTTP_HOST="localhost")
    answer = client.post("/demo/as/", {"display_name": neighbour.display_name})
    assert answer.status_code == 302
    assert client.get("/").wsgi_request.user.pk == neighbour.user_id


@pytest.mark.parametrize("name", ["", "\0", "a\0b"])
def test_nobody_has_a_name_like_that(demo_mode: None, neighbour: Member, name: str) -> None:
    assert Client(HTTP_HOST="localhost").post("/demo/as/", {"display_name": name}).status_code == 404


def test_signing_in_needs_the_form_of_our_own_page(demo_mode: None, neighbour: Member) -> None:
    client = Client(enforce_csrf_checks=True, HTTP_HOST="localhost")
    assert client.post("/demo/as/", {"display_name": neighbour.display_name}).status_code == 403
    assert client.get("/demo/as/").status_code == 405


def test_nobody_but_the_demos_neighbours_can_be_borrowed(demo_mode: None, neighbour: Member) -> None:
    stranger = new_member(neighbour.community)
    answer = Client(HTTP_HOST="localhost").post("/demo/as/", {"display_name": stranger.display_name})
    assert answer.status_code == 404


def test_mail_is_listed_and_read(demo_mode: None, db: None, letter: OutgoingMail) -> None:
    client = Client(HTTP_HOST="localhost")
    assert letter.subject in client.get("/demo/mailbox/").content.decode()
    page = client.get(f"/demo/mailbox/{letter.mail_id}/").content.decode()
    assert 'href="http://127.0.0.1:8000/offers/1/"' in page
    assert 'sandbox="allow-top-navigation-by-user-activation"' in page


def test_a_mail_is_locked_into_its_frame(demo_mode: None, db: None, letter: OutgoingMail) -> None:
    body = Client(HTTP_HOST="localhost").get(f"/demo/mailbox/{letter.mail_id}/body/")
    policy = body["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox allow-top-navigation-by-user-activation" in policy
    assert body["X-Frame-Options"] == "SAMEORIGIN"
    assert '<base target="_top">' in body.content.decode()


def test_a_mail_that_is_not_there(demo_mode: None, db: None) -> None:
    assert Client(HTTP_HOST="localhost").get(f"/demo/mailbox/{new_id()}/").status_code == 404
