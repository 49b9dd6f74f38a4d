"""Balances and statements."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection

from localex.credits import queries, services
from localex.lib.errors import BadRequest
from localex.lib.ids import new_id
from localex.lib.pages import encode_cursor
from tests.credits.conftest import Town

NumQueries = Callable[[int], AbstractContextManager[Any]]


def statement(town: Town, owner: uuid.UUID, *, limit: int = 50) -> list[queries.StatementLine]:
    """Every line, page by page."""
    lines: list[queries.StatementLine] = []
    cursor = None
    while True:
        page = queries.list_statement(community_id=town.id, owner=owner, cursor=cursor, limit=limit)
        assert len(page.items) <= limit
        lines.extend(page.items)
        cursor = page.next_cursor
        if cursor is None:
            return lines


def test_a_stranger_has_nothing(town: Town) -> None:
    nobody = uuid.uuid4()
    assert queries.find_balance(community_id=town.id, owner=nobody) == queries.Balance(0, 0)
    assert statement(town, nobody) == []
    assert queries.find_totals(community_id=uuid.uuid4()) is None


def test_total_is_available_and_held(town: Town, django_assert_num_queries: NumQueries) -> None:
    owner = town.member(gift=100, main=50)
    town.hold(owner, 30)
    with django_assert_num_queries(1):
        balance = queries.find_balance(community_id=town.id, owner=owner)
    assert (balance.available, balance.held, balance.total) == (120, 30, 150)
    assert queries.find_totals(community_id=town.id) == queries.Totals(150, 120, 30, 0)


def test_a_posting_is_one_line_whatever_accounts_it_touches(town: Town) -> None:
    owner = town.member(gift=100, main=50)
    trade = town.hold(owner, 120)
    town.refund(trade)
    lines = statement(town, owner)
    assert [(line.kind, line.amount, line.balance_after) for line in lines] == [
        ("refund", 120, 150),
        ("hold", -120, 30),
        ("coordinator_grant", 100, 150),
        ("release", 50, 50),
    ]
    assert lines[0].reference == lines[1].reference == trade
    assert [line.reason for line in lines] == ["", "", "coordinator", ""]


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_are_the_whole_cut_up(town: Town, limit: int) -> None:
    owner, other = town.member(gift=500, main=300), town.member(gift=500)
    for number in range(6):
        town.release(town.hold(other, 10 + number), owner)
        town.grant(owner, number + 1)
        trade = town.hold(owner, 60 * number + 1)
        town.refund(trade) if number % 2 else town.release(trade, other)
    whole = statement(town, owner)
    assert statement(town, owner, limit=limit) == whole
    assert whole[0].balance_after == town.balance(owner)[0]
    assert [line.booked_at for line in whole] == sorted({line.booked_at for line in whole}, reverse=True)
    for newer, older in pairwise(whole):
        assert newer.balance_after - newer.amount == older.balance_after
    assert whole[-1].balance_after == whole[-1].amount


def test_one_query_and_no_scan(town: Town, django_assert_num_queries: NumQueries) -> None:
    owner = town.member(gift=100)
    with django_assert_num_queries(1):
        queries.list_statement(community_id=town.id, owner=owner, cursor=None, limit=20)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(
            "EXPLAIN SELECT * FROM ledger.entries WHERE account_id = 1 AND seq <= 9 ORDER BY seq DESC LIMIT 20"
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Index Scan Backward using entry_pkey" in plan
    assert "Sort" not in plan


def test_accounts_of_two_communities_are_apart(town: Town) -> None:
    elsewhere, owner = Town(), uuid.uuid4()
    services.open_community(community_id=elsewhere.id)
    for place, amount in ((town, 10), (elsewhere, 7)):
        services.open_member(community_id=place.id, owner=owner)
        place.grant(owner, amount)
    assert (town.balance(owner), elsewhere.balance(owner)) == ((10, 0), (7, 0))
    assert [line.amount for line in statement(elsewhere, owner)] == [7]


@pytest.mark.parametrize(
    "cursor",
    ["x", encode_cursor([1]), encode_cursor(["a", "b"]), encode_cursor([-1, 5]), encode_cursor([2**70, 1]), "é" * 600],
)
def test_a_damaged_cursor_is_a_bad_request(town: Town, cursor: str) -> None:
    with pytest.raises(BadRequest):
        queries.list_statement(community_id=town.id, owner=new_id(), cursor=cursor, limit=20)


def test_limits_are_bounded(town: Town) -> None:
    owner = town.member(gift=10, main=5)
    assert len(queries.list_statement(community_id=town.id, owner=owner, cursor=None, limit=0).items) == 1
    assert len(queries.list_statement(community_id=town.id, owner=owner, cursor=None, limit=10**9).items) == 2
