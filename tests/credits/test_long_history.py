"""One long history by plain chance, which comes to everything that a request can come to; then the checker looks."""

import random
import uuid
from typing import Any

import pytest

from localex.credits import errors
from tests.credits.model import Account
from tests.credits.site import Site
from tests.credits.test_state_machine import Ledger

pytestmark = pytest.mark.slow

STEPS = 1_500

# What it must have come to, or it showed less than it seems to.
EVERYTHING = {
    *(
        ("hold_for_days", what)
        for what in ("done", "InsufficientCredits", "AccountClosed", "HoldExists", "PostingsStopped")
    ),
    *(("release", what) for what in ("done", "HoldEnded", "HoldExpired", "OtherPayee", "LimitReached")),
    *(("capture", what) for what in ("done", "HoldEnded", "InvalidPosting", "OtherPayee", "UnknownAccount")),
    *(("refund", what) for what in ("done", "HoldEnded")),
    *(("expire", what) for what in ("done", "HoldNotExpired", "HoldEnded")),
    *(("extend_hold", what) for what in ("done", "HoldEnded", "HoldExpired")),
    *(("release_across", what) for what in ("done", "LimitReached", "HoldEnded", "HoldExpired", "OtherPayee")),
    *(("grant", what) for what in ("done", "AlreadyGranted", "AccountClosed", "PostingsStopped")),
    *(("fund_protection", what) for what in ("done", "InsufficientCredits", "PostingsStopped")),
    *(("pay_protection", what) for what in ("done", "InsufficientCredits", "LimitReached")),
    *(
        (limit, what)
        for limit in ("set_credit_line", "set_ceiling", "open_clearing")
        for what in ("done", "LimitInUse")
    ),
    *(("close_member", what) for what in ("done", "CreditsHeld")),
    ("sweep", "some"),
}


class Chance:
    """Draws rules and their arguments, the ones that make something of a history more often."""

    def __init__(self, ledger: Ledger, seed: int) -> None:
        self.ledger, self.random = ledger, random.Random(seed)
        self.members = [ledger.join(place) for place in (0, 1) * 3]
        self.trades: list[uuid.UUID] = []
        self.requests: list[Any] = []

    def step(self) -> None:
        """One rule with arguments."""
        chance, ledger = self.random, self.ledger
        one, other = chance.choice(self.members), chance.choice(self.members)
        amount, fee, place, is_rare = (
            chance.randint(1, 60),
            chance.randint(0, 20),
            chance.randint(0, 1),
            chance.random() < 0.2,
        )
        reason = chance.choice(["starter", "coordinator"])
        how = chance.choice(["release", "release", "capture", "refund", "expire"])
        deadline = chance.choice(["named", "named", "named", "unnamed", "soon"])
        limit = chance.choice([0, 20, 50, 400])
        trade = chance.choice(self.trades[-8:]) if self.trades else uuid.uuid4()
        request = chance.choice(self.requests) if self.requests else ledger.grant(one, 1, "coordinator")
        acts = [
            (8, lambda: self.keep(ledger.grant(one, amount * 3, reason))),
            (2, lambda: self.keep(ledger.refer(one, other, amount))),
            (
                2,
                lambda: ledger.grant_many(place, chance.choices(self.members, k=3), reason),
            ),
            (14, lambda: self.begin(ledger.hold(one, other, amount, fee, fee // 2, deadline))),
            (10, lambda: self.begin(ledger.trade(one, other, amount, amount + 20 - fee, fee, place, how))),
            (2, lambda: ledger.hold_again(trade, one, amount)),
            (8, lambda: self.keep(ledger.release(trade, other, not is_rare))),
            (8, lambda: self.keep(ledger.capture(trade, other, not is_rare, amount))),
            (5, lambda: self.keep(ledger.refund(trade))),
            (4, lambda: ledger.expire(trade)),
            (1, ledger.sweep),
            (4, lambda: ledger.extend(trade, place + 1)),
            (10, lambda: ledger.release_across(trade, other, not is_rare)),
            (1, lambda: ledger.limit_clearing(place, limit)),
            (2, lambda: self.keep(ledger.fund_protection(place, amount, chance.choice(["fees", "issuer"])))),
            (2, lambda: self.keep(ledger.pay_protection(one, amount))),
            (4, lambda: ledger.repeat(request)),
            (2, lambda: ledger.reuse_a_key(request, uuid.uuid4())),
            (1, lambda: ledger.use_an_old_key(one)),
            (2, lambda: ledger.close(one, is_rare)),
            (1, lambda: ledger.reopen(one)),
            (3, lambda: ledger.set_credit_line(one, limit)),
            (2, lambda: ledger.set_ceiling(one, chance.choice([None, None, limit]))),
            (2, lambda: ledger.fill_to_the_ceiling(one, amount, is_rare)),
            (1, lambda: ledger.stop(place, request, is_rare)),
            (2, ledger.resume),
            (3, ledger.seal),
        ]
        chance.choices([act for _, act in acts], [weight for weight, _ in acts])[0]()
        ledger.both_agree()

    def keep(self, request: Any) -> None:
        self.requests.append(request)

    def begin(self, trade: Any) -> None:
        if isinstance(trade, uuid.UUID):
            self.trades.append(trade)


def test_a_long_history_comes_to_everything_and_both_agree(site: Site) -> None:
    Ledger.reached.clear()
    ledger = Ledger()
    chance = Chance(ledger, seed=4)
    for _ in range(STEPS):
        chance.step()
    ledger.what_a_member_sees_agrees()
    ledger.teardown()
    assert {pair for pair in EVERYTHING if not Ledger.reached[pair]} == set()


def test_a_model_that_is_wrong_is_noticed(site: Site) -> None:
    """The control: one hundredth off, or a refusal that the model does not know, and the comparison fails."""
    ledger = Ledger()
    member = ledger.join(0)
    ledger.grant(member, 50, "coordinator")
    ledger.both_agree()
    account: Account = ledger.model.members(*member)[0]
    account.posted += 1
    _fails(ledger.both_agree)
    account.posted += 99
    _fails(lambda: ledger.hold(member, member, 120, 0, 0, "unnamed"))


def _fails(act: Any) -> None:
    try:
        act()
    except (AssertionError, errors.InsufficientCredits):
        return
    raise AssertionError("nothing was noticed")
