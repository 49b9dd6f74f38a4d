"""How the command speaks: results to standard output, errors and progress to standard error."""

import contextlib
import sys
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, NoReturn

from localex.cli.calling import pasteable
from localex.embedded.errors import ExitCode, StartError

if TYPE_CHECKING:
    from rich.console import Console

    from localex.backup.progress import Report


@cache
def console() -> "Console":
    """Where results go."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


@cache
def error_console() -> "Console":
    """Where errors and progress go."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(line: str) -> None:
    """Print one plain line; it comes out at once, also into a pipe."""
    console().print(line, markup=False)
    sys.stdout.flush()


def fail(error: StartError) -> NoReturn:
    """Print the sentence of `error` and exit with its code."""
    from rich.text import Text

    first, _, rest = pasteable(error.message).partition("\n")
    error_console().print(Text.assemble(("Error: ", "bold red"), first, style=""))
    if rest:
        error_console().print(Text(rest, style="dim"))
    sys.exit(error.exit_code)


@contextlib.contextmanager
def errors() -> Iterator[None]:
    """Turn the errors that people can mend into a sentence and an exit code."""
    try:
        yield
    except StartError as error:
        fail(error)
    except BrokenPipeError:
        # `localex ... | head` is no failure of ours.
        sys.exit(ExitCode.OK)


@contextlib.contextmanager
def progress(title: str, *, is_bytes: bool = False) -> "Iterator[Report]":
    """A progress bar on a terminal, and nothing but the last line elsewhere; bytes have a rate and a time left.

    Nothing is shown before the first report, so that an error stands alone; what ended well ends full.
    """
    from localex.cli.bars import new_bars

    with new_bars(error_console(), is_bytes=is_bytes) as bar:
        task = bar.add_task(title, total=None, what="", visible=False)
        last = ""

        def report(done: int, total: int | None, what: str = "") -> None:
            nonlocal last
            if is_bytes and total is None:
                # A step without bytes of its own, such as checking what was written: the count stays.
                bar.update(task, what=what, visible=True)
                return
            if is_bytes and what != last:
                # Each step has a rate of its own.
                bar.reset(task)
                last = what
            if total is not None:
                # What grows while it is read would make a bar of "58.4/40.3 MB".
                total = max(done, total)
            bar.update(task, completed=done, total=total, what=what, visible=True)

        yield report
        whole = bar.tasks[0].total
        if whole is not None:
            bar.update(task, completed=whole, what="")
