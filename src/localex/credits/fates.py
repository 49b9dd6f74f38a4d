"""What became of the holds that lines of a statement are about. Amounts are hundredths."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from localex.credits.reading import fetch


@dataclass(frozen=True, slots=True)
class Fate:
    """One hold as somebody sees it: `state` is held, released or refunded, `returned` what a payer got back of it.

    `ended_how` is the kind of the posting that ended it ("" while held). `price` is what the payee was to get before
    `seller_fee`; `buyer_fee` was held on top of it. `ended_at` is when it ended.
    """

    is_payer: bool
    state: str
    expires_at: datetime
    ended_how: str
    price: int
    buyer_fee: int
    seller_fee: int
    returned: int = 0
    ended_at: datetime | None = None


def find_fates(*, community_id: UUID, owner: UUID, references: Collection[UUID]) -> dict[UUID, Fate]:
    """The holds among `references` by trade, in one query by hold_pkey and journal_pkey.

    A payment in part gives the rest back in the same posting, so the payer's own entry of that moment says how much it
    was; it is found by halving, as in statements.find_places.
    """
    if not references:
        return {}
    rows = fetch(_FATES, [owner, list(references), community_id, community_id, owner])
    return {row[0]: Fate(*row[1:]) for row in rows}


_FATES: Final = """
    WITH RECURSIVE fate AS (
        SELECT hold.trade_id, hold.payer = %s AS is_payer, hold.state::text, hold.expires_at,
               coalesce(ending.kind::text, '') AS ended_how, hold.price, hold.buyer_fee, hold.seller_fee,
               ending.journal_id, ending.booked_at
        FROM ledger.holds hold
        LEFT JOIN ledger.journals ending ON ending.journal_id = hold.ended_by
        WHERE hold.trade_id = ANY(%s) AND hold.community_id = %s
    ), search AS (
        SELECT fate.journal_id, fate.booked_at, account.account_id, 0::bigint AS low, account.entry_count AS high
        FROM ledger.accounts account, fate
        WHERE account.community_id = %s AND account.owner = %s AND account.kind IN ('gift', 'main')
          AND fate.is_payer AND fate.state = 'released'
      UNION ALL
        SELECT search.journal_id, search.booked_at, search.account_id,
               CASE WHEN middle.booked_at <= search.booked_at THEN middle.seq ELSE search.low END,
               CASE WHEN middle.booked_at <= search.booked_at THEN search.high ELSE middle.seq - 1 END
        FROM search
        JOIN ledger.entries middle
            ON middle.account_id = search.account_id AND middle.seq = (search.low + search.high + 1) / 2
        WHERE search.low < search.high
    ), returned AS (
        SELECT search.journal_id, sum(entry.amount) AS amount
        FROM search
        JOIN ledger.entries entry ON entry.account_id = search.account_id AND entry.seq = search.low
        WHERE search.low >= search.high AND entry.journal_id = search.journal_id
        GROUP BY search.journal_id
    )
    SELECT fate.trade_id, fate.is_payer, fate.state, fate.expires_at, fate.ended_how, fate.price, fate.buyer_fee,
           fate.seller_fee, coalesce(returned.amount, 0)::bigint, fate.booked_at
    FROM fate LEFT JOIN returned ON returned.journal_id = fate.journal_id
"""
