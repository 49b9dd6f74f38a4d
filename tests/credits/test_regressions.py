"""What went wrong in the system that this one replaces, each defect by its name: it must not come back."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from localex.credits import errors, queries, services
from localex.embedded import roles
from localex.lib import clock
from localex.lib.ids import new_id
from tests.credits.conftest import Town, in_days
from tests.credits.test_races import at_once
from tests.servers import Servers

# The trigger of old, in short: it wants the sum to be zero after every row, so no transfer ever gets past its first.
TRIGGER_OF_OLD = """
CREATE FUNCTION ledger.sum_is_zero() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.posted - OLD.posted + (SELECT sum(posted) FROM ledger.balance
                                  WHERE community_id = NEW.community_id) <> 0 THEN
        RAISE EXCEPTION 'the sum is not zero';
    END IF;
    RETURN NEW;
END
$$;
GRANT EXECUTE ON FUNCTION ledger.sum_is_zero() TO ledger_writer;
CREATE TRIGGER sum_is_zero BEFORE UPDATE ON ledger.balance FOR EACH ROW EXECUTE FUNCTION ledger.sum_is_zero()
"""


def rows(query: str, parameters: Any = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()


def test_a_per_row_balance_trigger_that_makes_every_transfer_fail(fragile_town: Town) -> None:
    payer, payee = fragile_town.member(gift=100), fragile_town.member()
    fragile_town.release(fragile_town.hold(payer, 40), payee)
    assert (fragile_town.balance(payer), fragile_town.balance(payee)) == ((60, 0), (40, 0))
    # Row triggers (tgtype & 1) on balances are for deletions only: none fires when one moves (16: update, 4: insert).
    assert rows(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = 'ledger.balance'::regclass AND NOT tgisinternal"
        " AND tgtype & 1 = 1 AND tgtype & 20 <> 0"
    ) == []  # fmt: skip
    # The control: with the trigger of old the same transfer fails.
    with connection.cursor() as cursor:
        cursor.execute(TRIGGER_OF_OLD)
    trade_id = None
    with pytest.raises(DatabaseError, match="sum is not zero"), transaction.atomic():
        trade_id = fragile_town.hold(payer, 5)
    assert trade_id is None


def test_an_overdraft_check_without_a_lock(committed_town: Town) -> None:
    """Two who spend the same credits at the same time; test_deadlocks.py shows what happens without a lock."""
    for _ in range(5):
        payer = committed_town.member(gift=100)
        spend: Callable[[], object] = lambda payer=payer: committed_town.hold(payer, 70)  # type: ignore[misc] # noqa: E731
        outcomes = at_once(spend, spend, spend)
        assert outcomes.count(errors.InsufficientCredits) == 2
        assert committed_town.balance(payer) == (30, 70)
    committed_town.check()


def test_ledger_rows_deleted_with_their_user(servers: Servers, town: Town) -> None:
    """No foreign key leads from the ledger to a table outside, and what a member leaves behind cannot be deleted."""
    assert rows(
        "SELECT conrelid::regclass FROM pg_constraint k JOIN pg_class a ON a.oid = conrelid JOIN pg_class b"
        " ON b.oid = confrelid WHERE contype = 'f' AND a.relnamespace = 'ledger'::regnamespace"
        " AND (b.relnamespace <> a.relnamespace OR confdeltype <> 'a')"
    ) == []  # fmt: skip
    owner = town.member(gift=100)
    services.close_member(community_id=town.id, owner=owner)
    assert queries.find_balance(community_id=town.id, owner=owner).total == 100
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledger.account WHERE owner = %s", [owner])
    with servers.connect(roles.OWNER) as database_owner, pytest.raises(Exception, match="append-only"):
        database_owner.execute("DELETE FROM ledger.account")


def test_an_escrow_release_that_never_credits_the_seller(town: Town) -> None:
    buyer, seller = town.member(gift=100, main=50), town.member()
    trade = town.hold(buyer, 120)
    assert (town.balance(buyer), town.balance(seller)) == ((30, 120), (0, 0))
    posted = town.release(trade, seller)
    assert (town.balance(buyer), town.balance(seller)) == ((30, 0), (120, 0))
    legs = rows("SELECT amount FROM ledger.entries WHERE journal_id = %s ORDER BY 1", [posted.journal_id])
    assert legs == [(-120,), (120,)]
    town.check()


def test_idempotency_keys_that_contain_the_time_of_day(town: Town) -> None:
    """The caller makes the key once; a retry later, with a later deadline, is the same request."""
    buyer = town.member(gift=100)
    key, trade_id = new_id(), new_id()

    def hold() -> services.Posting:
        return services.hold(
            key=key, community_id=town.id, trade_id=trade_id, payer=buyer, amount=30, expires_at=in_days(), actor=buyer
        )

    first = hold()
    for later in (timedelta(seconds=1), timedelta(hours=13), timedelta(days=2)):
        with clock.shifted(later):
            again = hold()
        assert (again.journal_id, again.booked_at, again.repeated) == (first.journal_id, first.booked_at, True)
    assert town.balance(buyer) == (70, 30)


def test_an_initial_balance_counted_twice(town: Town) -> None:
    owner = uuid.uuid4()
    for _ in range(2):
        services.open_member(community_id=town.id, owner=owner)
    assert town.balance(owner) == (0, 0)
    town.grant(owner, 100, reason="starter")
    with pytest.raises(errors.AlreadyGranted):
        town.grant(owner, 100, reason="starter")
    services.open_member(community_id=town.id, owner=owner)
    assert town.balance(owner) == (100, 0)
    totals = queries.find_totals(community_id=town.id)
    assert totals is not None
    assert (totals.issued, totals.with_members) == (100, 100)
    town.check()


def test_single_entry_deposits(fragile_town: Town) -> None:
    """Every posting has two legs at least; one leg, or legs that do not sum to zero, cannot be posted from inside."""
    payer = fragile_town.member(gift=100, main=20)
    fragile_town.refund(fragile_town.hold(payer, 110))
    counts = rows(
        "SELECT count(*), sum(amount) FROM ledger.entries JOIN ledger.journals USING (journal_id)"
        " WHERE community_id = %s GROUP BY journal_id",
        [fragile_town.id],
    )
    assert counts
    assert all(legs >= 2 and total == 0 for legs, total in counts)
    ((account,),) = rows("SELECT account_id FROM ledger.accounts WHERE owner = %s AND kind = 'gift'", [payer])
    ((issuer,),) = rows(
        "SELECT account_id FROM ledger.accounts WHERE community_id = %s AND kind = 'issuer' AND owner IS NULL",
        [fragile_town.id],
    )
    for accounts, amounts in (([account], [50]), ([account, issuer], [50, -49]), ([account, account], [50, -50])):
        with pytest.raises(DatabaseError) as refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT ledger.post(uuidv7(), %s, 'coordinator_grant', NULL, NULL, '', %s::bigint[], %s::bigint[])",
                [fragile_town.id, accounts, amounts],
            )
        assert refused.value.__cause__.sqlstate in {"LX004", "LX006"}  # type: ignore[union-attr]
    fragile_town.check()
