"""What the statement page shows, in the words that people use."""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from django.utils.timezone import localdate

from localex.credits import queries, references
from localex.credits.queries import StatementLine

LINES_PER_PAGE = 30

# kind: (icon, words with the trade's name, words without it)
_WORDS = {
    "starter_grant": ("sprout", "", "Welcome credits"),
    "referral_bonus": ("users-round", "", "Thank you for bringing a neighbour"),
    "coordinator_grant": ("gift", "", "From your coordinator"),
    "hold": ("shield-check", "For “{}”, held safely until the handover", "For a trade, held safely until the handover"),
    "release": ("handshake", "Released to you for “{}”", "Released to you for a trade"),
    "refund": ("undo-2", "Returned to you from “{}”", "Returned to you from a trade"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line as it is shown. `trade_id` is None when there is nothing to link to."""

    icon: str
    words: str
    amount: int
    balance_after: int
    when: datetime
    trade_id: UUID | None


@dataclass(frozen=True, slots=True)
class Day:
    """The lines of one day in the time zone in force, newest first."""

    when: datetime
    rows: list[Row]


def describe_statement(*, community_id: UUID, owner: UUID, cursor: str | None) -> dict[str, Any]:
    """The template's context: `balance`, `page` and `days`. Three queries, one of them by whoever names the trades."""
    page = queries.list_statement(community_id=community_id, owner=owner, cursor=cursor, limit=LINES_PER_PAGE)
    names = references.find_names({line.reference for line in page.items if line.reference})
    rows = [_row(line, names.get(line.reference, "") if line.reference else "") for line in page.items]
    days = [list(found) for _, found in groupby(rows, lambda row: localdate(row.when))]
    balance = queries.find_balance(community_id=community_id, owner=owner)
    return {"balance": balance, "page": page, "days": [Day(found[0].when, found) for found in days]}


def _row(line: StatementLine, name: str) -> Row:
    icon, named, unnamed = _WORDS[line.kind]
    words = named.format(name) if named and name else unnamed
    return Row(icon, words, line.amount, line.balance_after, line.booked_at, line.reference)
