"""Random histories against a model in plain Python: whatever happens in whatever order, both agree.

Everything commits, because seals are made of what is committed. `LOCALEX_MACHINE=200x50 pytest
tests/credits/test_state_machine.py` runs 200 examples of 50 steps; the default is 20x30. Hypothesis looks for short
histories that go wrong; a long one, by plain chance, is in test_long_history.py.
"""

import os
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)

from localex.credits import errors, services
from localex.credits.services.calls import call
from localex.lib.errors import LocalExError
from localex.lib.ids import new_id
from tests.credits.comparison import Comparison, Done, hold_for_a_moment
from tests.credits.conftest import in_days
from tests.credits.model import Hold, Refusal
from tests.credits.site import Site

EXAMPLES, STEPS = (int(part) for part in os.environ.get("LOCALEX_MACHINE", "20x30").split("x"))
AMOUNTS = st.integers(min_value=1, max_value=80)
MOSTLY = st.sampled_from([True] * 4 + [False])
RARELY = st.sampled_from([False] * 4 + [True])
FEES = st.integers(min_value=0, max_value=30)
LIMITS = st.sampled_from([0, 50, 400])
ENDS = st.sampled_from(["release", "release", "capture", "capture", "refund", "expire"])
# Made 8 days ago: nobody executes that any more.
OLD = 8 * 24 * 3600 * 1000


def old_key() -> uuid.UUID:
    """A key that was made 8 days ago."""
    return uuid.UUID(int=new_id().int - (OLD << 80))


def hold_for_days(**request: Any) -> services.Posting:
    """`services.hold` with a deadline that no history comes to."""
    return services.hold(**request, expires_at=in_days())


