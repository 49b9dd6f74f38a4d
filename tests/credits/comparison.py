"""Two communities in the real ledger and in the model, and the comparison of both; the rules are in the test."""

import contextlib
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.db import connection, transaction
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
)

from localex.credits import errors, queries, services
from localex.lib import clock
from localex.lib.errors import LocalExError
from localex.lib.ids import new_id
from tests.credits.model import Model, Refusal

SOON = timedelta(milliseconds=120)


@dataclass
class Done:
    """A request, to be sent again: what it was and what came of it."""

    service: Callable[..., Any]
    request: dict[str, Any]
    refused: Refusal


def hold_for_a_moment(**request: Any) -> services.Posting:
    """`services.hold` until a moment that has passed when this returns.

    A machine that is too busy to ask before it is over gets a later one: a deadline in the past is rejected and leaves
    nothing behind.
    """
    for moment in (SOON, 10 * SOON, 100 * SOON):
        until = clock.now() + moment
        try:
            with transaction.atomic():
                posting = services.hold(**request, expires_at=until)
        except errors.InvalidPosting as error:
            rejected = error
            continue
        while not posting.repeated and clock.now() <= until:  # the database's clock is this machine's
            time.sleep(0.01)
        return posting
    raise rejected


class Comparison(RuleBasedStateMachine):
    """Asks the model, then the real ledger, and compares after every step."""

    # What was reached, over all histories: what was asked and what came of it.
    reached: ClassVar[Counter[tuple[str, str]]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.began = clock.now()
        self.model = Model()
        self.communities = [uuid.uuid4(), uuid.uuid4()]
        for community in self.communities:
            services.open_community(community_id=community)
            self.model.open_community(community)
        one, two = self.communities
        for ours, theirs in ((one, two), (two, one)):
            self.open_clearing_account(ours, theirs, 400)

    def teardown(self) -> None:
        """Everything that the checker has to say about this history."""
        for check in (f"I{number}" for number in range(1, 9)):
            with connection.cursor() as cursor:
                cursor.execute("SELECT * FROM ledger.find_broken(%s, %s)", [check, self.began - timedelta(seconds=1)])
                assert cursor.fetchall() == [], check

    @contextlib.contextmanager
    def expecting(self, what: str, act: Callable[[], Refusal]) -> Iterator[Refusal]:
        """What the model says first; then the block must come to the same, and a rejection must leave nothing."""
        try:
            refused = act()
            self.reached[what, refused.__name__ if refused else "done"] += 1
        except LocalExError as error:
            self.reached[what, type(error).__name__] += 1
            with pytest.raises(type(error)), transaction.atomic():
                yield None
            return
        if refused is None:
            yield None
            return
        # A refusal is kept, as by a caller who catches the error and goes on.
        with pytest.raises(refused):
            yield refused

    def send(self, act: Callable[[], Refusal], service: Callable[..., Any], **request: Any) -> Done:
        """Ask the model, then the real ledger. `key` and `actor` are added unless given."""
        request = {"key": new_id(), "actor": None, **request}
        outcome: Refusal = errors.InvalidPosting

        def ask() -> Refusal:
            nonlocal outcome
            outcome = act()
            return outcome

        with self.expecting(service.__name__, ask):
            assert service(**request).journal_id == request["key"]
        return Done(service, request, outcome)

    def open_clearing_account(self, community: uuid.UUID, counterpart: uuid.UUID, limit: int) -> None:
        with self.expecting("open_clearing", lambda: self.model.open_clearing(community, counterpart, limit)):
            services.open_clearing(community_id=community, counterpart=counterpart, limit=limit, actor=None)

    def known(self, trade: uuid.UUID, act: Callable[[], Refusal]) -> Callable[[], Refusal]:
        """The act, or what becomes of it when the trade's hold was refused."""

        def checked() -> Refusal:
            if trade not in self.model.holds:
                raise errors.UnknownHold("")
            return act()

        return checked

    def payee(self, trade: uuid.UUID, member: Any, is_right: bool) -> uuid.UUID:
        hold = self.model.holds.get(trade)
        return hold.payee if hold and hold.payee and is_right else member[1]

    def everybody(self) -> list[tuple[uuid.UUID, uuid.UUID]]:
        return [(community, owner) for community, kind, owner in self.model.accounts if kind == "main" and owner]

    @invariant()
    def both_agree(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT community_id, kind::text, owner, posted, floor, ceiling, is_open FROM ledger.accounts"
                " WHERE community_id = ANY (%s)",
                [self.communities],
            )
            found = {row[:3]: row[3:] for row in cursor.fetchall()}
        # The model has one issuer: what all of a community have given.
        for community in self.communities:
            issuers = [name for name in found if name[:2] == (community, "issuer")]
            given = sum(found.pop(name)[0] for name in issuers)
            found[community, "issuer", None] = (given, None, None, True)
        model = {name: account.as_row() for name, account in self.model.accounts.items()}
        for trade, hold in self.model.holds.items():
            model[hold.community, "escrow", trade] = (hold.held if hold.is_held else 0, 0, None, True)
        # A refused hold leaves its empty escrow account.
        empty = {name: row for name, row in found.items() if name[1] == "escrow" and name not in model}
        assert {row[0] for row in empty.values()} <= {0}
        assert found == {**model, **empty}
        for community in self.communities:
            assert sum(row[0] for name, row in found.items() if name[0] == community) == 0

    @invariant()
    def what_a_member_sees_agrees(self) -> None:
        for community, kind, owner in [*self.model.accounts][-2:]:
            if kind == "main" and owner:
                gift, main = self.model.members(community, owner)
                held = sum(
                    hold.held
                    for hold in self.model.holds.values()
                    if hold.is_held and (hold.community, hold.payer) == (community, owner)
                )
                found = queries.find_balance(community_id=community, owner=owner)
                assert main.floor is not None
                assert (found.available, found.held) == (gift.posted + main.posted - main.floor, held)
