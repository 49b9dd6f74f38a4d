"""The safety net: whatever goes wrong with a trade, its credits are not held much too long."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction

from localex.credits import inspection, rehearsal
from localex.credits import services as credit_services
from localex.credits.checks import CheckResult
from localex.credits.models import CheckRun
from localex.credits.queries import find_balance, find_hold
from localex.embedded import roles
from localex.jobs.models import Job
from localex.lib import clock
from localex.trading import queries, services, tasks
from localex.trading.models import Trade, TradeEvent
from tests import town
from tests.servers import Servers

LATER = timedelta(days=4)
OVERDUE = tasks.OVERDUE_AFTER


@pytest.fixture
def following(committed_db: None, servers: Servers) -> Iterator[None]:
    """The database's clock follows Python's, so that four days later is as real as now."""
    with rehearsal.following_python(servers.url(roles.OWNER)):
        yield


@contextlib.contextmanager
def later(passed: timedelta = LATER) -> Iterator[None]:
    with clock.shifted(passed):
        yield


def has_back(trade: Trade) -> bool:
    found = find_balance(community_id=trade.community_id, owner=trade.buyer.ledger_ref)
    return (found.available, found.held) == (trade.community.starter_grant, 0)


def expire(trade: Trade) -> None:
    """The first half of the safety net, of a run that is killed before the second."""
    with later(), transaction.atomic():
        assert trade.id in credit_services.expire_overdue(older_than=OVERDUE, limit=100)


def assert_ended_once(trade: Trade) -> None:
    trade.refresh_from_db()
    assert (trade.state, trade.listing.state) == ("cancelled", "active")
    assert trade.closed_at is not None
    assert TradeEvent.objects.filter(trade=trade, event="time_out").count() == 1
    told = Job.objects.filter(payload__event="trade.cancelled", payload__trade_id=str(trade.id))
    assert told.count() == 1
    assert has_back(trade)
    hold = find_hold(trade_id=trade.id)
    assert hold is not None
    assert hold.state == "refunded"


@pytest.fixture
def trade(following: None) -> Trade:
    community = town.found_community()
    found = town.new_trade(town.new_member(community), town.new_member(community))
    return Trade.objects.select_related("listing", "buyer", "community").get(pk=found.id)


def test_a_trade_that_the_sweep_misses_is_ended_with_its_event_and_notices(trade: Trade) -> None:
    # As if somebody's hand had moved the trade's own deadline: the sweep of trading never finds it.
    Trade.objects.filter(pk=trade.id).update(deadline_at=clock.now() + timedelta(days=300))
    with later(timedelta(days=3, minutes=14)):
        tasks.end_overdue.func()
        tasks.expire_holds.func()
    trade.refresh_from_db()
    assert trade.state == "accepted"
    with later():
        tasks.end_overdue.func()
        tasks.expire_holds.func()
        tasks.expire_holds.func()
    assert_ended_once(trade)


def test_killed_between_its_halves_the_next_run_ends_the_trade(trade: Trade) -> None:
    Trade.objects.filter(pk=trade.id).update(deadline_at=clock.now() + timedelta(days=300))
    expire(trade)
    assert trade.id in queries.list_given_back(limit=100)
    with later():
        tasks.expire_holds.func()
    assert_ended_once(trade)
    assert trade.id not in queries.list_given_back(limit=100)


def test_killed_between_its_halves_trading_s_own_sweep_ends_the_trade(trade: Trade) -> None:
    expire(trade)
    with later():
        tasks.end_overdue.func()
        tasks.expire_holds.func()
    assert_ended_once(trade)


def test_both_sweeps_at_once_end_it_once(trade: Trade) -> None:
    def run(sweep: object) -> None:
        try:
            with later():  # the clock is each thread's own
                sweep.func()  # type: ignore[attr-defined]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, [tasks.end_overdue, tasks.expire_holds] * 2))
    with later():
        tasks.expire_holds.func()
    assert_ended_once(trade)


def test_a_hold_that_expires_between_the_look_and_the_refund_is_no_obstacle(
    trade: Trade, monkeypatch: pytest.MonkeyPatch
) -> None:
    expire(trade)
    answers = iter([False, True])
    monkeypatch.setattr("localex.trading.services.endings._is_given_back", lambda trade: next(answers))
    with later(), transaction.atomic():
        assert services.end_overdue_trade(trade_id=trade.id)
    assert_ended_once(trade)


def test_what_has_ended_or_still_holds_is_left_alone(trade: Trade) -> None:
    with transaction.atomic():
        assert not services.end_trade_given_back(trade_id=trade.id)
        services.cancel_trade(actor=trade.buyer, trade_id=trade.id)
        assert not services.end_trade_given_back(trade_id=trade.id)
    assert has_back(trade)


def test_while_postings_are_stopped_nothing_ends_and_afterwards_everything_does(
    trade: Trade, caplog: pytest.LogCaptureFixture
) -> None:
    inspection.stop(community_id=trade.community_id, words="Somebody has to look.")
    with later():
        tasks.end_overdue.func()
        tasks.expire_holds.func()
    trade.refresh_from_db()
    assert trade.state == "accepted"
    assert not [record for record in caplog.records if "end_overdue_failed" in record.getMessage()]
    # Despite what the check says of the clock, which this test moves.
    inspection.resume(community_id=trade.community_id, actor=None, words="All was in order.", despite=True)
    with later():
        tasks.expire_holds.func()
        tasks.end_overdue.func()
    assert_ended_once(trade)


def test_a_check_after_a_night_without_a_worker_finds_nothing_held_too_long(
    trade: Trade, monkeypatch: pytest.MonkeyPatch
) -> None:
    states: list[str | None] = []

    def look(**asked: object) -> tuple[CheckRun, list[CheckResult]]:
        hold = find_hold(trade_id=trade.id)
        states.append(hold.state if hold else None)
        return CheckRun(), []

    # Only its first half: with the clock moved, the checks themselves would find that.
    monkeypatch.setattr(inspection, "_run_checks", look)
    with later():
        inspection.inspect(scope=CheckRun.INCREMENTAL)
        assert states == ["refunded"]
        tasks.end_overdue.func()
    assert_ended_once(trade)
