"""Many grants in one statement: one outcome each, in order, and one pass over the locks."""

import uuid
from typing import Any

import psycopg
import pytest
from django.db import transaction

from localex.credits import errors, services
from localex.embedded import roles
from localex.lib.errors import LocalExError
from localex.lib.ids import new_id
from tests.credits.conftest import Town
from tests.credits.test_races import at_once
from tests.servers import Servers


def grant_many(town: Town, owners: list[uuid.UUID], amounts: list[int], **more: Any) -> list[str]:
    """What became of each: posted, repeated, or the code of a refusal."""
    request = {"keys": [new_id() for _ in owners], "reason": "coordinator", "actor": None, **more}
    outcomes = services.grant_many(community_id=town.id, owners=owners, amounts=amounts, **request)
    return [
        outcome.code if isinstance(outcome, LocalExError) else "repeated" if outcome.repeated else "posted"
        for outcome in outcomes
    ]


def test_a_refused_item_leaves_the_others(town: Town) -> None:
    one, closed, two = town.member(), town.member(), town.member()
    services.close_member(community_id=town.id, owner=closed)
    assert grant_many(town, [one, closed, two, one], [1, 2, 3, 4]) == ["posted", "account_closed", "posted", "posted"]
    assert [town.balance(owner)[0] for owner in (one, closed, two)] == [5, 0, 3]
    town.check()


def test_the_same_key_twice_in_a_batch_is_posted_once(town: Town) -> None:
    owner, key, other = town.member(), new_id(), new_id()
    assert grant_many(town, [owner] * 3, [5, 5, 1], keys=[key, key, other]) == ["posted", "repeated", "posted"]
    assert grant_many(town, [owner, owner], [5, 1], keys=[key, other]) == ["repeated", "repeated"]
    with pytest.raises(errors.KeyReused), transaction.atomic():
        grant_many(town, [owner, owner], [9, 8], keys=[same := new_id(), same])
    with pytest.raises(errors.KeyReused), transaction.atomic():
        grant_many(town, [owner, owner], [1, 6], keys=[new_id(), key])
    assert town.balance(owner) == (6, 0)
    town.check()


def test_a_batch_and_single_postings_are_the_same_requests(town: Town) -> None:
    owner, key = town.member(), new_id()
    town.grant(owner, 5, key=key)
    assert grant_many(town, [owner], [5], keys=[key]) == ["repeated"]
    key = new_id()
    grant_many(town, [owner], [5], keys=[key])
    assert town.grant(owner, 5, key=key).repeated


def test_a_starter_grant_is_given_once_also_within_a_batch(town: Town) -> None:
    had, new = town.member(), town.member()
    town.grant(had, 10, reason="starter")
    assert grant_many(town, [new, had, new], [10, 10, 10], reason="starter") == [
        "posted",
        "already_granted",
        "already_granted",
    ]
    with pytest.raises(errors.AlreadyGranted):
        town.grant(new, 10, reason="starter")
    assert (town.balance(had), town.balance(new)) == ((10, 0), (10, 0))
    town.check()


@pytest.mark.parametrize(
    ("owners", "amounts"), [(0, []), (1, [0]), (1, [-5]), (2, [1]), (1, [1, 2]), (1001, [1] * 1001)]
)
def test_a_batch_has_1_to_1000_complete_items(town: Town, owners: int, amounts: list[int]) -> None:
    with pytest.raises(errors.InvalidPosting), transaction.atomic():
        grant_many(town, [town.member()] * owners, amounts)


def test_what_makes_no_sense_rejects_the_whole_batch(town: Town) -> None:
    owner = town.member()
    with pytest.raises(errors.UnknownAccount), transaction.atomic():
        grant_many(town, [owner, uuid.uuid4()], [1, 1])
    with pytest.raises(errors.InvalidPosting), transaction.atomic():
        grant_many(town, [owner, owner], [1, 1], keys=[new_id(), uuid.uuid4()])
    with pytest.raises(errors.InvalidPosting), transaction.atomic():
        grant_many(town, [owner], [1], reason="referral")
    assert town.balance(owner) == (0, 0)


def test_batches_at_once_lose_nothing(committed_town: Town) -> None:
    town = committed_town
    owners = [town.member() for _ in range(10)]

    def give(number: int) -> object:
        mixed = owners[number:] + owners[:number]
        return [grant_many(town, mixed, [1] * 10) for _ in range(5)]

    outcomes = at_once(*[lambda number=number: give(number) for number in range(4)])
    assert outcomes == [[["posted"] * 10] * 5] * 4
    assert [town.balance(owner) for owner in owners] == [(20, 0)] * 10
    town.check()


def test_a_later_item_finds_the_balance_that_an_earlier_one_drained(servers: Servers) -> None:
    """The batch itself, which only the public functions call: one posting after the other out of the same account."""
    with servers.scratch_database() as name, servers.connect(roles.APP, name) as app:
        community, owners = uuid.uuid4(), [uuid.uuid4() for _ in range(2)]
        app.execute("SELECT ledger.open_community(%s)", [community])
        for owner in owners:
            app.execute("SELECT ledger.open_member(%s, %s)", [community, owner])
        app.execute(
            "SELECT ledger.grant_credits(uuidv7(), %s, %s, 10, 'coordinator_grant', NULL)", [community, owners[0]]
        )
        with servers.connect(roles.SUPER, name) as superuser:
            gift, other = _gifts(superuser, owners)
            # The guards let nobody else in, so the call wears the name of a public function.
            superuser.execute(
                "CREATE OR REPLACE FUNCTION ledger.grant_many(p_requests ledger.request[]) RETURNS SETOF ledger.outcome"
                " LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS"
                " 'BEGIN RETURN QUERY SELECT * FROM ledger.post_batch(p_requests, false); END';"
                "ALTER FUNCTION ledger.grant_many(ledger.request[]) OWNER TO ledger_writer"
            )
            rows = superuser.execute(
                "SELECT o.reason::text FROM ledger.grant_many(ARRAY("
                "SELECT (uuidv7(), %s, 'coordinator_grant', NULL, NULL, decode('00', 'hex'), ARRAY[%s, %s],"
                " ARRAY[-a, a], NULL)::ledger.request FROM unnest(%s::bigint[]) a)) o",
                [community, gift, other, [4, 7, 6, 1, -3, 3]],
            ).fetchall()
            assert [reason for (reason,) in rows] == [
                None,
                "insufficient_credits",
                None,
                "insufficient_credits",
                None,
                None,
            ]
            for check in range(1, 7):
                assert superuser.execute(f"SELECT * FROM ledger.broken_i{check}".encode()).fetchall() == []


def _gifts(connection: psycopg.Connection[Any], owners: list[uuid.UUID]) -> list[int]:
    return [
        connection.execute(
            "SELECT account_id FROM ledger.accounts WHERE owner = %s AND kind = 'gift'", [owner]
        ).fetchone()[0]  # type: ignore[index]
        for owner in owners
    ]
