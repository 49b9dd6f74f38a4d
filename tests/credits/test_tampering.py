"""What a superuser does to sealed books with the guards switched off is found, and the row is named."""

import re
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from localex.embedded import roles
from tests.credits.books import Books, new_books
from tests.servers import Servers

GUARDED = ("account", "balance", "journal", "journal_first", "entry", "entry_first", "hold", "audit", "seal", "sealing")

REHASH = """
UPDATE ledger.journal j SET content_hash = ledger.content_hash(j.journal_id, j.community_id, j.kind, j.reason,
    j.booked_at, j.actor, j.reference, j.request_hash, (SELECT string_agg(concat_ws(':', balance_id, seq, amount,
    balance_after), chr(59) ORDER BY balance_id) FROM ledger.entry e WHERE e.journal_id = j.journal_id))
"""
SEAL_AGAIN = """
UPDATE ledger.seal s SET digest = ledger.seal_digest(seal_no, after, until, leaves, root, sealed_at, previous)
WHERE seal_no = 2
"""

# What is done; and for each check that must notice, what it says of which row.
DAMAGE: dict[str, tuple[str, dict[str, str]]] = {
    "an account given to somebody else": (
        "UPDATE ledger.account SET owner = gen_random_uuid() WHERE account_id = %(main)s",
        {"I8": r"account {main}: it is not as seal 1 sealed it"},
    ),
    "an account opened earlier": (
        "UPDATE ledger.account SET opened_at = opened_at - interval '1 microsecond' WHERE account_id = %(main)s",
        {"I8": r"account {main}: it is not as seal 1 sealed it"},
    ),
    "other words in the audit": (
        "UPDATE ledger.audit SET words = 'It was somebody else.'",
        {"I8": r"audit row \d+: it is not as seal 2 sealed it"},
    ),
    "an audit row gone": (
        "DELETE FROM ledger.audit WHERE what = 'stopped'",
        {"I8": r"seal 2: 1 of the \d+ rows that it sealed are gone"},
    ),
    "a refusal laid to somebody else": (
        "UPDATE ledger.journal SET actor = gen_random_uuid() WHERE journal_id = %(refusal)s",
        {"I7": r"journal {refusal}: its content hash"},
    ),
    "the same with a new hash": (
        f"UPDATE ledger.journal SET actor = gen_random_uuid() WHERE journal_id = %(refusal)s;{REHASH}",
        {"I8": r"journal {refusal}: it is not as seal 1 sealed it"},
    ),
    "another request under the key": (
        "UPDATE ledger.journal SET request_hash = '\\x00' WHERE journal_id = %(posting)s",
        {"I7": r"journal {posting}: its content hash"},
    ),
    "a posting for more, and everything recomputed": (
        "UPDATE ledger.entry SET amount = amount * 2, balance_after = balance_after + amount"
        " WHERE journal_id = %(posting)s;"
        "UPDATE ledger.entry e SET balance_after = e.balance_after + sign(e.amount)::int * 100"
        " WHERE booked_at > (SELECT booked_at FROM ledger.journal WHERE journal_id = %(posting)s)"
        " AND balance_id IN (SELECT balance_id FROM ledger.entry WHERE journal_id = %(posting)s);"
        "UPDATE ledger.balance b SET posted = (SELECT balance_after FROM ledger.entry e"
        " WHERE e.balance_id = b.balance_id ORDER BY seq DESC LIMIT 1) WHERE seq > 0;"
        f"{REHASH}",
        {"I8": r"journal {posting}: it is not as seal 1 sealed it"},
    ),
    "a refusal that nobody was to know of": (
        "DELETE FROM ledger.journal WHERE journal_id = %(refusal)s",
        {"I8": r"seal 1: 1 of the \d+ rows that it sealed are gone"},
    ),
    "a refusal that never was": (
        "INSERT INTO ledger.journal SELECT booked_at, uuidv7(), community_id, kind, reason, actor, reference,"
        " request_hash, content_hash FROM ledger.journal WHERE journal_id = %(refusal)s",
        {"I7": r"journal ", "I8": r"seal 1: 1 rows were added to the \d+ that it sealed"},
    ),
    "one dated into a quiet quarter of an hour": (
        "UPDATE ledger.sealing SET sealed = sealed + interval '1 second', horizon = horizon + interval '1 second';"
        "INSERT INTO ledger.account SELECT 77, community_id, gen_random_uuid(), 'main', sealed FROM ledger.account,"
        " ledger.sealing LIMIT 1;INSERT INTO ledger.balance (balance_id, community_id) SELECT 77, community_id"
        " FROM ledger.account LIMIT 1",
        {"I8": r"account 77: it is dated before the end of what was sealed, yet no seal has it"},
    ),
    "a seal with another root": (
        "UPDATE ledger.seal SET root = sha256('x') WHERE seal_no = 2",
        {"I8": r"seal 2: its digest does not follow"},
    ),
    "the same with its digest": (
        f"UPDATE ledger.seal SET root = sha256('x') WHERE seal_no = 2;{SEAL_AGAIN}",
        {"I8": r"seal 2: its root does not follow"},
    ),
    "a seal of another time": (
        f"UPDATE ledger.seal SET sealed_at = sealed_at - interval '1 day' WHERE seal_no = 2;{SEAL_AGAIN}",
        {"I8": r"seal 3: it does not name the digest of the seal before it"},
    ),
    "a seal gone from the middle": (
        "DELETE FROM ledger.seal WHERE seal_no = 2",
        {"I8": r"seal 3: it is number 2 of the chain"},
    ),
    "the last seal gone": (
        "DELETE FROM ledger.seal WHERE seal_no = 3",
        {"I8": r"journal {last}: it is dated before the end of what was sealed, yet no seal has it"},
    ),
    "other marks in a seal": (
        "UPDATE ledger.seal SET marks = '\\x00' WHERE seal_no = 2",
        {"I8": r"seal 2: its marks do not follow from the rows that it sealed"},
    ),
    "the end of sealing set back": (
        "UPDATE ledger.sealing SET sealed = sealed - interval '1 second'",
        {"I8": r"seal 3: it ends after everything that was sealed"},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def sealed_books(servers: Servers) -> Iterator[tuple[Books, dict[str, Any]]]:
    """Three seals: a posting and a refusal; an audit row and a posting; a posting."""
    with new_books(servers) as books:
        owner = books.member()
        posting, refusal = books.grant(owner), books.refuse(owner)
        books.seal()
        books.run("SELECT ledger.stop_postings(%s, 'A look is needed.')", books.id)
        books.run("SELECT ledger.resume_postings(%s, NULL, 'It was nothing.')", books.id)
        books.grant(owner)
        books.seal()
        last = books.grant(owner)
        books.seal()
        accounts = dict(books.run("SELECT kind::text, account_id FROM ledger.accounts WHERE owner = %s", owner))
        assert books.broken() == {}
        yield books, {**accounts, "posting": posting, "refusal": refusal, "last": last}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_to_sealed_books_is_found_and_named(sealed_books: tuple[Books, dict[str, Any]], damage: str) -> None:
    books, numbers = sealed_books
    statements, expected = DAMAGE[damage]
    with books.connect(roles.SUPER) as superuser, superuser.transaction(force_rollback=True):
        for table in GUARDED:
            superuser.execute(f"ALTER TABLE ledger.{table} DISABLE TRIGGER USER".encode())
        for statement in statements.split(";"):
            done = superuser.execute(statement.encode(), numbers)
            assert done.rowcount > 0, statement
        found = books.broken(using=superuser)
    for check, words in expected.items():
        rows = [f"{subject}: {detail}" for subject, detail in found.get(check, [])]
        assert any(re.match(words.format(**numbers), row) for row in rows), found
    assert set(found) == set(expected), found


def test_what_is_new_is_enough_when_it_is_new(sealed_books: tuple[Books, dict[str, Any]]) -> None:
    """The incremental check finds damage to what was booked since, in every check that it shortens."""
    books, numbers = sealed_books
    since = books.run("SELECT until::text FROM ledger.seals WHERE seal_no = 2")[0][0]
    for statement, expected in (
        ("UPDATE ledger.entry SET amount = amount + 1 WHERE journal_id = %(last)s AND amount > 0", {"I2", "I4", "I7"}),
        ("DELETE FROM ledger.entry WHERE journal_id = %(last)s AND amount > 0", {"I2", "I3", "I7"}),
        ("UPDATE ledger.entry SET seq = seq + 1 WHERE journal_id = %(last)s", {"I3", "I4", "I7"}),
        ("UPDATE ledger.journal SET reason = 'hold_ended' WHERE journal_id = %(last)s", {"I2", "I7"}),
        ("DELETE FROM ledger.journal WHERE journal_id = %(last)s", {"I2", "I8"}),
        ("UPDATE ledger.balance SET posted = posted + 5 WHERE balance_id = %(gift)s", {"I1", "I3"}),
        ("UPDATE ledger.account SET owner = gen_random_uuid() WHERE account_id = %(main)s", set()),
    ):
        with books.connect(roles.SUPER) as superuser, superuser.transaction(force_rollback=True):
            for table in GUARDED:
                superuser.execute(f"ALTER TABLE ledger.{table} DISABLE TRIGGER USER".encode())
            superuser.execute(statement.encode(), numbers)
            assert set(books.broken(since=since, using=superuser)) == expected, statement
    assert books.broken(since=since) == {}


@pytest.mark.parametrize("is_new", [True, False])
def test_a_hold_that_ended_and_is_gone_is_found(sealed_books: tuple[Books, dict[str, Any]], is_new: bool) -> None:
    """By the incremental check as long as it is new; what became of it is not needed for that."""
    books, numbers = sealed_books
    since = books.run("SELECT until::text FROM ledger.seals WHERE seal_no = 3")[0][0] if is_new else "-infinity"
    trade, payee = uuid.uuid4(), uuid.uuid4()
    with books.connect(roles.SUPER) as superuser, superuser.transaction(force_rollback=True):
        superuser.execute("SELECT ledger.open_member(%s, %s)", [books.id, payee])
        query = "SELECT owner FROM ledger.accounts WHERE account_id = %(main)s"
        (payer,) = superuser.execute(query, numbers).fetchone()
        for statement, parameters in (
            ("hold_credits(uuidv7(), %s, %s, %s, %s, 9, 0, 0, now() + '1 day', NULL)", [books.id, trade, payer, payee]),
            ("release_hold(uuidv7(), %s, %s, NULL)", [trade, payee]),
        ):
            (reason,) = superuser.execute(f"SELECT reason FROM ledger.{statement}".encode(), parameters).fetchone()
            assert reason is None
        assert books.broken(since=since, using=superuser) == {}
        superuser.execute("ALTER TABLE ledger.hold DISABLE TRIGGER USER")
        superuser.execute("DELETE FROM ledger.hold WHERE trade_id = %s", [trade])
        found = books.broken(since=since, using=superuser)
    assert list(found) == ["I6"]
    ((subject, detail),) = found["I6"]
    assert (subject, detail[-30:]) == (f"escrow of trade {trade}", "held credits, its hold is gone")


def test_there_is_no_ninth_check(sealed_books: tuple[Books, dict[str, Any]]) -> None:
    with pytest.raises(psycopg.Error, match="there is no check I9"):
        sealed_books[0].broken("I9")


def test_seals_are_append_only_for_everybody(sealed_books: tuple[Books, dict[str, Any]]) -> None:
    books, _ = sealed_books
    for statement in (
        "INSERT INTO ledger.seal SELECT 9, until, until + interval '1 s', 1, root, digest, digest, until, marks"
        " FROM ledger.seal ORDER BY seal_no DESC LIMIT 1",
        "UPDATE ledger.seal SET root = digest",
        "DELETE FROM ledger.seal",
        "TRUNCATE ledger.seal",
        "UPDATE ledger.sealing SET horizon = '-infinity'",
        "DELETE FROM ledger.sealing",
    ):
        for role in (roles.APP, roles.OWNER, roles.SUPER):
            with pytest.raises(psycopg.Error, match=r"permission denied|is refused"):
                books.run(statement, role=role)
