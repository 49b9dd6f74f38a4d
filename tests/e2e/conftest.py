"""A running demo town and real Chromium. `E2E_URL` and `E2E_DATA` point at a town that runs already."""

import contextlib
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from localex.ports.mail import FolderMailbox

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
FILLED_WITHIN_S = 600
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}


@dataclass(frozen=True)
class Town:
    """Where the town answers and where it keeps its mail."""

    url: str
    data_dir: Path

    def find_link(self, address: str, pattern: str, *, after: float) -> str:
        """The newest link in a mail to `address`, written since `after`, that matches; waits for the worker."""
        mailbox = FolderMailbox(self.data_dir / "mail")
        limit = time.monotonic() + 30
        while time.monotonic() < limit:
            for mail in mailbox.list_mails(to=address):
                for link in mail.links:
                    if re.search(pattern, link) and mail.sent_at and mail.sent_at.timestamp() >= after - 1:
                        return link
            time.sleep(0.1)
        raise AssertionError(f"no mail to {address} with a link like {pattern}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_town(process: "subprocess.Popen[bytes]", port: int) -> None:
    limit = time.monotonic() + FILLED_WITHIN_S
    while time.monotonic() < limit:
        assert process.poll() is None, f"localex demo ended with exit code {process.returncode}"
        try:
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
        except OSError:
            pass
        time.sleep(0.3)
    raise AssertionError("localex demo did not answer in time")


@pytest.fixture(scope="session")
def town() -> Iterator[Town]:
    """`localex demo` in a folder of its own, started as a person would and stopped by its process id."""
    if url := os.environ.get("E2E_URL"):
        yield Town(url, Path(os.environ["E2E_DATA"]))
        return
    # Not pytest's own folder: when root runs the tests, PostgreSQL's user has to be able to pass through.
    folder = Path(tempfile.mkdtemp(prefix="localex-e2e-"))
    folder.chmod(0o711)
    data_dir, port = folder / "data", _free_port()
    command = [sys.executable, "-m", "localex.cli", "demo", "--data-dir", str(data_dir), "--port", str(port)]
    names = ("LOCALEX_", "DATABASE_", "REDIS_", "EMAIL_", "DJANGO_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(names)}
    # Nobody needs a backup of what is thrown away in a minute.
    process = subprocess.Popen(command, env={**clean, "LOCALEX_BACKUP": "off"})
    try:
        _await_town(process, port)
        yield Town(f"http://127.0.0.1:{port}", data_dir)
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)
        shutil.rmtree(folder)
        assert code == 0


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def new_context(browser: Browser, town: Town) -> Iterator[Callable[..., BrowserContext]]:
    """Makes browser contexts; an error on any console, or a request to anybody else, fails the test."""
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # Chromium reports every answer of 4xx as an error; the tests look at those themselves.
        # What comes from no address is axe's own doing, which tries the page's Content-Security-Policy in vain.
        if message.type == "error" and message.location["url"] and "Failed to load resource" not in message.text:
            troubles.append(f"{message.location['url']}:{message.location['lineNumber']}: {message.text}")

    def watch(page: Page) -> None:
        page.on("console", note)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda request: _check_address(request.url, town.url, troubles))

    def make(**options: object) -> BrowserContext:
        context = browser.new_context(base_url=town.url, **options)
        context.set_default_timeout(20_000)
        context.on("page", watch)
        contexts.append(context)
        return context

    yield make
    for number, context in enumerate(contexts):
        if folder := os.environ.get("E2E_SHOTS"):  # how each page looked at the end, for whoever mends a failure
            for page in context.pages:
                page.screenshot(path=f"{folder}/{number}.png", full_page=True)
        context.close()
    assert troubles == []


def _check_address(address: str, home: str, troubles: list[str]) -> None:
    if not address.startswith((home, "data:", "blob:")):
        troubles.append(f"a request to {address}")
