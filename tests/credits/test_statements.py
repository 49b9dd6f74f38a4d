"""Filters, dates and bounds of the statement's walk."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from localex.credits import statements
from localex.credits.statements import Filters, StatementLine, iterate_statement, list_statement
from tests.credits.conftest import Town

NumQueries = Callable[[int], AbstractContextManager[Any]]


def everything(town: Town, owner: uuid.UUID, **filters: Any) -> list[StatementLine]:
    return list(iterate_statement(community_id=town.id, owner=owner, filters=Filters(**filters)))


@pytest.fixture
def owner(town: Town) -> uuid.UUID:
    """Somebody with ten grants, five holds and five refunds, in both accounts."""
    found = town.member(gift=100, main=50)
    for number in range(5):
        town.grant(found, number + 1, reason="coordinator")
        town.refund(town.hold(found, 120 + number))
    return found


def test_a_filter_leaves_the_running_balance_alone(town: Town, owner: uuid.UUID) -> None:
    whole = everything(town, owner)
    for kinds in ({"hold"}, {"refund", "release"}, {"coordinator_grant"}, set()):
        found = everything(town, owner, kinds=frozenset(kinds))
        assert found == [line for line in whole if line.kind in kinds]


def test_lines_of_one_trade(town: Town, owner: uuid.UUID) -> None:
    trade = town.hold(owner, 7)
    assert [line.amount for line in everything(town, owner, references=frozenset([trade]))] == [-7]
    assert everything(town, owner, references=frozenset()) == []


def test_dates_include_their_first_moment_and_not_their_last(town: Town, owner: uuid.UUID) -> None:
    whole = everything(town, owner)
    assert len(whole) == 17
    for first in (0, 3, 16):
        for last in (0, 2, 16):
            since, until = whole[first].booked_at, whole[last].booked_at
            expected = [line for line in whole if since <= line.booked_at < until]
            assert everything(town, owner, since=since, until=until) == expected
            assert everything(town, owner, until=until) == [line for line in whole if line.booked_at < until]
            assert everything(town, owner, since=since) == [line for line in whole if line.booked_at >= since]


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_within_dates_are_the_whole_cut_up(town: Town, owner: uuid.UUID, limit: int) -> None:
    whole = everything(town, owner)
    filters = Filters(since=whole[14].booked_at, until=whole[2].booked_at)
    found: list[StatementLine] = []
    cursor, closings, openings = None, [], []
    for _ in range(30):
        page = list_statement(community_id=town.id, owner=owner, cursor=cursor, limit=limit, filters=filters)
        found += page.items
        closings.append(page.closing)
        openings.append(page.opening)
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == whole[3:15]
    assert closings[0] == whole[3].balance_after
    assert openings[-1] == whole[14].balance_after - whole[14].amount
    assert openings[:-1] == closings[1:]


def test_a_time_without_lines_still_knows_the_balance(town: Town, owner: uuid.UUID) -> None:
    now = datetime.now(UTC)
    for since, balance in ((now + timedelta(days=1), 165), (now - timedelta(days=9), 0)):
        filters = Filters(since=since, until=since + timedelta(days=1))
        page = list_statement(community_id=town.id, owner=owner, cursor=None, limit=20, filters=filters)
        assert (page.items, page.next_cursor, page.opening, page.closing) == ([], None, balance, balance)


def test_a_page_reads_a_bounded_number_of_entries(
    town: Town, owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "BATCH", 3)
    monkeypatch.setattr(statements, "MAX_READ", 8)
    filters = Filters(kinds=frozenset({"release"}))
    found: list[StatementLine] = []
    cursor, pages = None, 0
    while True:
        page = list_statement(community_id=town.id, owner=owner, cursor=cursor, limit=20, filters=filters)
        found += page.items
        pages += 1
        assert (page.paused_at is not None) == (page.next_cursor is not None)
        cursor = page.next_cursor
        if cursor is None:
            break
    assert [line.amount for line in found] == [50]
    assert pages >= 3


def test_queries_of_a_page(town: Town, owner: uuid.UUID, django_assert_num_queries: NumQueries) -> None:
    moment = datetime.now(UTC)
    for filters, count in ((Filters(), 1), (Filters(since=moment), 2), (Filters(until=moment), 2)):
        with django_assert_num_queries(count):
            list_statement(community_id=town.id, owner=owner, cursor=None, limit=20, filters=filters)


def test_a_date_is_found_by_look_ups(town: Town, owner: uuid.UUID) -> None:
    moments = [datetime.now(UTC) - timedelta(days=number) for number in range(3)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_hashjoin = off"
        )
        cursor.execute("SET LOCAL enable_mergejoin = off")
        cursor.execute("EXPLAIN " + statements._PLACES, [moments, town.id, owner])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "account_one_of_a_kind" in plan
    assert plan.count("((balance_id = ") + plan.count("Index Cond: ((") >= 2
    assert "Seq Scan" not in plan


def test_someone_elses_entries_are_never_read(town: Town, owner: uuid.UUID) -> None:
    stranger = town.member(gift=5)
    assert [line.amount for line in everything(town, stranger)] == [5]
    page = list_statement(community_id=town.id, owner=owner, cursor=None, limit=2)
    found = list_statement(community_id=town.id, owner=stranger, cursor=page.next_cursor, limit=20)
    assert {line.amount for line in found.items} <= {5}


def test_balances_at_moments(town: Town, owner: uuid.UUID) -> None:
    whole = everything(town, owner)
    moments = [line.booked_at + timedelta(microseconds=1) for line in whole]
    found = statements.find_balances(community_id=town.id, owner=owner, moments=moments)
    assert [balance for _, balance in found] == [line.balance_after for line in reversed(whole)]
    assert statements.find_first_moment(community_id=town.id, owner=owner) == whole[-1].booked_at
    assert statements.find_first_moment(community_id=town.id, owner=uuid.uuid4()) is None
