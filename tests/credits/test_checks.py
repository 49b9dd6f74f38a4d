"""Each check finds what it is there for: a superuser switches the guards off and damages the ledger."""

import uuid
from typing import Any

import pytest
from django.db import connection, transaction

from localex.credits import queries, services
from localex.credits.checks import CHECKS, run_check
from localex.credits.errors import InsufficientCredits, PostingsStopped, UnknownAccount
from localex.credits.inspection import stop
from localex.lib.ids import new_id
from tests.credits.conftest import Town
from tests.servers import run_out

GUARDED: tuple[str, ...] = (
    "account",
    "balance",
    "journal",
    "journal_first",
    "entry",
    "entry_first",
    "hold",
    "audit",
    "bonus",
    "community",
)

# What is done to the ledger, and which checks must notice (others may as well).
DAMAGE: dict[str, tuple[str, set[str]]] = {
    "credits out of nothing": (
        "UPDATE ledger.balance SET posted = posted + 1 WHERE balance_id = %(main)s",
        {"I1", "I3"},
    ),
    "credits moved in silence": (
        "UPDATE ledger.balance SET posted = posted + CASE balance_id WHEN %(main)s THEN 5 ELSE -5 END"
        " WHERE balance_id IN (%(main)s, %(gift)s)",
        {"I3"},
    ),
    "an entry changed": (
        "UPDATE ledger.entry SET amount = amount + 1 WHERE balance_id = %(main)s AND seq = 1",
        {"I2", "I3", "I4"},
    ),
    "an entry gone": ("DELETE FROM ledger.entry WHERE balance_id = %(gift)s AND seq = 1", {"I2", "I3", "I4"}),
    "an entry forged": (
        "INSERT INTO ledger.entry SELECT balance_id, seq + 1, 7, balance_after + 7, clock_timestamp(), uuidv7()"
        " FROM ledger.entry WHERE balance_id = %(main)s ORDER BY seq DESC LIMIT 1",
        {"I2", "I3"},
    ),
    "an entry for nobody": (
        "INSERT INTO ledger.entry SELECT 999999, 1, 7, 7, booked_at, journal_id FROM ledger.journal LIMIT 1",
        {"I2", "I4"},
    ),
    "a number left out": ("UPDATE ledger.entry SET seq = seq + 1 WHERE balance_id = %(main)s AND seq = 1", {"I4"}),
    "an entry of an earlier day": (
        "UPDATE ledger.entry SET booked_at = booked_at - interval '1 day' WHERE balance_id = %(gift)s AND seq = 2",
        {"I2", "I4"},
    ),
    "a balance that does not carry on": (
        "UPDATE ledger.entry SET balance_after = balance_after + 1 WHERE balance_id = %(gift)s AND seq = 1",
        {"I4"},
    ),
    "a journal row gone": ("DELETE FROM ledger.journal WHERE journal_id = %(journal)s", {"I2"}),
    "a posting called refused": (
        "UPDATE ledger.journal SET reason = 'hold_ended' WHERE journal_id = %(journal)s",
        {"I2"},
    ),
    "a refusal called posted": ("UPDATE ledger.journal SET reason = NULL WHERE reason IS NOT NULL", {"I2"}),
    "a posting of another community": (
        "UPDATE ledger.journal SET community_id = gen_random_uuid() WHERE journal_id = %(journal)s",
        {"I2"},
    ),
    "a balance below its floor": (
        "ALTER TABLE ledger.balance DROP CONSTRAINT balance_within_limits;"
        "UPDATE ledger.balance SET floor = 1000000 WHERE balance_id = %(main)s",
        {"I5"},
    ),
    "a balance above its ceiling": (
        "ALTER TABLE ledger.balance DROP CONSTRAINT balance_within_limits;"
        "UPDATE ledger.balance SET ceiling = 1 WHERE balance_id = %(main)s",
        {"I5"},
    ),
    "a member without a floor": ("UPDATE ledger.balance SET floor = NULL WHERE balance_id = %(main)s", {"I5"}),
    "a balance row gone": ("DELETE FROM ledger.balance WHERE balance_id = %(gift)s", {"I1", "I3"}),
    "a hold gone": ("DELETE FROM ledger.hold WHERE state = 'held'", {"I6"}),
    "a hold called done": (
        "UPDATE ledger.hold SET state = 'released', ended_by = held_by WHERE state = 'held'",
        {"I6"},
    ),
    "a hold over a smaller sum": ("UPDATE ledger.hold SET from_gift = from_gift - 1 WHERE state = 'held'", {"I6"}),
    "an actor changed": ("UPDATE ledger.journal SET actor = gen_random_uuid() WHERE journal_id = %(journal)s", {"I7"}),
    "a hold for somebody else": ("UPDATE ledger.hold SET payer = gen_random_uuid() WHERE state = 'held'", {"I6"}),
    "a floor that nobody decided": ("UPDATE ledger.balance SET floor = -5 WHERE balance_id = %(main)s", {"I5"}),
    "a closing that nobody decided": (
        "UPDATE ledger.community SET stopped_at = now(), stopped_why = 'x' WHERE community_id = %(community)s",
        {"I5"},
    ),
    "a starter grant forgotten": ("DELETE FROM ledger.bonus WHERE community_id = %(community)s", {"I2"}),
    "a referral bonus forgotten": ("DELETE FROM ledger.bonus WHERE kind = 'referral_bonus'", {"I2"}),
    "a referral bonus for another newcomer": (
        "UPDATE ledger.bonus SET about = gen_random_uuid() WHERE kind = 'referral_bonus'",
        {"I2"},
    ),
    "a referral bonus of somebody else": (
        "UPDATE ledger.bonus SET owner = gen_random_uuid() WHERE kind = 'referral_bonus'",
        {"I2"},
    ),
    "a starter grant of somebody else": (
        "INSERT INTO ledger.bonus SELECT community_id, x, x, journal_id, kind FROM ledger.bonus, gen_random_uuid() x"
        " WHERE kind = 'starter_grant'",
        {"I2"},
    ),
    "a starter grant down as a referral": (
        "UPDATE ledger.bonus SET kind = 'referral_bonus' WHERE kind = 'starter_grant'",
        {"I2"},
    ),
    "a hold gone that has ended": ("DELETE FROM ledger.hold WHERE state = 'refunded'", {"I6"}),
    "a community gone": ("DELETE FROM ledger.community WHERE community_id = %(community)s", {"I5"}),
    "a community that nobody opened": (
        "INSERT INTO ledger.community (community_id, opened_at) VALUES (gen_random_uuid(), now())",
        {"I5"},
    ),
    "a stop for another reason": (
        "UPDATE ledger.community SET stopped_why = 'y' WHERE stopped_at IS NOT NULL",
        {"I5"},
    ),
    "a stop of another day": (
        "UPDATE ledger.community SET stopped_at = stopped_at - interval '1 day' WHERE stopped_at IS NOT NULL",
        {"I5"},
    ),
    "a balance of another time": ("UPDATE ledger.balance SET last_at = now() WHERE balance_id = %(main)s", {"I3"}),
    "a hold that nobody returned": (
        run_out("61 minutes"),
        {"I6"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_found(fragile_town: Town, damage: str) -> None:
    member = _live(fragile_town)
    if damage.startswith("a stop "):
        stop(community_id=fragile_town.id, words="A look is needed.")
    fragile_town.check()
    statement, expected = DAMAGE[damage]
    numbers = _numbers(member)
    with connection.cursor() as cursor:
        for table in GUARDED:
            cursor.execute(f"ALTER TABLE ledger.{table} DISABLE TRIGGER USER")
        cursor.execute("ALTER TABLE ledger.balance DROP CONSTRAINT balance_of_account")
        for part in statement.split(";"):
            cursor.execute(part, numbers)
        assert cursor.rowcount > 0
    broken = {result.name: result for result in queries.run_checks() if not result.holds}
    assert expected <= set(broken)
    for result in broken.values():
        assert result.count >= len(result.offences) > 0
        assert all(offence.subject and offence.detail for offence in result.offences)


@pytest.mark.parametrize("is_for_all", [False, True])
def test_a_community_whose_row_is_gone_can_still_be_stopped(fragile_town: Town, is_for_all: bool) -> None:
    member = _live(fragile_town)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger.community DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM ledger.community")
    (offence,) = run_check("I5", community_id=fragile_town.id).offences
    assert (offence.subject, offence.community_id) == (f"community {fragile_town.id}", fragile_town.id)
    assert offence.detail.endswith("accounts, but no row of its own")
    assert stop(community_id=None if is_for_all else fragile_town.id, words="A look is needed.") == 1
    with pytest.raises(PostingsStopped), transaction.atomic():
        fragile_town.grant(member, 5)
    assert run_check("I5").holds


def test_a_community_without_accounts_is_not_made_by_stopping_it(fragile_town: Town) -> None:
    with pytest.raises(UnknownAccount):
        stop(community_id=uuid.uuid4(), words="A look is needed.")


def test_every_check_has_damage_of_its_own() -> None:
    # A seal needs committed rows: test_seals.py.
    assert set().union(*(expected for _, expected in DAMAGE.values())) == set(CHECKS) - {"I8"}


def test_offences_are_bounded_and_counted(fragile_town: Town) -> None:
    for _ in range(5):
        fragile_town.member()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger.balance DISABLE TRIGGER USER")
        cursor.execute("UPDATE ledger.balance SET posted = posted + 1 WHERE community_id = %s", [fragile_town.id])
    found = run_check("I3", community_id=fragile_town.id, limit=3)
    assert (found.count, len(found.offences), found.holds) == (21, 3, False)
    assert found.offences[0].community_id == fragile_town.id
    assert run_check("I3", community_id=uuid.uuid4()).holds


def test_an_hour_is_left_to_whoever_returns_expired_holds(fragile_town: Town) -> None:
    fragile_town.hold(fragile_town.member(gift=10), 10)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger.hold DISABLE TRIGGER USER")
        cursor.execute("ALTER TABLE ledger.audit DISABLE TRIGGER USER")
        cursor.execute(run_out("50 minutes"))
    fragile_town.check()


def _live(town: Town) -> uuid.UUID:
    """A member with history in both accounts, a hold under way, one done, and a refusal."""
    member = town.member(gift=500, main=300)
    town.grant(member, 5, reason="starter")
    services.grant(
        key=new_id(), community_id=town.id, owner=member, amount=7, reason="referral", actor=None, about=new_id()
    )
    town.hold(member, 40)
    town.refund(town.hold(member, 50))
    with pytest.raises(InsufficientCredits):
        town.hold(member, 10**9)
    return member


def _numbers(owner: uuid.UUID) -> dict[str, Any]:
    """The account ids of a member and one posting of theirs, as parameters of the damage."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind::text, account_id FROM ledger.accounts WHERE owner = %s", [owner])
        found = dict(cursor.fetchall())
        cursor.execute("SELECT held_by, community_id FROM ledger.holds WHERE payer = %s AND state = 'held'", [owner])
        journal, community = cursor.fetchone()
        return {**found, "journal": journal, "community": community}
