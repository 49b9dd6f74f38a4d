"""Everything that is read from the ledger. Amounts are hundredths."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from localex.credits.checks import CheckResult, run_checks
from localex.lib.errors import BadRequest
from localex.lib.pages import Page, decode_cursor, encode_cursor

__all__ = [
    "Balance",
    "CheckResult",
    "Hold",
    "StatementLine",
    "Totals",
    "find_balance",
    "find_hold",
    "find_totals",
    "list_statement",
    "run_checks",
]

MAX_LINES = 200
NEWEST = 2**63 - 1
GRANT_REASONS = {"starter_grant": "starter", "referral_bonus": "referral", "coordinator_grant": "coordinator"}


@dataclass(frozen=True, slots=True)
class Balance:
    """`available` can be offered now, `held` lies in escrow for trades under way, `total` is both."""

    available: int
    held: int

    @property
    def total(self) -> int:
        return self.available + self.held


@dataclass(frozen=True, slots=True)
class Hold:
    """Credits set aside for one trade; `state` is held, released or refunded."""

    trade_id: UUID
    amount: int
    state: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Totals:
    """Where the credits of a community are; issued equals the sum of the other three."""

    issued: int
    with_members: int
    held: int
    with_community: int


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One posting as its member sees it: main and gift account together.

    `amount` is signed; `balance_after` is what the member could use after it; `reference` is the trade or None;
    `reason` is the GrantReason of a grant, else empty.
    """

    booked_at: datetime
    kind: str
    amount: int
    balance_after: int
    reference: UUID | None
    journal_id: UUID

    @property
    def reason(self) -> str:
        return GRANT_REASONS.get(self.kind, "")


@dataclass(frozen=True, slots=True)
class _Leg:
    seq: int
    amount: int
    balance_after: int
    booked_at: datetime
    journal_id: UUID
    kind: str
    reference: UUID | None


def _rows(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def find_balance(*, community_id: UUID, owner: UUID) -> Balance:
    """What the member has; all zero for somebody without accounts.

    One query: two accounts by account_one_of_a_kind, open holds by hold_open_by_payer.
    """
    ((available, held),) = _rows(
        """
        SELECT coalesce((SELECT sum(available) FROM ledger.accounts
                         WHERE community_id = %s AND owner = %s AND kind IN ('main', 'gift')), 0)::bigint,
               coalesce((SELECT sum(amount) FROM ledger.holds
                         WHERE community_id = %s AND payer = %s AND state = 'held'), 0)::bigint
        """,
        [community_id, owner, community_id, owner],
    )
    return Balance(available, held)


def find_hold(*, trade_id: UUID) -> Hold | None:
    """The hold of a trade, by its primary key, or None when nothing was ever held for it."""
    rows = _rows("SELECT trade_id, amount, state::text, expires_at FROM ledger.holds WHERE trade_id = %s", [trade_id])
    return Hold(*rows[0]) if rows else None


def find_totals(*, community_id: UUID) -> Totals | None:
    """Where the credits of a community are, or None for a community without accounts. Reads all its balances."""
    rows = _rows(
        """
        SELECT issued::bigint, with_members::bigint, held::bigint, with_community::bigint
        FROM ledger.totals WHERE community_id = %s
        """,
        [community_id],
    )
    return Totals(*rows[0]) if rows else None


def list_statement(*, community_id: UUID, owner: UUID, cursor: str | None, limit: int) -> Page[StatementLine]:
    """The member's postings, newest first, at most `limit` (1 to 200) of them.

    One query: it walks the primary key of `ledger.entry` backwards from the cursor, once for each account, so a page
    costs the same whatever the length of the history. Raises BadRequest for a damaged cursor.
    """
    limit = max(1, min(limit, MAX_LINES))
    gift, main = _find_legs(community_id, owner, _places(cursor), limit + 1)
    lines: list[StatementLine] = []
    while (gift or main) and len(lines) < limit:
        lines.append(_take_line(gift, main))
    if not gift and not main:
        return Page(lines)
    return Page(lines, encode_cursor([gift[0].seq if gift else 0, main[0].seq if main else 0]))


def _places(cursor: str | None) -> tuple[int, int]:
    """The highest numbers of the gift and the main entries that still are to be shown."""
    if not cursor:
        return NEWEST, NEWEST
    gift, main = decode_cursor(cursor, length=2)
    if type(gift) is not int or type(main) is not int or not (0 <= gift <= NEWEST and 0 <= main <= NEWEST):
        raise BadRequest("This page link is damaged. Start again from the first page.", code="bad_cursor")
    return gift, main


def _find_legs(community_id: UUID, owner: UUID, places: tuple[int, int], count: int) -> tuple[list[_Leg], list[_Leg]]:
    rows = _rows(
        """
        SELECT account.kind::text, entry.seq, entry.amount, entry.balance_after, entry.booked_at, entry.journal_id,
               journal.kind::text, journal.reference
        FROM ledger.accounts account
        CROSS JOIN LATERAL (
            SELECT * FROM ledger.entries
            WHERE account_id = account.account_id AND seq <= CASE account.kind WHEN 'gift' THEN %s ELSE %s END::bigint
            ORDER BY seq DESC LIMIT %s
        ) entry
        JOIN ledger.journals journal ON journal.journal_id = entry.journal_id
        WHERE account.community_id = %s AND account.owner = %s AND account.kind IN ('gift', 'main')
        ORDER BY entry.seq DESC
        """,
        [*places, count, community_id, owner],
    )
    gift = [_Leg(*row[1:]) for row in rows if row[0] == "gift"]
    main = [_Leg(*row[1:]) for row in rows if row[0] == "main"]
    return gift, main


def _take_line(gift: list[_Leg], main: list[_Leg]) -> StatementLine:
    """Remove the newest posting from the two lists (newest first) and make its line.

    What an account held at that time is what its newest remaining leg says. An empty list is a history that has ended,
    because one leg more than lines was read.
    """
    newest = max((legs[0] for legs in (gift, main) if legs), key=lambda leg: (leg.booked_at, leg.journal_id))
    balance_after = sum(legs[0].balance_after for legs in (gift, main) if legs)
    taken = [legs.pop(0) for legs in (gift, main) if legs and legs[0].journal_id == newest.journal_id]
    return StatementLine(
        booked_at=newest.booked_at,
        kind=newest.kind,
        amount=sum(leg.amount for leg in taken),
        balance_after=balance_after,
        reference=newest.reference,
        journal_id=newest.journal_id,
    )