class Ledger(Comparison):
    """Two communities that clear with each other, their members, and one session that does anything."""

    members = Bundle("members")  # (community, owner)
    trades = Bundle("trades")
    requests = Bundle("requests")

    @initialize(target=members)
    def found(self) -> Any:
        """Each community begins with two members who have something."""
        begin = [self.join(place) for place in (0, 1, 0, 1)]
        for community, owner in begin:
            self.grant((community, owner), 300, "coordinator")
        return multiple(*begin)

    @rule(target=members, place=st.integers(0, 1))
    def join(self, place: int) -> tuple[uuid.UUID, uuid.UUID]:
        community, owner = self.communities[place], uuid.uuid4()
        services.open_member(community_id=community, owner=owner)
        self.model.open_member(community, owner)
        return community, owner

    @rule(target=requests, member=members, amount=AMOUNTS, reason=st.sampled_from(["starter", "coordinator"]))
    def grant(self, member: Any, amount: int, reason: str) -> Done:
        community, owner = member
        act = lambda: self.model.grant(community, owner, amount, reason, None)  # noqa: E731
        return self.send(act, services.grant, community_id=community, owner=owner, amount=amount, reason=reason)

    @rule(target=requests, member=members, newcomer=members, amount=AMOUNTS)
    def refer(self, member: Any, newcomer: Any, amount: int) -> Done:
        (community, owner), (_, about) = member, newcomer
        if about == owner:
            about = uuid.uuid4()
        act = lambda: self.model.grant(community, owner, amount, "referral", about)  # noqa: E731
        return self.send(
            act, services.grant, community_id=community, owner=owner, amount=amount, reason="referral", about=about
        )

    @rule(
        place=st.integers(0, 1),
        chosen=st.lists(members, min_size=1, max_size=4),
        reason=st.sampled_from(["starter", "coordinator"]),
    )
    def grant_many(self, place: int, chosen: list[Any], reason: str) -> None:
        community = self.communities[place]
        owners = [owner for where, owner in chosen if where == community]
        if not owners:
            return
        amounts = list(range(1, len(owners) + 1))
        request: dict[str, Any] = {"community_id": community, "owners": owners, "amounts": amounts, "reason": reason}
        request["keys"] = [new_id() for _ in owners]
        if community in self.model.stopped:
            with pytest.raises(errors.PostingsStopped), transaction.atomic():
                services.grant_many(**request, actor=None)
            return
        found = services.grant_many(**request, actor=None)
        expected: list[Refusal] = []
        for number, (owner, amount) in enumerate(zip(owners, amounts, strict=True)):
            is_twin = reason == "starter" and owner in owners[:number]
            gift, _ = self.model.members(community, owner)
            twin = errors.AlreadyGranted if gift.is_open else errors.AccountClosed
            expected.append(twin if is_twin else self.model.grant(community, owner, amount, reason, None))
        assert [type(one) if isinstance(one, LocalExError) else None for one in found] == expected
        again = services.grant_many(**request, actor=None)
        assert [type(one) if isinstance(one, LocalExError) else None for one in again] == expected
        assert all(isinstance(one, LocalExError) or one.repeated for one in again)

    @rule(
        target=trades, payer=members, payee=members, price=AMOUNTS, buyer_fee=FEES, seller_fee=FEES,
        how=st.sampled_from(["named", "named", "named", "unnamed", "soon"]),
    )  # fmt: skip
    def hold(self, payer: Any, payee: Any, price: int, buyer_fee: int, seller_fee: int, how: str) -> Any:
        trade, (community, owner) = new_id(), payer
        named, seller_fee = (payee[1] if how != "unnamed" else None), min(seller_fee, price)
        if named is None:
            buyer_fee = seller_fee = 0
        new = Hold(community, owner, named, 0, 0, buyer_fee, seller_fee, is_expired=how == "soon")
        self.send(
            lambda: self.model.hold(trade, new, price + buyer_fee),
            hold_for_a_moment if how == "soon" else hold_for_days,
            community_id=community, trade_id=trade, payer=owner, payee=named, amount=price, buyer_fee=buyer_fee,
            seller_fee=seller_fee,
        )  # fmt: skip
        return trade if trade in self.model.holds else multiple()

    @rule(
        target=trades,
        payer=members,
        payee=members,
        price=AMOUNTS,
        part=AMOUNTS,
        fees=FEES,
        gap=st.integers(0, 1),
        how=ENDS,
    )
    def trade(self, payer: Any, payee: Any, price: int, part: int, fees: int, gap: int, how: str) -> Any:
        """A whole trade at once, so that deep histories have many."""
        if gap and payer[0] == payee[0]:
            payee = next((one for one in self.everybody() if one[0] != payer[0]), payee)
        trade = self.hold(payer, payee, price, fees, fees // 2, "soon" if how == "expire" else "named")
        if not isinstance(trade, uuid.UUID):
            return trade
        if how == "capture":
            self.capture(trade, payee, True, part)
        elif how == "expire":
            self.expire(trade)
        elif how == "refund":
            self.refund(trade)
        elif payer[0] != payee[0]:
            self.release_across(trade, payee, True)
        else:
            self.release(trade, payee, True)
        return trade

    @rule(trade=trades, payer=members, amount=AMOUNTS)
    def hold_again(self, trade: uuid.UUID, payer: Any, amount: int) -> None:
        community, owner = payer
        if trade not in self.model.holds or self.model.holds[trade].community != community:
            return  # a second escrow account, in another community, is a mistake that trading cannot make
        stranger = new_id()
        new = Hold(community, owner, stranger, 0, 0, 0, 0, is_expired=False)
        self.send(
            lambda: self.model.hold(trade, new, amount), hold_for_days, community_id=community, trade_id=trade,
            payer=owner, payee=stranger, amount=amount,
        )  # fmt: skip

    @rule(target=requests, trade=trades, member=members, is_right=MOSTLY)
    def release(self, trade: uuid.UUID, member: Any, is_right: bool) -> Done:
        payee = self.payee(trade, member, is_right)
        act = self.known(trade, lambda: self.model.capture(trade, payee, None))
        return self.send(act, services.release, trade_id=trade, payee=payee)

    @rule(target=requests, trade=trades, member=members, is_right=MOSTLY, amount=AMOUNTS)
    def capture(self, trade: uuid.UUID, member: Any, is_right: bool, amount: int) -> Done:
        payee = self.payee(trade, member, is_right)
        act = self.known(trade, lambda: self.model.capture(trade, payee, amount))
        return self.send(act, services.capture, trade_id=trade, payee=payee, amount=amount)

    @rule(target=requests, trade=trades)
    def refund(self, trade: uuid.UUID) -> Done:
        act = self.known(trade, lambda: self.model.give_back(trade, because_expired=False))
        return self.send(act, services.refund, trade_id=trade)

    @rule(trade=trades)
    def expire(self, trade: uuid.UUID) -> None:
        with self.expecting("expire", self.known(trade, lambda: self.model.give_back(trade, because_expired=True))):
            services.expire(key=new_id(), trade_id=trade)

    @rule()
    def sweep(self) -> None:
        expected = self.model.sweep()
        self.reached["sweep", "some" if expected else "none"] += 1
        found = set(services.expire_overdue(older_than=timedelta(0), limit=1000))
        assert found & set(self.model.holds) == expected

    @rule(trade=trades, days=st.integers(1, 9))
    def extend(self, trade: uuid.UUID, days: int) -> None:
        def act() -> Refusal:
            hold = self.model.holds[trade]
            return errors.HoldEnded if not hold.is_held else errors.HoldExpired if hold.is_expired else None

        with self.expecting("extend_hold", self.known(trade, act)):
            services.extend_hold(trade_id=trade, expires_at=in_days(days))

    @rule(trade=trades, member=members, is_right=MOSTLY)
    def release_across(self, trade: uuid.UUID, member: Any, is_right: bool) -> None:
        hold = self.model.holds.get(trade)
        community = next(one for one in self.communities if hold is None or one != hold.community)
        payee = self.payee(trade, member, is_right)
        act = self.known(trade, lambda: self.model.release_across(trade, community, payee))
        keys = (new_id(), new_id())
        with self.expecting("release_across", act):
            out, into = services.release_across(
                key_out=keys[0], key_in=keys[1], trade_id=trade, payee_community=community, payee=payee, actor=None
            )
            assert (out.journal_id, into.journal_id) == keys

    @rule(place=st.integers(0, 1), limit=LIMITS)
    def limit_clearing(self, place: int, limit: int) -> None:
        self.open_clearing_account(self.communities[place], self.communities[1 - place], limit)

    @rule(target=requests, place=st.integers(0, 1), amount=AMOUNTS, source=st.sampled_from(["fees", "issuer"]))
    def fund_protection(self, place: int, amount: int, source: str) -> Done:
        community = self.communities[place]
        act = lambda: self.model.fund_protection(community, amount, source)  # noqa: E731
        return self.send(act, services.fund_protection, community_id=community, amount=amount, source=source)

    @rule(target=requests, member=members, amount=AMOUNTS)
    def pay_protection(self, member: Any, amount: int) -> Done:
        community, owner = member
        act = lambda: self.model.pay_protection(community, owner, amount)  # noqa: E731
        return self.send(
            act, services.pay_protection, community_id=community, owner=owner, amount=amount, reference=None
        )

    @rule(request=requests)
    def repeat(self, request: Done) -> None:
        """The same key and request: the first outcome, whatever has happened since. What was rejected left nothing."""
        if request.refused is errors.InvalidPosting:
            return
        if request.refused is None:
            assert request.service(**request.request).repeated
        else:
            with pytest.raises(request.refused):
                request.service(**request.request)

    @rule(request=requests, actor=st.uuids())
    def reuse_a_key(self, request: Done, actor: uuid.UUID) -> None:
        """The same key for another request."""
        if request.refused is not errors.InvalidPosting:
            with pytest.raises(errors.KeyReused), transaction.atomic():
                request.service(**{**request.request, "actor": actor})

    @rule(member=members)
    def use_an_old_key(self, member: Any) -> None:
        community, owner = member
        with pytest.raises(errors.KeyExpired), transaction.atomic():
            services.grant(
                key=old_key(), community_id=community, owner=owner, amount=5, reason="coordinator", actor=None
            )

    @rule(member=members, stays=RARELY)
    def close(self, member: Any, stays: bool) -> None:
        with self.expecting("close_member", lambda: self.model.close(*member)):
            services.close_member(community_id=member[0], owner=member[1])
        if not stays:
            self.grant(member, 5, "coordinator")
            self.hold(member, member, 5, 0, 0, "unnamed")
            self.reopen(member)

    @rule(member=members)
    def reopen(self, member: Any) -> None:
        services.reopen_member(community_id=member[0], owner=member[1], actor=None)
        for account in self.model.members(*member):
            account.is_open = True

    @rule(member=members, limit=LIMITS)
    def set_credit_line(self, member: Any, limit: int) -> None:
        community, owner = member
        with self.expecting("set_credit_line", lambda: self.model.set_credit_line(community, owner, limit)):
            services.set_credit_line(community_id=community, owner=owner, limit=limit, actor=None, words="a test")

    @rule(member=members, ceiling=st.one_of(st.none(), LIMITS))
    def set_ceiling(self, member: Any, ceiling: int | None) -> None:
        community, owner = member
        with self.expecting("set_ceiling", lambda: self.model.set_ceiling(community, owner, ceiling)):
            services.set_ceiling(community_id=community, owner=owner, ceiling=ceiling, actor=None, words="a test")

    @rule(member=members, amount=AMOUNTS, stays=RARELY)
    def fill_to_the_ceiling(self, member: Any, amount: int, stays: bool) -> None:
        """As much as there is, and not one more."""
        _, main = self.model.members(*member)
        self.fund_protection(self.communities.index(member[0]), amount, "issuer")
        self.set_ceiling(member, max(main.posted - 1, 0))
        self.set_ceiling(member, max(main.posted, 0))
        self.pay_protection(member, amount)
        if not stays:
            self.set_ceiling(member, None)
            self.pay_protection(member, amount)

    @rule(place=st.integers(0, 1), request=requests, stays=RARELY)
    def stop(self, place: int, request: Done, stays: bool) -> None:
        call("SELECT ledger.stop_postings(%s, 'a test')", [self.communities[place]])
        self.model.stopped.add(self.communities[place])
        self.repeat(request)
        self.fund_protection(place, 5, "issuer")
        if not stays:
            self.resume()

    @rule()
    def resume(self) -> None:
        for community in self.communities:
            call("SELECT ledger.resume_postings(%s, NULL, 'a test')", [community])
        self.model.stopped.clear()

    @rule()
    def seal(self) -> None:
        call("SELECT ledger.seal_step()", [])


def test_any_history_keeps_the_ledger_honest(site: Site) -> None:
    from localex.credits import checks

    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    # After each history only what was new was looked at.
    assert [result.name for result in checks.run_checks() if not result.holds] == []
