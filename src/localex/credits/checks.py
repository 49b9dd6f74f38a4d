"""The checker: asks the ledger's views for rows that break one of its invariants."""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction

MAX_OFFENCES = 20
TIME_LIMIT = "10min"

CHECKS = {
    "I1": "The balances of each community sum to zero",
    "I2": "Every posting has legs that sum to zero, and nothing else has legs",
    "I3": "Every balance equals its entries",
    "I4": "Entries are numbered without a gap and later each time",
    "I5": "No balance is below its floor or above its ceiling",
    "I6": "Everything in escrow belongs to a hold that is under way",
}


@dataclass(frozen=True, slots=True)
class Offence:
    """One row that breaks an invariant."""

    community_id: UUID | None
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The outcome of one check: how many rows break it, and the first of them."""

    name: str
    words: str
    count: int
    offences: list[Offence]

    @property
    def holds(self) -> bool:
        return self.count == 0


def run_check(name: str, *, community_id: UUID | None = None, limit: int = MAX_OFFENCES) -> CheckResult:
    """Run the check `name` (a key of CHECKS) over one community or all. KeyError for another name.

    Changes and locks nothing. Reads whole tables; its time limit is ten minutes instead of a request's.
    """
    words = CHECKS[name]
    with transaction.atomic(), connection.cursor() as cursor:
        # Until the transaction ends: a check runs in one of its own.
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [TIME_LIMIT])
        cursor.execute(
            f"""
            SELECT count(*) OVER (), community_id, subject, detail FROM ledger.broken_{name.lower()}
            WHERE %s::uuid IS NULL OR community_id = %s ORDER BY subject LIMIT %s
            """,  # noqa: S608 - a key of CHECKS
            [community_id, community_id, limit],
        )
        rows = cursor.fetchall()
    return CheckResult(name, words, rows[0][0] if rows else 0, [Offence(*row[1:]) for row in rows])


def run_checks(*, community_id: UUID | None = None, limit: int = MAX_OFFENCES) -> list[CheckResult]:
    """Run all checks, I1 to I6, each naming at most `limit` offending rows."""
    return [run_check(name, community_id=community_id, limit=limit) for name in CHECKS]
