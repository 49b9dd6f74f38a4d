"""Holds that somebody changed with the guards off: found when they have ended, and not returned unseen."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from localex.credits import errors, health, queries, services
from localex.lib import clock
from localex.lib.ids import new_id
from tests.credits.conftest import Town
from tests.credits.site import Site, inspect, result_of, seal
from tests.servers import run_out

OVERDUE = run_out("2 hours")


def _promise(town: Town, payer: object, payee: object, amount: int = 50) -> object:
    trade = new_id()
    until = clock.now() + timedelta(days=1)
    services.hold(
        key=new_id(), community_id=town.id, trade_id=trade, payer=payer, payee=payee, amount=amount, seller_fee=2,
        expires_at=until, actor=None,
    )  # fmt: skip
    return trade


def test_a_hold_that_was_changed_and_released_is_found(site: Site) -> None:
    town = site.town()
    payer, payee, thief = town.member(gift=100), town.member(), town.member()
    trade, sound = _promise(town, payer, payee), _promise(town, payer, payee, 30)
    services.release(key=new_id(), trade_id=sound, payee=payee, actor=None)
    seal()
    assert inspect().ok
    site.damage(f"UPDATE ledger.hold SET payee = '{thief}' WHERE trade_id = '{trade}'")
    services.release(key=new_id(), trade_id=trade, payee=thief, actor=None)
    for scope in ("incremental", "full"):
        found = result_of(inspect(scope), "I6")
        assert [row["subject"] for row in found["offences"]] == [f"escrow of trade {trade}"]
        assert found["offences"][0]["detail"] == "the hold is not what its posting asked for"
    site.damage(f"UPDATE ledger.hold SET payee = '{payee}' WHERE trade_id = '{trade}'")
    assert "to an account that the hold does not name" in result_of(inspect(), "I6")["offences"][0]["detail"]


def test_a_refund_to_somebody_else_is_found(site: Site) -> None:
    town = site.town()
    payer, payee, thief = town.member(gift=100), town.member(), town.member()
    trade = _promise(town, payer, payee)
    site.damage(f"UPDATE ledger.hold SET payer = '{thief}' WHERE trade_id = '{trade}'")
    services.refund(key=new_id(), trade_id=trade, actor=None)
    site.damage(f"UPDATE ledger.hold SET payer = '{payer}' WHERE trade_id = '{trade}'")
    assert "to an account that the hold does not name" in result_of(inspect(), "I6")["offences"][0]["detail"]


def test_whatever_way_a_hold_ends_it_passes(site: Site) -> None:
    town = site.town()
    payer, payee = town.member(gift=200), town.member()
    for end in (
        lambda trade: services.release(key=new_id(), trade_id=trade, payee=payee, actor=None),
        lambda trade: services.capture(key=new_id(), trade_id=trade, payee=payee, amount=17, actor=None),
        lambda trade: services.refund(key=new_id(), trade_id=trade, actor=None),
    ):
        end(_promise(town, payer, payee))
        assert inspect("incremental").ok
    assert inspect().ok


def test_an_expired_hold_that_is_damaged_is_not_returned(site: Site) -> None:
    town, other = site.town(), site.town()
    payer, payee, thief = town.member(gift=100), town.member(), town.member()
    trade, sound = _promise(town, payer, payee), _promise(town, payer, payee, 30)
    elsewhere = _promise(other, other.member(gift=50), other.member())
    site.damage(OVERDUE, f"UPDATE ledger.hold SET payer = '{thief}' WHERE trade_id = '{trade}'")
    run = inspect("incremental")
    assert not run.ok
    states = {each: queries.find_hold(trade_id=each).state for each in (trade, sound, elsewhere)}  # type: ignore[union-attr]
    assert states == {trade: "held", sound: "refunded", elsewhere: "refunded"}
    assert result_of(run, "I6")["offences"][0]["subject"] == f"escrow of trade {trade}"


def test_a_look_changes_nothing(site: Site) -> None:
    from localex.credits import inspection
    from localex.credits.models import CheckRun

    town = site.town()
    trade = _promise(town, town.member(gift=100), town.member())
    seal()
    site.damage(OVERDUE)
    results = {result.name: result for result in inspection.look(scope=CheckRun.FULL)}
    assert all(result.holds for result in results.values())
    assert results["I6"].notes == ("1 hold ran out and would be returned by a town that runs.",)
    assert queries.find_hold(trade_id=trade).state == "held"  # type: ignore[union-attr,arg-type]
    assert not CheckRun.objects.exists()
    assert not list(site.seals.glob("*.json"))
    site.damage("UPDATE ledger.balance SET posted = posted + 1 WHERE seq = 1")
    assert not all(result.holds for result in inspection.look(scope=CheckRun.FULL))
    assert site.books.run("SELECT count(*) FROM ledger.communities WHERE stopped_at IS NOT NULL") == [(0,)]


def test_an_account_closed_or_a_payee_named_by_hand_is_found(site: Site) -> None:
    town = site.town()
    payer, payee = town.member(gift=100), town.member()
    trade = new_id()
    site.books.run(
        f"SELECT ledger.hold_credits(uuidv7(), '{town.id}', '{trade}', '{payer}', 5, now() + interval '1 day', NULL)"
    )
    assert services.name_payee(trade_id=trade, payee=payee)
    services.close_member(community_id=town.id, owner=town.member())
    assert inspect().ok
    thief = town.member()
    site.damage(
        f"UPDATE ledger.hold SET payee = '{thief}' WHERE trade_id = '{trade}'",
        "UPDATE ledger.balance SET is_open = false WHERE balance_id = (SELECT account_id FROM ledger.account"
        f" WHERE owner = '{payee}' AND kind = 'gift')",
    )
    run = inspect()
    assert "it is closed, the audit says otherwise" in result_of(run, "I5")["offences"][0]["detail"]
    assert result_of(run, "I6")["count"] == 1


DEADLINE = """
    SELECT before, after, actor FROM ledger.audits JOIN ledger.holds ON escrow_id = account_id
    WHERE what = 'deadline' AND trade_id = '{}' ORDER BY audit_id
