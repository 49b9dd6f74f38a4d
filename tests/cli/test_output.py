"""What a progress bar leaves on the terminal."""

import io
import re

import pytest
from rich.console import Console

from localex.cli import output


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What stands on a terminal of 120 columns in the end is the last line that was written here."""
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=120, color_system=None)
    monkeypatch.setattr(output, "error_console", lambda: console)
    return written


def last_line(terminal: io.StringIO) -> str:
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue())
    return next((line for line in reversed(re.split(r"[\r\n]", plain)) if line.strip()), "")


def test_an_error_before_the_first_step_stands_alone(terminal: io.StringIO) -> None:
    with pytest.raises(ValueError, match="no key"), output.progress("Restoring", is_bytes=True):
        raise ValueError("no key")
    with output.progress("Migrating"):
        pass
    assert last_line(terminal) == ""


def test_bytes_end_full_and_without_question_marks(terminal: io.StringIO) -> None:
    with output.progress("Restoring", is_bytes=True) as report:
        report(0, 33_600_000, "unpacking")
        report(33_600_000, 33_600_000, "unpacking")
        report(0, None, "checking every page")
    line = last_line(terminal)
    assert "33.6/33.6 MB" in line
    for words in ("?", "0:00:00", "checking", "-:--:--"):
        assert words not in line


def test_steps_end_full(terminal: io.StringIO) -> None:
    with output.progress("Drill") as report:
        for number in range(8):
            report(number, 8, f"checking I{number + 1}")
    assert "8/8" in last_line(terminal)
    assert "I8" not in last_line(terminal)


def test_what_failed_stays_where_it_was(terminal: io.StringIO) -> None:
    def fail() -> None:
        with output.progress("Drill") as report:
            report(3, 8, "checking I4")
            raise ValueError("full")

    with pytest.raises(ValueError, match="full"):
        fail()
    assert "3/8" in last_line(terminal)
    assert "checking I4" in last_line(terminal)
