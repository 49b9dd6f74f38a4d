"""Proofs that one posting is in the sealed books: a JSON file that docs/verify_entry.py checks on any machine.

A proof holds the posting with its legs, the way from its content hash to the root of its seal, and what leads from that
seal to the newest one. Times are microseconds since 1970, amounts hundredths, bytes hex.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from localex.credits import seals
from localex.lib.errors import Conflict, NotFound

FORMAT = "localex-proof-1"
PERSONAL_KINDS = ("main", "gift")
NO_ENTRY = "There is no such entry."


class NotSealedYet(Conflict):
    """The posting was booked a moment ago, and its seal is not made yet."""

    code = "not_sealed_yet"


@dataclass(frozen=True, slots=True)
class _Leg:
    account_id: int
    seq: int
    amount: int
    balance_after: int
    kind: str
    community_id: UUID
    owner: UUID | None


def prove(*, journal_id: UUID) -> dict[str, Any]:
    """The whole proof of a posting, refused or booked, for an operator.

    Raises NotFound when there is none, NotSealedYet until its seal is made. Reads all rows of one seal (at most
    100,000) and every later seal.
    """
    return _prove(journal_id, _find_legs(journal_id), withhold=False)


def prove_for_member(*, journal_id: UUID, community_id: UUID, owner: UUID) -> dict[str, Any]:
    """The proof of a posting that moved credits of this member; NotFound for every other, NotSealedYet until its seal.

    Of other accounts it shows numbers and balances only where they are nobody's own (a trade's escrow, the issuer, the
    fees). A posting that also moved another member's credits is proven by its content hash alone: the text behind the
    hash would show the other's balance, and without it nothing that the file says of the posting could be checked
    (docs/seals.md).
    """
    legs = _find_legs(journal_id)
    own = [leg for leg in legs if leg.owner == owner and leg.community_id == community_id]
    if not any(leg.kind in PERSONAL_KINDS for leg in own):
        raise NotFound(NO_ENTRY)
    others = [leg for leg in legs if leg.kind in PERSONAL_KINDS and leg not in own]
    return _prove(journal_id, legs, withhold=bool(others))


def find_journal(*, account_id: int, seq: int) -> UUID:
    """The posting behind entry number `seq` of an account; NotFound when there is none. Primary key of entry."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT journal_id FROM ledger.entries WHERE account_id = %s AND seq = %s", [account_id, seq])
        row = cursor.fetchone()
    if row is None:
        raise NotFound(NO_ENTRY)
    found: UUID = row[0]
    return found


def _find_legs(journal_id: UUID) -> list[_Leg]:
    """The legs of a posting, in the order of its content hash: found by its time, which they share (BRIN)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT e.account_id, e.seq, e.amount, e.balance_after, a.kind::text, a.community_id, a.owner
            FROM ledger.entries e JOIN ledger.accounts a ON a.account_id = e.account_id
            WHERE e.booked_at = (SELECT booked_at FROM ledger.journals WHERE journal_id = %s) AND e.journal_id = %s
            ORDER BY e.account_id
            """,
            [journal_id, journal_id],
        )
        return [_Leg(*row) for row in cursor.fetchall()]


def _prove(journal_id: UUID, legs: list[_Leg], *, withhold: bool) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT journal_id::text, community_id::text, kind::text, reason::text,
                   (extract(epoch FROM booked_at) * 1000000)::bigint, actor::text, reference::text,
                   encode(request_hash, 'hex'), encode(content_hash, 'hex')
            FROM ledger.journals WHERE journal_id = %s
            """,
            [journal_id],
        )
        row = cursor.fetchone()
        if row is None:
            raise NotFound(NO_ENTRY)
        cursor.execute(
            "SELECT seal_no, place, leaves, path FROM ledger.find_inclusion(%s) WHERE place IS NOT NULL", [journal_id]
        )
        inclusion = cursor.fetchone()
    if inclusion is None:
        raise NotSealedYet(
            "This entry is not sealed yet. That happens every quarter of an hour: try again a little later.",
            kept="The entry itself is booked and safe.",
        )
    names = ("journal_id", "community_id", "kind", "reason", "booked_at", "actor", "reference", "request_hash")
    posting = dict(zip(names, row, strict=False))
    seal, *later = seals.list_seals(after_no=inclusion[0] - 1)
    return {
        "format": FORMAT,
        # What the reader could not check is left out: somebody might believe it (docs/verify_entry.py).
        "posting": {} if withhold else posting,
        "legs": [
            {"account": leg.account_id, "seq": leg.seq, "amount": leg.amount, "balance_after": leg.balance_after}
            for leg in ([] if withhold else legs)
        ],
        "withheld": withhold,
        "content_hash": row[-1],
        "place": inclusion[1],
        "path": [bytes(node).hex() for node in inclusion[3]],
        "seal": {name: getattr(seal, name) for name in seal.__dataclass_fields__},
        "later": [each.body() for each in later],
        "newest": {
            "seal_no": later[-1].seal_no if later else seal.seal_no,
            "digest": later[-1].digest if later else seal.digest,
        },
    }
