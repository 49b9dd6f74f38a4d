"""Everything that moves credits. Each call is one statement, one round trip, within the caller's transaction.

Amounts are hundredths. `key` is a UUIDv7 that the caller makes once for one thing that it wants done: the same key
again answers with the first outcome and moves nothing. Owners, payers, payees and actors are `Member.ledger_ref`.
Locks: the rows in `ledger.balance` that take part, in the order of their ids, until the caller's transaction ends; so a
transaction that makes several postings should make those of everybody's accounts (grants) last.

Every posting may raise, beside what its own description names: KeyReused, KeyExpired, InvalidPosting (a key that is not
a UUIDv7, an amount that makes no sense, another isolation level than READ COMMITTED), UnknownAccount, PostingsStopped.
"""

from localex.credits.services.accounts import (
    close_member,
    open_clearing,
    open_community,
    open_member,
    reopen_member,
    set_ceiling,
    set_credit_line,
)
from localex.credits.services.calls import Posting
from localex.credits.services.grants import GRANT_KINDS, GrantReason, grant, grant_many
from localex.credits.services.growth import cut_partitions
from localex.credits.services.holds import (
    capture,
    expire,
    expire_overdue,
    extend_hold,
    hold,
    name_payee,
    refund,
    release,
    release_across,
)
from localex.credits.services.protection import fund_protection, pay_protection

__all__ = [
    "GRANT_KINDS",
    "GrantReason",
    "Posting",
    "capture",
    "close_member",
    "cut_partitions",
    "expire",
    "expire_overdue",
    "extend_hold",
    "fund_protection",
    "grant",
    "grant_many",
    "hold",
    "name_payee",
    "open_clearing",
    "open_community",
    "open_member",
    "pay_protection",
    "refund",
    "release",
    "release_across",
    "reopen_member",
    "set_ceiling",
    "set_credit_line",
]
