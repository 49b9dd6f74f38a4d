"""Everything that is read from the ledger. Amounts are hundredths."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from localex.credits.checks import CheckResult, run_checks
from localex.credits.reading import fetch
from localex.credits.statements import (
    Filters,
    StatementLine,
    StatementPage,
    find_balances,
    iterate_statement,
    list_statement,
)

__all__ = [
    "Balance",
    "CheckResult",
    "Filters",
    "Hold",
    "StatementLine",
    "StatementPage",
    "Totals",
    "find_balance",
    "find_balances",
    "find_hold",
    "find_totals",
    "iterate_statement",
    "list_statement",
    "run_checks",
]


@dataclass(frozen=True, slots=True)
class Balance:
    """`available` can be offered now, `held` lies in escrow for trades under way.

    `credit_line` is how much of `available` the member would owe; `total` is what is theirs, below zero for a debt.
    """

    available: int
    held: int
    credit_line: int = 0

    @property
    def own(self) -> int:
        """What of `available` is the member's, below zero for a debt."""
        return self.available - self.credit_line

    @property
    def owed(self) -> int:
        """How far the member is below zero; 0 for most."""
        return max(-self.own, 0)

    @property
    def total(self) -> int:
        return self.available + self.held - self.credit_line


@dataclass(frozen=True, slots=True)
class Hold:
    """Credits set aside for one trade; `state` is held, released or refunded (also when it expired).

    `amount` is `price` and `buyer_fee` together; `payee` is None in holds of the release before.
    """

    trade_id: UUID
    amount: int
    state: str
    expires_at: datetime
    payee: UUID | None
    price: int
    buyer_fee: int
    seller_fee: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Where the credits of a community are; issued equals the sum of the next three.

    `with_community` is the sum of `fees`, `protection` and `clearing`. The last is negative when members were paid more
    by other communities than they paid there.
    """

    issued: int
    with_members: int
    held: int
    with_community: int
    fees: int = 0
    protection: int = 0
    clearing: int = 0


def find_balance(*, community_id: UUID, owner: UUID) -> Balance:
    """What the member has; all zero for somebody without accounts.

    One query: two accounts by account_one_of_a_kind, open holds by hold_open_by_payer.
    """
    ((available, held, credit_line),) = fetch(
        """
        SELECT coalesce(sum(available), 0)::bigint,
               coalesce((SELECT sum(amount) FROM ledger.holds
                         WHERE community_id = %s AND payer = %s AND state = 'held'), 0)::bigint,
               coalesce(-sum(floor), 0)::bigint
        FROM ledger.accounts WHERE community_id = %s AND owner = %s AND kind IN ('main', 'gift')
        """,
        [community_id, owner, community_id, owner],
    )
    return Balance(available, held, credit_line)


def find_hold(*, trade_id: UUID) -> Hold | None:
    """The hold of a trade, by its primary key, or None when nothing was ever held for it."""
    rows = fetch(
        """
        SELECT trade_id, amount, state::text, expires_at, payee, price, buyer_fee, seller_fee
        FROM ledger.holds WHERE trade_id = %s
        """,
        [trade_id],
    )
    return Hold(*rows[0]) if rows else None


def find_totals(*, community_id: UUID) -> Totals | None:
    """Where the credits of a community are, or None for a community without accounts. Reads all its balances."""
    rows = fetch(
        """
        SELECT issued::bigint, with_members::bigint, held::bigint, with_community::bigint,
               fees::bigint, protection::bigint, clearing::bigint
        FROM ledger.totals WHERE community_id = %s
        """,
        [community_id],
    )
    return Totals(*rows[0]) if rows else None
