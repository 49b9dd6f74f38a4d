"""Bounded pages by cursor: the place in the order, not a page number, so that new rows do not shift the rest."""

import base64
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Never, TypeVar

from localex.lib.errors import BadRequest

T = TypeVar("T")

MAX_CURSOR_LENGTH = 500
MAX_BIGINT = 2**63 - 1


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
    """What `encode_cursor` took: `length` values. BadRequest for anything else, never an exception of the parser.

    Every value is one that PostgreSQL takes: no NaN or infinity, no number beyond bigint, no NUL in a text.
    """
    try:
        if len(text) > MAX_CURSOR_LENGTH:
            raise ValueError("too long")
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        values = json.loads(raw, parse_constant=_refuse_constant)
        if not isinstance(values, list) or len(values) != length:
            raise ValueError("wrong shape")
        if not all(map(_is_plain, values)):
            raise ValueError("wrong type")
    except (ValueError, RecursionError) as error:
        raise BadRequest("This page link is damaged. Start again from the first page.", code="bad_cursor") from error
    return values


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is not a place in an order")


def _is_plain(value: object) -> bool:
    match value:
        case None | bool():
            return True
        case int():
            return -MAX_BIGINT - 1 <= value <= MAX_BIGINT
        case float():
            return math.isfinite(value)
        case str():
            # A lone surrogate, which JSON can spell, cannot be sent as UTF-8.
            return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
        case _:
            return False
