"""Fills a ledger with a past that would take hours to post: consistent rows, written straight into the tables.

Only a superuser can, with the guards switched off. The story is simple: an issuer grants 1 credit to one member after
the other, evenly over a year, so that balances, numbers, times and sums are as the invariants I1 to I5 want them. The
digests (I7) are not computed.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

COMMUNITY = "00000000-0000-4000-8000-000000000000"
MEMBERS = 20

OPEN = """
SELECT ledger.open_community(%(community)s);
SELECT ledger.open_member(%(community)s, ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid)
FROM generate_series(1, %(members)s) n;
"""
PAST = """
CREATE TEMPORARY TABLE past AS
SELECT n, uuidv7(moment - clock_timestamp()) AS journal_id, moment,
       (SELECT array_agg(account_id ORDER BY account_id) FROM ledger.accounts
        WHERE community_id = %(community)s AND kind = 'gift') AS gifts,
       (SELECT account_id FROM ledger.accounts WHERE community_id = %(community)s AND kind = 'issuer') AS issuer
FROM generate_series(0, %(journals)s - 1) n,
     LATERAL (SELECT now() - interval '360 days' + n * (interval '359 days' / %(journals)s) AS moment) one;
"""
ROWS = """
INSERT INTO ledger.journal (booked_at, journal_id, community_id, kind, request_hash, content_hash)
SELECT moment, journal_id, %(community)s, 'coordinator_grant', '\\x0123456789abcdef0123456789abcdef',
       '\\x0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef' FROM past ORDER BY n;
INSERT INTO ledger.entry (balance_id, seq, amount, balance_after, booked_at, journal_id)
SELECT gifts[n %% %(members)s + 1], n / %(members)s + 1, 100, 100 * (n / %(members)s + 1), moment, journal_id
FROM past ORDER BY n;
INSERT INTO ledger.entry (balance_id, seq, amount, balance_after, booked_at, journal_id)
SELECT issuer, n + 1, -100, -100 * (n + 1), moment, journal_id FROM past ORDER BY n;
UPDATE ledger.account SET opened_at = now() - interval '361 days' WHERE community_id = %(community)s;
UPDATE ledger.balance b SET posted = last.balance_after, seq = last.seq, last_at = last.booked_at
FROM (SELECT DISTINCT ON (balance_id) * FROM ledger.entry ORDER BY balance_id, seq DESC) last
WHERE b.balance_id = last.balance_id;
DROP TABLE past;
"""
TRIGGERS = """
SELECT tgrelid::regclass::text, quote_ident(tgname) FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
WHERE c.relnamespace = 'ledger'::regnamespace AND NOT tgisinternal
"""
BY_MONTH = """
DO $$
DECLARE
    v_at timestamptz := date_trunc('month', now() - interval '360 days', 'UTC');
    v_to timestamptz;
BEGIN
    ALTER TABLE ledger.journal DETACH PARTITION ledger.journal_first;
    ALTER TABLE ledger.entry DETACH PARTITION ledger.entry_first;
    FOR v_number IN 1 .. 14 LOOP
        v_to := v_at + interval '1 month';
        EXECUTE format('CREATE TABLE ledger.entry_m%s (LIKE ledger.entry_first INCLUDING ALL)', v_number);
        EXECUTE format('ALTER TABLE ledger.entry ATTACH PARTITION ledger.entry_m%s FOR VALUES FROM (%L) TO (%L)',
                       v_number, v_at, v_to);
        EXECUTE format('CREATE TABLE ledger.journal_m%s (LIKE ledger.journal_first INCLUDING ALL)', v_number);
        EXECUTE format('ALTER TABLE ledger.journal ATTACH PARTITION ledger.journal_m%s FOR VALUES FROM (%L) TO (%L)',
                       v_number, ledger.lowest_key(v_at), ledger.lowest_key(v_to));
        v_at := v_to;
    END LOOP;
END
$$;
"""


def open_accounts(app: "psycopg.Connection[Any]", *, members: int = MEMBERS) -> None:
    """The community and its members, by the ledger's own functions, as the application's role."""
    for statement in filter(str.strip, OPEN.split(";")):
        app.execute(statement.encode() % _literals(members=members, journals=0))


def fill_past(superuser: "psycopg.Connection[Any]", *, entries: int, members: int = MEMBERS) -> None:
    """Write `entries` rows of ledger.entry and half as many of ledger.journal; the accounts are open and empty."""
    triggers = superuser.execute(TRIGGERS).fetchall()
    words = _literals(members=members, journals=entries // 2)
    with superuser.transaction():
        for table, trigger in triggers:
            superuser.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}".encode())
        superuser.execute((PAST.encode() % words) + (ROWS.encode() % words))
        for table, trigger in triggers:
            superuser.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}".encode())
    superuser.execute("VACUUM (ANALYZE) ledger.journal, ledger.entry, ledger.balance, ledger.account")


def _literals(*, members: int, journals: int) -> dict[bytes, bytes]:
    return {
        b"community": f"'{COMMUNITY}'::uuid".encode(),
        b"members": str(members).encode(),
        b"journals": f"{journals}::bigint".encode(),
    }
