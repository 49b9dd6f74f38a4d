"""The one source of the time, so that tests and the demo town can move it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

_shift: ContextVar[timedelta] = ContextVar("clock_shift", default=timedelta(0))


def now() -> datetime:
    """The present moment, aware and in UTC, moved by any enclosing `shifted`."""
    return datetime.now(UTC) + _shift.get()


@contextmanager
def shifted(delta: timedelta) -> Iterator[None]:
    """Move `now()` by `delta` inside the block; blocks add up.

    The ledger does not follow: its time is the database's clock, which nothing in Python can move.
    """
    token = _shift.set(_shift.get() + delta)
    try:
        yield
    finally:
        _shift.reset(token)
