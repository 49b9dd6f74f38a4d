"""Fills a ledger with a past that would take hours to post: consistent rows, copied (COPY) straight into the tables.

Only a superuser can, with the guards switched off. The story is simple: an issuer grants 1 credit to one member after
the other, evenly over a year, so that balances, numbers, times, sums and digests are as the invariants I1 to I7 want
them. The rows are made here in PostgreSQL's binary format, in which all of them have the same length.
"""

import struct
import time
from collections.abc import Iterator
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    import psycopg

COMMUNITY = "00000000-0000-4000-8000-000000000000"
MEMBERS = 20

KIND = b"coordinator_grant"
REQUEST_HASH = bytes.fromhex("0123456789abcdef0123456789abcdef")
HEAP = 250_000
DAY_SECONDS = 86_400
SECONDS_TO_2000 = 946_684_800  # where PostgreSQL's binary times begin

# A row is the number of its columns, and each column its length (-1: null) and its bytes.
JOURNAL = "journal (booked_at, journal_id, community_id, kind, reason, actor, reference, request_hash, content_hash)"
JOURNAL_ROW = struct.Struct(f">hiqi16si16si{len(KIND)}siiii16si32s")
ENTRY = "entry (balance_id, seq, amount, balance_after, booked_at, journal_id)"
ENTRY_ROW = struct.Struct(">hiqiqiqiqiqi16s")
COPY_BEGIN = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_END = struct.pack(">h", -1)

ACCOUNTS = "SELECT account_id FROM ledger.accounts WHERE community_id = %s AND kind = %s ORDER BY account_id"
BALANCES = """
UPDATE ledger.account SET opened_at = now() - interval '361 days';
UPDATE ledger.community SET opened_at = now() - interval '361 days';
UPDATE ledger.balance b SET posted = last.balance_after, seq = last.seq, last_at = last.booked_at
FROM ledger.balance every CROSS JOIN LATERAL (
    SELECT * FROM ledger.entry e WHERE e.balance_id = every.balance_id ORDER BY seq DESC LIMIT 1
) last
WHERE b.balance_id = every.balance_id;
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
    app.execute("SELECT ledger.open_community(%s)", [COMMUNITY])
    app.execute(
        "SELECT ledger.open_member(%s, ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid)"
        " FROM generate_series(1, %s) n",
        [COMMUNITY, members],
    )


def fill_past(superuser: "psycopg.Connection[Any]", *, entries: int) -> None:
    """Copy `entries` rows into ledger.entry and half as many into ledger.journal; the accounts are open and empty."""
    triggers = superuser.execute(TRIGGERS).fetchall()
    with superuser.transaction():
        for table, trigger in triggers:
            superuser.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}".encode())
        copy_past(superuser, entries // 2)
        superuser.execute(BALANCES)
        for table, trigger in triggers:
            superuser.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}".encode())
    superuser.execute("VACUUM (ANALYZE) ledger.journal, ledger.entry, ledger.balance, ledger.account")


def copy_past(superuser: "psycopg.Connection[Any]", journals: int) -> None:
    """The rows of both tables, a heap at a time, so that they lie on the disk in the order of time."""
    gifts = [row[0] for row in superuser.execute(ACCOUNTS, [COMMUNITY, "gift"])]
    issuer = next(row[0] for row in superuser.execute(ACCOUNTS, [COMMUNITY, "issuer"]))
    start = int((time.time() - 360 * DAY_SECONDS) * 1_000_000)
    step = 359 * DAY_SECONDS * 1_000_000 // journals
    for first in range(0, journals, HEAP):
        heap = list(make_rows(gifts, issuer, start, step, range(first, min(first + HEAP, journals))))
        for columns, rows in ((JOURNAL, (row[0] for row in heap)), (ENTRY, (row[1] for row in heap))):
            with superuser.cursor().copy(f"COPY ledger.{columns} FROM STDIN (FORMAT binary)".encode()) as copy:
                copy.write(COPY_BEGIN + b"".join(rows) + COPY_END)


def make_rows(gifts: list[int], issuer: int, start: int, step: int, numbers: range) -> Iterator[tuple[bytes, bytes]]:
    """A journal row and its two entries for each of `numbers`; `start` and `step` are microseconds since 1970."""
    community = UUID(COMMUNITY)
    for n in numbers:
        at = start + n * step
        key = UUID(int=(at // 1000 << 80) | (7 << 76) | (2 << 62) | n)  # of version 7
        gift, place = gifts[n % len(gifts)], n // len(gifts) + 1
        legs = f"{gift}:{place}:100:{100 * place};{issuer}:{n + 1}:-100:{-100 * (n + 1)}"
        said = f"{key}|{community}|{KIND.decode()}|-|{at}|-|-|{REQUEST_HASH.hex()}|{legs}"
        booked_at = at - SECONDS_TO_2000 * 1_000_000
        yield (
            JOURNAL_ROW.pack(
                9, 8, booked_at, 16, key.bytes, 16, community.bytes, len(KIND), KIND, -1, -1, -1,
                16, REQUEST_HASH, 32, sha256(said.encode()).digest(),
            ),
            ENTRY_ROW.pack(6, 8, gift, 8, place, 8, 100, 8, 100 * place, 8, booked_at, 16, key.bytes)
            + ENTRY_ROW.pack(6, 8, issuer, 8, n + 1, 8, -100, 8, -100 * (n + 1), 8, booked_at, 16, key.bytes),
        )  # fmt: skip
