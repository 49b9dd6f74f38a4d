"""People who look at pages, and a browser that is shown what Django's test client got."""

import mimetypes
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from playwright.sync_api import Browser, Page, Route, sync_playwright

if TYPE_CHECKING:
    from localex.members.models import Member

HOST = "http://localhost"  # a secure origin to browsers
EMPTY_PICTURE = '<svg xmlns="http://www.w3.org/2000/svg"/>'


@pytest.fixture
def member(db: None) -> "Member":
    """A confirmed member of a town with safe places."""
    from tests import town  # models may be imported only when Django is set up

    return town.new_member(town.found_community())


@pytest.fixture
def as_member(member: "Member") -> Client:
    """A client that is signed in as `member`."""
    client = Client()
    client.force_login(member.user)
    return client


@pytest.fixture
def as_staff(member: "Member", as_member: Client) -> Client:
    """A client that is signed in as somebody who may see /design."""
    member.user.is_staff = True
    member.user.save()
    return as_member


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, once for all. Its loop runs in this thread, and Django would refuse the database beside it."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        found = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield found
        found.close()


def show(page: Page, client: Client, address: str) -> None:
    """Open `address` as `client` gets it, with its headers; static files as they lie, every other picture empty.

    The page is drawn before the browser asks: playwright answers in a context of its own, which has another connection
    to the database and would not see what the test made.
    """
    drawn = client.get(address)

    def answer(route: Route) -> None:
        url = urlsplit(route.request.url)
        if url.netloc != urlsplit(HOST).netloc:
            raise AssertionError(f"a third party was asked: {route.request.url}")
        if url.path == address:
            route.fulfill(status=drawn.status_code, headers=dict(drawn.items()), body=drawn.content)
        elif url.path.startswith("/static/"):
            found = finders.find(url.path.removeprefix("/static/"))
            assert found, f"no static file {url.path}"
            kind = mimetypes.guess_type(url.path)[0] or "application/octet-stream"
            route.fulfill(body=Path(found).read_bytes(), content_type=kind)
        else:
            route.fulfill(body=EMPTY_PICTURE, content_type="image/svg+xml")

    page.route("**/*", answer)
    page.goto(HOST + address)
