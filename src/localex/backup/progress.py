"""How long steps say how far they are."""

from typing import Protocol


class Report(Protocol):
    """Takes progress: `done` of `total` bytes (None: nobody knows), and what is being done in a word or two."""

    def __call__(self, done: int, total: int | None, what: str = "") -> None: ...


def silent(done: int, total: int | None, what: str = "") -> None:
    """A Report that tells nobody."""
