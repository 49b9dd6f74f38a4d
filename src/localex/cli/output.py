"""How the command speaks: results to standard output, errors and progress to standard error."""

import contextlib
import sys
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, NoReturn, Protocol

from localex.embedded.errors import ExitCode, StartError

if TYPE_CHECKING:
    from rich.console import Console


class Report(Protocol):
    """Takes the progress of a long step: how many of how many (None: nobody knows), and what is being done."""

    def __call__(self, done: int, total: int | None, what: str = "") -> None: ...


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

    first, _, rest = error.message.partition("\n")
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
def progress(title: str) -> Iterator[Report]:
    """A progress bar on a terminal, and nothing but the last line elsewhere."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    detail = TextColumn("[dim]{task.fields[what]}")
    with Progress(*columns, detail, console=error_console()) as bar:
        task = bar.add_task(title, total=None, what="")

        def report(done: int, total: int | None, what: str = "") -> None:
            bar.update(task, completed=done, total=total, what=what)

        yield report
