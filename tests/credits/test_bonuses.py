"""What is given once, as the checker sees it: also what the release before gave, which wrote no bonus down."""

import contextlib
import uuid
from collections.abc import Iterator
from importlib import import_module

import pytest

from localex.embedded import roles
from tests.credits.books import Books
from tests.credits.test_migration import lay
from tests.servers import Servers

STARTER = "SELECT reason::text FROM ledger.grant_credits(uuidv7(), %s, %s, 50, 'starter_grant', NULL)"
REFERRAL_BEFORE = "SELECT reason::text FROM ledger.grant_credits(uuidv7(), %s, %s, 20, 'referral_bonus', NULL)"
REFERRAL = "SELECT reason::text FROM ledger.grant_credits(uuidv7(), %s, %s, 20, 'referral_bonus', NULL, %s)"
NOT_DOWN, NOT_ASKED, NONE = "that is not down as given", "which nobody asked for", "but it is none"


@pytest.fixture(scope="module")
def books(servers: Servers) -> Iterator[Books]:
    """Two starter grants and two referral bonuses by 0.1.0; then, by this release, one of each for somebody else."""
    with servers.scratch_database(migrated=False) as name:
        lay(servers, name)
        found = Books(servers, name)
        found.run(f"GRANT ledger_app TO {roles.APP}", role=roles.OWNER)
        found.open()
        before = found.member()
        for statement in (STARTER, STARTER, REFERRAL_BEFORE, REFERRAL_BEFORE):
            assert found.run(statement, found.id, before) == [(None,)]
        migrate_on(found)
        assert found.broken() == {}
        found.seal()
        after = found.member()
        assert found.run(STARTER, found.id, after) == [(None,)]
        assert found.run(REFERRAL, found.id, after, uuid.uuid4()) == [(None,)]
        found.seal()
        yield found


def migrate_on(books: Books) -> None:
    """The ledger's own migrations after the first, as Django runs them: each statement of 0002 by itself."""
    with books.connect(roles.OWNER) as owner:
        for number in ("0002_kinds", "0003_core", "0004_seals"):
            for operation in import_module(f"localex.credits.migrations.{number}").Migration.operations:
                statements = getattr(operation, "sql", [])
                for statement in statements if isinstance(statements, list) else [statements]:
                    with contextlib.nullcontext() if number == "0002_kinds" else owner.transaction():
                        owner.execute(statement.encode())


def test_what_the_release_before_gave_is_in_order(books: Books) -> None:
    assert books.run("SELECT kind::text, count(*) FROM ledger.bonuses GROUP BY 1 ORDER BY 1") == [
        ("referral_bonus", 1),
        ("starter_grant", 2),
    ]
    assert books.broken() == books.broken(since=first_seal(books)) == {}


@pytest.mark.parametrize(
    ("damage", "is_new", "words"),
    [
        ("DELETE FROM ledger.bonus WHERE kind = 'referral_bonus'", True, [NOT_DOWN]),
        ("UPDATE ledger.bonus SET about = gen_random_uuid() WHERE kind = 'referral_bonus'", True, [NOT_ASKED]),
        ("UPDATE ledger.bonus SET owner = about WHERE kind = 'referral_bonus'", True, [NOT_DOWN, NONE]),
        ("DELETE FROM ledger.bonus WHERE kind = 'starter_grant'", True, [NOT_DOWN] * 3),
        (
            "INSERT INTO ledger.bonus SELECT community_id, x, x, journal_id, kind"
            " FROM ledger.bonus, gen_random_uuid() x WHERE kind = 'referral_bonus'",
            False,
            [NONE],
        ),
        (
            "INSERT INTO ledger.bonus SELECT j.community_id, a.owner, gen_random_uuid(), j.journal_id, j.kind"
            " FROM ledger.journal j JOIN ledger.entry USING (journal_id)"
            " JOIN ledger.account a ON account_id = balance_id"
            " WHERE j.kind = 'referral_bonus' AND a.kind = 'gift' ORDER BY j.booked_at LIMIT 1",
            False,
            [NOT_ASKED],
        ),
    ],
)
def test_damage_is_named(books: Books, damage: str, is_new: bool, words: list[str]) -> None:
    with books.connect(roles.SUPER) as superuser, superuser.transaction(force_rollback=True):
        superuser.execute("ALTER TABLE ledger.bonus DISABLE TRIGGER USER")
        assert superuser.execute(damage.encode()).rowcount > 0
        found = books.broken(using=superuser)
        assert list(found) == ["I2"]
        details = [detail for _, detail in found["I2"]]
        assert sorted(next(each for each in set(words) if each in detail) for detail in details) == sorted(words)
        assert all(subject.startswith("journal ") for subject, _ in found["I2"])
        assert bool(books.broken(since=first_seal(books), using=superuser)) == is_new


def first_seal(books: Books) -> str:
    return str(books.run("SELECT until::text FROM ledger.seals WHERE seal_no = 1")[0][0])
