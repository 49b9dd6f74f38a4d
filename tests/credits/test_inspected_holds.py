"""Checks that meet holds which ran out, or rows that nothing can be reckoned from."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from localex.embedded import roles
from tests.credits.site import Site, inspect
from tests.servers import run_out


def let_holds_run_out(site: Site, ago: str = "2 hours") -> None:
    """Every hold ran out so long ago."""
    with site.books.connect(roles.SUPER) as superuser:
        for table in ("hold", "audit"):
            superuser.execute(f"ALTER TABLE ledger.{table} DISABLE TRIGGER refuse_outside".encode())
        superuser.execute(run_out(ago).encode())
        for table in ("hold", "audit"):
            superuser.execute(f"ALTER TABLE ledger.{table} ENABLE ALWAYS TRIGGER refuse_outside".encode())


def test_holds_that_run_out_while_postings_are_stopped_keep_nobody_stopped(site: Site) -> None:
    from localex.credits import inspection

    town = site.town()
    payer = town.member(gift=50)
    town.hold(payer, 50)
    inspection.stop(community_id=town.id, words="A long look.")
    let_holds_run_out(site)
    assert inspect().ok
    assert inspection.resume(community_id=town.id, actor=None, words="It was nothing.")
    assert inspect("incremental").ok
    assert town.balance(payer) == (50, 0)


def test_holds_that_somebody_returns_just_now_are_waited_for(site: Site) -> None:
    from localex.credits import health

    town = site.town()
    payer = town.member(gift=50)
    for amount in (20, 30):
        town.hold(payer, amount)
    let_holds_run_out(site)
    with site.books.connect() as other, ThreadPoolExecutor(1) as pool:
        other.autocommit = False
        assert len(other.execute("SELECT * FROM ledger.expire_holds('15 minutes', 100)").fetchall()) == 2

        def let_go_when_waited_for() -> None:
            site.books.await_lock()
            other.commit()

        pool.submit(let_go_when_waited_for)
        assert inspect().ok
    assert health.list_stops() == []
    assert town.balance(payer) == (50, 0)


@pytest.mark.parametrize("scope", ["incremental", "full"])
def test_a_check_that_cannot_be_carried_out_stops_everybody(site: Site, scope: str) -> None:
    from localex.credits import checks, health

    town, other = site.town(), site.town()
    town.grant(town.member(), 5)
    site.damage("UPDATE ledger.journal SET booked_at = 'infinity'")
    run = inspect(scope)
    assert not run.ok
    failed = [result for result in run.results if result["offences"][:1] and result["name"] != checks.STRUCTURE]
    assert checks.UNCHECKED in {offence["subject"] for result in failed for offence in result["offences"]}
    assert {stop.community_id for stop in health.list_stops()} >= {town.id, other.id}


@pytest.mark.parametrize("scope", ["incremental", "full"])
def test_amounts_that_no_sum_can_hold_stop_their_community(site: Site, scope: str) -> None:
    from localex.credits import health

    town = site.town()
    town.grant(town.member(), 5)
    site.damage("UPDATE ledger.entry SET amount = 9223372036854775807")
    assert not inspect(scope).ok
    assert town.id in {stop.community_id for stop in health.list_stops()}
