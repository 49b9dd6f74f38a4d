"""Names for what the completed ledger posts and refuses, and what has to be made without a lock.

A value of an enumerated type can be used only after its transaction has committed, and an index is built beside running
postings only outside one; hence a migration of its own, without a transaction. Each statement may run again, because
one that was interrupted begins anew. Backwards nothing is taken away: the release before works with all of it, several
issuers included, for it sums them by kind and grants from the first.
"""

from itertools import pairwise

from django.db import migrations

from localex.credits.ledger_sql import read

KINDS = ("refund", "expiry", "protection_funding", "protection", "clearing_out", "clearing_in")
REFUSALS = ("limit_reached", "already_granted", "other_payee", "hold_not_expired", "linked_refused")


def values(kind, names):
    """Adds `names` to an enumerated type, one after the other; the first is there already."""
    return [
        migrations.RunSQL(
            f"ALTER TYPE ledger.{kind} ADD VALUE IF NOT EXISTS '{name}' AFTER '{before}'", migrations.RunSQL.noop
        )
        for before, name in pairwise(names)
    ]


# A clearing account has an owner: the other community. Of several issuers of a community all but the first have a number
# in the place of an owner. Validated without keeping anybody out; then the old rule goes.
OWNERS = [
    "-- squawk-ignore ban-drop-constraint\nALTER TABLE ledger.account DROP CONSTRAINT IF EXISTS account_owner_by_kind",
    "ALTER TABLE ledger.account ADD CONSTRAINT account_owner_by_kind CHECK"
    " ((owner IS NOT NULL) = (kind IN ('main', 'gift', 'escrow', 'clearing')) OR (kind = 'issuer'"
    " AND owner >= '00000000-0000-0000-0000-000000000001' AND owner <= '00000000-0000-0000-0000-000000000008'))"
    " NOT VALID",
    "ALTER TABLE ledger.account VALIDATE CONSTRAINT account_owner_by_kind",
    "-- squawk-ignore ban-drop-constraint\nALTER TABLE ledger.account DROP CONSTRAINT IF EXISTS account_has_owner",
]
OWNERS_BACK = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM ledger.accounts WHERE kind = 'clearing') THEN
        RAISE EXCEPTION 'the ledger has clearing accounts, which the release before cannot hold; it stays as it is';
    END IF;
END
$$;
ALTER TABLE ledger.account DROP CONSTRAINT account_owner_by_kind;
ALTER TABLE ledger.account ADD CONSTRAINT account_has_owner CHECK
    ((owner IS NOT NULL) = (kind IN ('main', 'gift', 'escrow')) OR kind = 'issuer');
"""

# Whom a hold is for, and what of it is fees. Null and zero for holds of the release before, also after a way back: its
# INSERTs do not name them. What the price is follows: from_gift + from_main - buyer_fee.
FEES = [
    "ALTER TABLE ledger.hold ADD COLUMN IF NOT EXISTS payee uuid",
    "ALTER TABLE ledger.hold ADD COLUMN IF NOT EXISTS buyer_fee bigint NOT NULL DEFAULT 0",
    "ALTER TABLE ledger.hold ADD COLUMN IF NOT EXISTS seller_fee bigint NOT NULL DEFAULT 0",
    "-- squawk-ignore ban-drop-constraint\nALTER TABLE ledger.hold DROP CONSTRAINT IF EXISTS hold_fees_fit",
    "ALTER TABLE ledger.hold ADD CONSTRAINT hold_fees_fit CHECK"
    " (buyer_fee >= 0 AND seller_fee >= 0 AND seller_fee <= from_gift + from_main - buyer_fee"
    " AND from_gift + from_main - buyer_fee > 0) NOT VALID",
    "ALTER TABLE ledger.hold VALIDATE CONSTRAINT hold_fees_fit",
]

# Floor, ceiling and a bound that is a thousand times the largest amount, far from where a bigint ends, so that no sum or
# difference of balances and limits fails. One CHECK instead of three: each costs a posting a twentieth of its time, for
# PostgreSQL reads its expression anew in every statement.
LIMITS = [
    "-- squawk-ignore ban-drop-constraint\nALTER TABLE ledger.balance DROP CONSTRAINT IF EXISTS balance_within_limits",
    "ALTER TABLE ledger.balance ADD CONSTRAINT balance_within_limits CHECK"
    " (posted BETWEEN greatest(floor, -1000000000000000000) AND least(ceiling, 1000000000000000000)) NOT VALID",
    "ALTER TABLE ledger.balance VALIDATE CONSTRAINT balance_within_limits",
    "-- squawk-ignore ban-drop-constraint\n"
    "ALTER TABLE ledger.balance DROP CONSTRAINT IF EXISTS balance_above_floor,"
    " DROP CONSTRAINT IF EXISTS balance_below_ceiling",
]
LIMITS_BACK = """
ALTER TABLE ledger.balance
    ADD CONSTRAINT balance_above_floor CHECK (floor IS NULL OR posted >= floor),
    ADD CONSTRAINT balance_below_ceiling CHECK (ceiling IS NULL OR posted <= ceiling),
    DROP CONSTRAINT balance_within_limits;
"""

# Those `by_time`, for seals and checks, are a few kilobytes: the rows lie in the order of their times anyway.
INDEXES = {
    "hold_open_by_deadline": "ledger.hold (expires_at) WHERE state = 'held'",
    "journal_by_time": "ledger.journal USING brin (booked_at)",
    "entry_by_time": "ledger.entry USING brin (booked_at)",
    "account_by_time": "ledger.account USING brin (opened_at)",
}


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("credits", "0001_ledger")]
    operations = [
        migrations.RunSQL(read("0002_roles"), migrations.RunSQL.noop),
        *values("journal_kind", KINDS),
        *values("refusal", REFUSALS),
        migrations.RunSQL(FEES, migrations.RunSQL.noop),
        migrations.RunSQL(OWNERS, OWNERS_BACK),
        migrations.RunSQL(LIMITS, LIMITS_BACK),
        *[
            # One that was interrupted leaves an invalid index behind, so whatever there is goes first.
            migrations.RunSQL(
                [
                    f"DROP INDEX CONCURRENTLY IF EXISTS ledger.{name}",
                    f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {what}",
                ],
                [f"DROP INDEX CONCURRENTLY IF EXISTS ledger.{name}"],
            )
            for name, what in INDEXES.items()
        ],
    ]
