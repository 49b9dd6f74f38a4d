"""Everything that moves credits. Each call is one statement, one round trip, within the caller's transaction.

Amounts are hundredths. `key` is a UUIDv7 that the caller makes once for one thing that it wants done: the same key
again answers with the first outcome and moves nothing. Owners, payers, payees and actors are `Member.ledger_ref`.
Locks: the rows in `ledger.balance` that take part, in the order of their ids, until the caller's transaction ends; so a
transaction that makes several postings should make those of everybody's accounts (grants) last.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection

from localex.credits import rehearsal
from localex.credits.errors import CONSTRAINTS, REFUSALS, REJECTIONS, error_for


class GrantReason(StrEnum):
    """Why the issuer gives credits to a member."""

    STARTER = "starter"
    REFERRAL = "referral"
    COORDINATOR = "coordinator"


GRANT_KINDS = {
    GrantReason.STARTER: "starter_grant",
    GrantReason.REFERRAL: "referral_bonus",
    GrantReason.COORDINATOR: "coordinator_grant",
}


@dataclass(frozen=True, slots=True)
class Posting:
    """What was booked. `repeated`: the key had been used before, and this is what happened then."""

    journal_id: UUID
    booked_at: datetime
    repeated: bool


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the ledger's SQLSTATEs into the errors of `credits.errors`; anything else passes."""
    try:
        yield
    except DatabaseError as error:
        cause = error.__cause__
        state = getattr(cause, "sqlstate", None) or ""
        constraint = getattr(getattr(cause, "diag", None), "constraint_name", None) or ""
        kind = REJECTIONS.get(state) or (CONSTRAINTS.get(constraint) if state == "23505" else None)
        if kind is None:
            raise
        raise error_for(kind) from error


def _call(sql: str, parameters: Sequence[Any]) -> tuple[Any, ...]:
    with _translated(), connection.cursor() as cursor:
        rehearsal.move_clock(cursor)
        cursor.execute(sql, parameters)
        row: tuple[Any, ...] | None = cursor.fetchone()
    if row is None:
        raise AssertionError("a function of the ledger answers with one row")
    return row


def _post(call: str, *parameters: Any) -> Posting:
    journal_id, reason, booked_at, repeated = _call(
        f"SELECT journal_id, reason::text, booked_at, repeated FROM ledger.{call}",  # noqa: S608 - our own text
        parameters,
    )
    if reason is not None:
        raise error_for(REFUSALS[reason])
    return Posting(journal_id, booked_at, repeated)


def open_community(*, community_id: UUID) -> None:
    """Open the issuer, fees and protection accounts of a community. Again: no change."""
    _call("SELECT ledger.open_community(%s)", [community_id])


def open_member(*, community_id: UUID, owner: UUID) -> None:
    """Open the main and gift accounts of a member. Again: no change."""
    _call("SELECT ledger.open_member(%s, %s)", [community_id, owner])


def close_member(*, community_id: UUID, owner: UUID) -> None:
    """Close a member's accounts to further postings; their credits stay where they are.

    Raises CreditsHeld while credits of theirs are held, UnknownAccount.
    """
    _call("SELECT ledger.close_member(%s, %s)", [community_id, owner])


def grant(*, key: UUID, community_id: UUID, owner: UUID, amount: int, reason: str, actor: UUID | None) -> Posting:
    """Give `amount` from the issuer to the member's gift account.

    `reason`: a value of GrantReason; ValueError for another. The words of a coordinator's reason belong into the audit
    log, not here. Raises AccountClosed, LimitReached, KeyReused, KeyExpired, UnknownAccount.
    """
    kind = GRANT_KINDS[GrantReason(reason)]
    return _post(
        "grant_credits(%s, %s, %s, %s, %s::ledger.journal_kind, %s)", key, community_id, owner, amount, kind, actor
    )


def hold(
    *,
    key: UUID,
    community_id: UUID,
    trade_id: UUID,
    payer: UUID,
    amount: int,
    expires_at: datetime,
    actor: UUID | None,
) -> Posting:
    """Set `amount` of the payer aside for a trade, gift credits first. `amount` is above zero.

    From `expires_at` on, by the database's clock, it can only be refunded; the ledger does not do that by itself. A
    retry may name a later deadline; the first one counts. Raises InsufficientCredits, HoldExists, AccountClosed,
    KeyReused, KeyExpired, UnknownAccount, InvalidPosting.
    """
    return _post(
        "hold_credits(%s, %s, %s, %s, %s, %s, %s)", key, community_id, trade_id, payer, amount, expires_at, actor
    )


def extend_hold(*, trade_id: UUID, expires_at: datetime) -> None:
    """Move the deadline of a hold to `expires_at`, or leave it when it is later already.

    Raises HoldEnded, HoldExpired, UnknownHold.
    """
    (reason,) = _call("SELECT ledger.extend_hold(%s, %s)::text", [trade_id, expires_at])
    if reason is not None:
        raise error_for(REFUSALS[reason])


def release(*, key: UUID, trade_id: UUID, payee: UUID, actor: UUID | None) -> Posting:
    """Give what is held for a trade to the payee's main account.

    Raises HoldExpired, HoldEnded, AccountClosed, LimitReached, KeyReused, KeyExpired, UnknownHold, UnknownAccount.
    """
    return _post("release_hold(%s, %s, %s, %s)", key, trade_id, payee, actor)


def refund(*, key: UUID, trade_id: UUID, actor: UUID | None) -> Posting:
    """Give what is held for a trade back to the accounts that it came from, at any time.

    Raises HoldEnded, AccountClosed, KeyReused, KeyExpired, UnknownHold.
    """
    return _post("refund_hold(%s, %s, %s)", key, trade_id, actor)
