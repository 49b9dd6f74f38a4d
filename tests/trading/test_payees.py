"""The backfill of the payee: holds of the release before learn to whom they go, while people go on trading."""

import pytest
from django.db import connection, transaction

from localex.credits import services as credit_services
from localex.credits.errors import InvalidPosting, OtherPayee, UnknownAccount, UnknownHold
from localex.credits.queries import find_hold
from localex.lib.ids import new_id
from localex.trading import queries, tasks
from localex.trading.models import Trade
from tests import town

pytestmark = pytest.mark.django_db


@pytest.fixture
def old_trades(monkeypatch: pytest.MonkeyPatch) -> list[Trade]:
    """Trades as the release before began them: it called the function that knows no payee."""

    def hold_as_before(*, key, community_id, trade_id, payer, amount, expires_at, actor, **unknown) -> None:  # type: ignore[no-untyped-def]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT journal_id FROM ledger.hold_credits(%s, %s, %s, %s, %s, %s, %s)",
                [key, community_id, trade_id, payer, amount, expires_at, actor],
            )

    community = town.found_community()
    seller, buyer = town.new_member(community), town.new_member(community)
    with monkeypatch.context() as patched:
        patched.setattr(credit_services, "hold", hold_as_before)
        return [town.new_trade(seller, buyer, price=10) for _ in range(5)]


def payee_of(trade: Trade) -> object:
    hold = find_hold(trade_id=trade.id)
    assert hold is not None
    return hold.payee


def test_every_open_hold_gets_its_seller_in_small_batches(
    old_trades: list[Trade], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {payee_of(trade) for trade in old_trades} == {None}
    monkeypatch.setattr(tasks, "BATCH", 2)
    for _ in range(2):
        tasks.name_payees.func()
    assert {payee_of(trade) for trade in old_trades} == {old_trades[0].seller.ledger_ref}
    assert queries.list_payees_to_name(after=None, limit=10) == []
    town.complete(old_trades[0])


def test_a_name_is_given_once_and_only_while_the_credits_are_held(old_trades: list[Trade]) -> None:
    first, second, *_ = old_trades
    other = town.new_member(first.community)
    assert credit_services.name_payee(trade_id=first.id, payee=first.seller.ledger_ref)
    assert not credit_services.name_payee(trade_id=first.id, payee=other.ledger_ref)
    assert payee_of(first) == first.seller.ledger_ref
    with pytest.raises(OtherPayee), transaction.atomic():
        credit_services.release(key=new_id(), trade_id=first.id, payee=other.ledger_ref, actor=None)
    credit_services.refund(key=new_id(), trade_id=second.id, actor=None)
    assert not credit_services.name_payee(trade_id=second.id, payee=second.seller.ledger_ref)


def test_who_cannot_be_named(old_trades: list[Trade]) -> None:
    trade = old_trades[0]
    for error, trade_id, payee in (
        (UnknownHold, new_id(), trade.seller.ledger_ref),
        (UnknownAccount, trade.id, new_id()),
        (InvalidPosting, trade.id, trade.buyer.ledger_ref),
    ):
        with pytest.raises(error), transaction.atomic():
            credit_services.name_payee(trade_id=trade_id, payee=payee)
    assert payee_of(trade) is None