"""


def _microseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def test_the_audit_keeps_every_deadline_of_a_hold(site: Site) -> None:
    town = site.town()
    payer, trade = town.member(gift=100), new_id()
    first = clock.now() + timedelta(days=1)
    site.books.run(f"SELECT ledger.hold_credits(uuidv7(), '{town.id}', '{trade}', '{payer}', 5, '{first}', '{payer}')")
    assert site.books.run(DEADLINE.format(trade)) == [(None, _microseconds(first), payer)]
    for until in (first, first - timedelta(hours=1)):  # a deadline that does not move leaves nothing behind
        services.extend_hold(trade_id=trade, expires_at=until)
    later = first + timedelta(days=1)
    services.extend_hold(trade_id=trade, expires_at=later)
    assert site.books.run(DEADLINE.format(trade))[1:] == [(_microseconds(first), _microseconds(later), None)]
    assert inspect("incremental").ok
    assert "deadline" not in [decision.what for decision in health.list_decisions()]


def test_a_deadline_that_was_moved_is_found_even_when_it_was_moved_back(site: Site) -> None:
    town = site.town()
    payer, payee = town.member(gift=200), town.member()
    moved, returned, sound = (_promise(town, payer, payee) for _ in range(3))
    services.release(key=new_id(), trade_id=sound, payee=payee, actor=None)
    assert inspect().ok
    site.damage(f"UPDATE ledger.hold SET expires_at = expires_at + interval '1 year' WHERE trade_id = '{moved}'")
    site.damage(f"UPDATE ledger.hold SET expires_at = expires_at - interval '2 days' WHERE trade_id = '{returned}'")
    services.expire(key=new_id(), trade_id=returned)
    site.damage(f"UPDATE ledger.hold SET expires_at = expires_at + interval '2 days' WHERE trade_id = '{returned}'")
    for scope in ("incremental", "full"):
        found = {row["subject"]: row["detail"] for row in result_of(inspect(scope), "I6")["offences"]}
        assert set(found) == {f"escrow of trade {moved}", f"escrow of trade {returned}"}
        assert "which the audit does not say" in found[f"escrow of trade {moved}"]
        assert "on the wrong side of its deadline" in found[f"escrow of trade {returned}"]


def test_only_a_hold_of_the_release_before_may_have_no_deadline_in_the_audit(site: Site) -> None:
    town = site.town()
    payer, old = town.member(gift=100), new_id()
    site.books.run(
        f"SELECT ledger.hold_credits(uuidv7(), '{town.id}', '{old}', '{payer}', 5, now() + interval '1 day', NULL)"
    )
    trade = _promise(town, payer, town.member())
    site.damage("DELETE FROM ledger.audit WHERE what = 'deadline'")
    assert [row["subject"] for row in result_of(inspect(), "I6")["offences"]] == [f"escrow of trade {trade}"]


def test_a_payee_who_is_named_while_somebody_else_is_paid(site: Site) -> None:
    """The one who waits for the lock of the escrow account pays by what it says then, not by what it said before."""
    town = site.town()
    payer, named, paid = town.member(gift=100), town.member(), town.member()
    trade = new_id()
    site.books.run(
        f"SELECT ledger.hold_credits(uuidv7(), '{town.id}', '{trade}', '{payer}', 5, now() + interval '1 day', NULL)"
    )
    with site.books.connect() as other, ThreadPoolExecutor(1) as pool:
        other.autocommit = False
        assert other.execute("SELECT ledger.name_payee(%s, %s)", [trade, named]).fetchone() == (True,)

        def commit_when_waited_for() -> None:
            site.books.await_lock()
            other.commit()

        pool.submit(commit_when_waited_for)
        with pytest.raises(errors.OtherPayee):
            town.release(trade, paid)
    town.release(trade, named)
    assert (town.balance(named), town.balance(paid)) == ((5, 0), (0, 0))
    assert inspect().ok
