"""How the functions of the ledger are called, and how what they answer becomes a value or a typed error."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection

from localex.credits import rehearsal
from localex.credits.errors import REFUSALS, error_for, kind_of
from localex.lib.errors import LocalExError

OUTCOME = "journal_id, reason::text, booked_at, repeated"


@dataclass(frozen=True, slots=True)
class Posting:
    """What was booked. `repeated`: the key had been used before, and this is what happened then."""

    journal_id: UUID
    booked_at: datetime
    repeated: bool


@contextmanager
def translated() -> Iterator[None]:
    """Turn the ledger's SQLSTATEs into the errors of `credits.errors`; anything else passes."""
    try:
        yield
    except DatabaseError as error:
        cause = error.__cause__
        state = getattr(cause, "sqlstate", None) or ""
        constraint = getattr(getattr(cause, "diag", None), "constraint_name", None) or ""
        kind = kind_of(state, constraint)
        if kind is None:
            raise
        raise error_for(kind) from error


def call_many(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """All rows that a function answers with. Raises the errors of `credits.errors`."""
    with translated(), connection.cursor() as cursor:
        rehearsal.move_clock(cursor)
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def call(sql: str, parameters: Sequence[Any]) -> tuple[Any, ...]:
    """The one row that a function answers with. Raises the errors of `credits.errors`."""
    (row,) = call_many(sql, parameters)
    return row


def outcome_of(row: tuple[Any, ...]) -> Posting | LocalExError:
    """A row of OUTCOME as what was booked, or as the error of its refusal."""
    journal_id, reason, booked_at, repeated = row
    return Posting(journal_id, booked_at, repeated) if reason is None else error_for(REFUSALS[reason])


def post_many(function: str, *parameters: Any) -> list[Posting | LocalExError]:
    """Call a function that answers with several outcomes; a refusal is an error in the list, not raised."""
    rows = call_many(f"SELECT {OUTCOME} FROM ledger.{function}", parameters)  # noqa: S608 - our own text
    return [outcome_of(row) for row in rows]


def post(function: str, *parameters: Any) -> Posting:
    """Call a function that answers with one outcome; raises the error of a refusal, whose row stays."""
    (outcome,) = post_many(function, *parameters)
    if isinstance(outcome, LocalExError):
        raise outcome
    return outcome
