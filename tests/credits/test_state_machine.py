"""Random histories against a model in plain Python: whatever happens in whatever order, both agree."""

import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test

from localex.credits import errors, queries, services
from localex.lib.errors import LocalExError
from localex.lib.ids import new_id
from tests.credits.conftest import Town, in_days

AMOUNTS = st.integers(min_value=1, max_value=300)


@dataclass
class Purse:
    """What the model believes about a member."""

    gift: int = 0
    main: int = 0
    is_open: bool = True


@dataclass
class Escrow:
    """What the model believes about a trade's hold."""

    payer: uuid.UUID
    from_gift: int
    from_main: int
    is_held: bool = True


@dataclass
class Done:
    """A request, to be sent again: what it was and what came of it."""

    service: Any
    request: dict[str, Any]
    outcome: type[LocalExError] | uuid.UUID = field(default=LocalExError)


class Ledger(RuleBasedStateMachine):
    members = Bundle("members")
    trades = Bundle("trades")
    requests = Bundle("requests")

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.town = Town()
        services.open_community(community_id=self.town.id)
        self.purses: dict[uuid.UUID, Purse] = {}
        self.escrows: dict[uuid.UUID, Escrow] = {}
        self.issued = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def send(self, service: Any, expected: type[LocalExError] | None, **request: Any) -> Done:
        """Ask the real ledger and compare what it answers with what the model expects."""
        done = Done(service, {"key": new_id(), "actor": None, **request})
        try:
            done.outcome = service(**done.request).journal_id
        except LocalExError as error:
            done.outcome = type(error)
        assert done.outcome == (expected or done.request["key"])
        return done

    @rule(target=members)
    def join(self) -> uuid.UUID:
        owner = uuid.uuid4()
        services.open_member(community_id=self.town.id, owner=owner)
        self.purses[owner] = Purse()
        return owner

    @rule(target=requests, owner=members, amount=AMOUNTS)
    def grant(self, owner: uuid.UUID, amount: int) -> Done:
        purse = self.purses[owner]
        expected = None if purse.is_open else errors.AccountClosed
        if expected is None:
            purse.gift += amount
            self.issued += amount
        return self.send(
            services.grant, expected, community_id=self.town.id, owner=owner, amount=amount, reason="coordinator"
        )

    @rule(target=trades, payer=members, amount=AMOUNTS)
    def hold(self, payer: uuid.UUID, amount: int) -> Any:
        purse, trade_id = self.purses[payer], new_id()
        expected: type[LocalExError] | None = None
        if not purse.is_open:
            expected = errors.AccountClosed
        elif purse.gift + purse.main < amount:
            expected = errors.InsufficientCredits
        else:
            from_gift = min(purse.gift, amount)
            self.escrows[trade_id] = Escrow(payer, from_gift, amount - from_gift)
            purse.gift -= from_gift
            purse.main -= amount - from_gift
        self.send(
            services.hold,
            expected,
            community_id=self.town.id,
            trade_id=trade_id,
            payer=payer,
            amount=amount,
            expires_at=in_days(),
        )
        return multiple() if expected else trade_id

    @rule(target=requests, trade=trades, payee=members)
    def release(self, trade: uuid.UUID, payee: uuid.UUID) -> Done:
        escrow, purse = self.escrows[trade], self.purses[payee]
        expected: type[LocalExError] | None = None
        if not purse.is_open:
            expected = errors.AccountClosed
        elif not escrow.is_held:
            expected = errors.HoldEnded
        else:
            escrow.is_held = False
            purse.main += escrow.from_gift + escrow.from_main
        return self.send(services.release, expected, trade_id=trade, payee=payee)

    @rule(target=requests, trade=trades)
    def refund(self, trade: uuid.UUID) -> Done:
        escrow = self.escrows[trade]
        purse = self.purses[escrow.payer]
        expected: type[LocalExError] | None = None
        if not purse.is_open:
            expected = errors.AccountClosed
        elif not escrow.is_held:
            expected = errors.HoldEnded
        else:
            escrow.is_held = False
            purse.gift += escrow.from_gift
            purse.main += escrow.from_main
        return self.send(services.refund, expected, trade_id=trade)

    @rule(request=requests)
    def repeat(self, request: Done) -> None:
        if isinstance(request.outcome, uuid.UUID):
            assert request.service(**request.request).repeated
        else:
            with pytest.raises(request.outcome):
                request.service(**request.request)

    @rule(owner=members)
    def close(self, owner: uuid.UUID) -> None:
        is_busy = any(escrow.is_held and escrow.payer == owner for escrow in self.escrows.values())
        try:
            with transaction.atomic():
                services.close_member(community_id=self.town.id, owner=owner)
            assert not is_busy
            self.purses[owner].is_open = False
        except errors.CreditsHeld:
            assert is_busy

    @invariant()
    def balances_agree(self) -> None:
        for owner, purse in self.purses.items():
            held = sum(e.from_gift + e.from_main for e in self.escrows.values() if e.is_held and e.payer == owner)
            assert self.town.balance(owner) == (purse.gift + purse.main, held)
            assert purse.gift >= 0
            assert purse.main >= 0
        totals = queries.find_totals(community_id=self.town.id)
        assert totals is not None
        assert totals.issued == self.issued == totals.with_members + totals.held

    @invariant()
    def nothing_is_broken(self) -> None:
        self.town.check()


def test_any_history_keeps_the_ledger_honest(db: None) -> None:
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
