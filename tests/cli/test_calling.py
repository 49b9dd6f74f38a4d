"""Commands are printed so that they can be pasted."""

import sys
from pathlib import Path

import pytest

from localex.cli import calling
from localex.embedded.naming import name_directory


@pytest.fixture
def called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """`localex` was called by its path, and no shell finds it by its name."""
    path = tmp_path / "bin" / "localex"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("LOCALEX_DATA_DIR", raising=False)
    monkeypatch.setattr(sys, "argv", [str(path), "up"])
    return str(path)


def test_the_program_is_named_as_it_was_called(called: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert calling.command("backup key show") == f"{called} backup key show"
    monkeypatch.setenv("PATH", str(Path(called).parent))
    assert calling.command("backup key show") == "localex backup key show"
    monkeypatch.setattr(sys, "argv", ["/usr/bin/pytest"])
    assert calling.command("doctor") == "localex doctor"


@pytest.mark.parametrize("given", [["--data-dir", "/srv/town"], ["--data-dir=/srv/town"]])
def test_the_directory_is_named_when_it_was_given(
    called: str, given: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [called, "up", *given])
    assert calling.pasteable("Run `localex drill` or read `logs/web.log`.") == (
        f"Run `{called} drill --data-dir /srv/town` or read `logs/web.log`."
    )
    assert calling.command("up", Path("/srv/back")) == f"{called} up --data-dir /srv/back"
    assert calling.command("restore --help") == f"{called} restore --help"
    # Where a restore goes is not where it comes from.
    assert calling.command("restore --into /srv/back") == f"{called} restore --into /srv/back"


def test_a_directory_that_is_named_already_is_not_named_twice(called: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The backup part names it for the log, and the terminal shows the same words."""
    monkeypatch.setattr(sys, "argv", [called, "up", "--data-dir", "/srv/other"])
    words = name_directory("Run `localex drill` or `localex check --data-dir /a`.", Path("/srv/my town"))
    assert words == "Run `localex drill --data-dir '/srv/my town'` or `localex check --data-dir /a`."
    assert calling.pasteable(words) == words.replace("localex ", f"{calling.program()} ")


def test_the_directory_of_the_environment_counts(called: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALEX_DATA_DIR", "/srv/town")
    assert calling.command("drill") == f"{called} drill --data-dir /srv/town"


def test_a_demo_town_is_started_as_one(tmp_path: Path) -> None:
    assert calling.start_word(tmp_path) == "up"
    (tmp_path / calling.DEMO_NOTE).write_text("1/2 filled")
    assert calling.start_word(tmp_path) == "demo"
