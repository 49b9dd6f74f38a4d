"""The one source of chance: the operating system's, unless a test or the demo town seeds it."""

import random
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

_source: ContextVar[random.Random] = ContextVar("random_source")
_system = secrets.SystemRandom()


def source() -> random.Random:
    """The generator in force: `secrets.SystemRandom`, or the seeded one of an enclosing `seeded`."""
    return _source.get(_system)


def choice(options: Sequence[T]) -> T:
    """One of `options`, all equally likely; IndexError when there are none."""
    return source().choice(options)


def randbelow(limit: int) -> int:
    """A whole number from 0 to `limit` - 1."""
    return source().randrange(limit)


def token_bytes(length: int) -> bytes:
    """`length` random bytes."""
    return source().randbytes(length)


def digits(length: int) -> str:
    """A string of `length` decimal digits, leading zeros included."""
    return f"{randbelow(10**length):0{length}d}"


@contextmanager
def seeded(seed: int | str) -> Iterator[None]:
    """Make chance repeatable inside the block. Never around anything that guards a secret."""
    token = _source.set(random.Random(seed))  # noqa: S311 - repeatable on purpose
    try:
        yield
    finally:
        _source.reset(token)
