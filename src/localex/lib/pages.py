"""Bounded pages by cursor: the place in the order, not a page number, so that new rows do not shift the rest."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from localex.lib.errors import BadRequest

T = TypeVar("T")

MAX_CURSOR_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page: its items, and the cursor of the next page or None at the end."""

    items: Sequence[T]
    next_cursor: str | None = None


def encode_cursor(values: Sequence[Any]) -> str:
    """The sort values of the last item shown (numbers, strings, or None), as one URL-safe word."""
    raw = json.dumps(list(values), separators=(",", ":"), default=str)
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def decode_cursor(text: str, *, length: int) -> list[Any]:
    """What `encode_cursor` took: `length` values. BadRequest for anything else, never an exception of the parser."""
    try:
        if len(text) > MAX_CURSOR_LENGTH:
            raise ValueError("too long")
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(values, list) or len(values) != length:
            raise ValueError("wrong shape")
        if not all(value is None or isinstance(value, (str, int, float)) for value in values):
            raise ValueError("wrong type")
    except (ValueError, RecursionError) as error:
        raise BadRequest("This page link is damaged. Start again from the first page.", code="bad_cursor") from error
    return values
