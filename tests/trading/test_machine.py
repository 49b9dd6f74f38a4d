"""Any sequence of events over whole trades, against real PostgreSQL.

The sum of credits stays zero, no member goes below zero, and nothing open is ever without a next deadline. The
community takes fees of both sides, and the two sweeps come in either order.

The ledger's clock follows Python's, so that releases and refunds weeks later are as real as the first hold.

`LOCALEX_MACHINE=200x50 pytest tests/trading/test_machine.py` runs 200 examples of 50 steps; the default is 15x30.
"""

import contextlib
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from localex.communities.services import update_community
from localex.credits import rehearsal
from localex.credits.queries import find_balance, find_totals
from localex.embedded import roles
from localex.lib import clock
from localex.lib.errors import Conflict, Forbidden, NotFound, TooManyRequests, Unprocessable
from localex.listings import services as listing_services
from localex.listings.models import Listing
from localex.members.models import Member
from localex.trading import services
from localex.trading.models import Offer, Trade
from localex.trading.states import HOLDING, OfferState, TradeState
from localex.trading.tasks import end_overdue, expire_holds
from tests import town
from tests.servers import Servers

EXAMPLES, STEPS = (int(part) for part in os.environ.get("LOCALEX_MACHINE", "15x30").split("x"))
SIDES = st.integers(0, 2)
WHICH = st.integers(0, 5)


class World:
    """One community with three members and a listing of each kind, made once; every example lists copies of them.

    `passed` is how far its clock is ahead. It only ever grows, also from one example to the next: the ledger books
    nothing before what it has booked.
    """

    def __init__(self) -> None:
        self.passed = timedelta(0)
        self.reached: set[tuple[str, str]] = set()
        self.community = update_community(
            community_id=town.found_community().id,
            fee_fixed_buyer=150,
            fee_percent_buyer=Decimal("2.5"),
            fee_fixed_seller=100,
        )
        self.members = [town.new_member(self.community) for _ in range(3)]
        self.patterns = [
            town.new_listing(self.members[0], price=40),
            town.new_listing(self.members[1], price=70),
            town.new_listing(self.members[2], kind="gift"),
            town.new_listing(self.members[0], direction="wanted", price=25),
        ]


class TradeMachine(RuleBasedStateMachine):
    """Members do anything at any time; what the table does not allow is refused and changes nothing."""

    world: World

    @initialize()
    def list_things(self) -> None:
        """Copy the listings, so that each example starts with open ones."""
        self.listings: list[Listing] = []
        for pattern in self.world.patterns:
            owner = pattern.owner
            with clock.shifted(self.world.passed):
                copy = listing_services.duplicate_listing(actor=owner, listing_id=pattern.id)
                self.listings.append(listing_services.publish_listing(actor=owner, listing_id=copy.id))

    def attempt(self, act: Callable[[], object]) -> None:
        """One request: it commits, or is refused as a whole."""
        refusals = contextlib.suppress(Conflict, Forbidden, NotFound, TooManyRequests, Unprocessable)
        with refusals, clock.shifted(self.world.passed), transaction.atomic():
            act()

    def pick_trade(self, which: int) -> Trade | None:
        rows = list(Trade.objects.filter(listing__in=self.listings).select_related("buyer", "seller").order_by("id"))
        return rows[which % len(rows)] if rows else None

    def pick_offer(self, which: int) -> Offer | None:
        rows = list(Offer.objects.filter(listing__in=self.listings).order_by("id"))
        return rows[which % len(rows)] if rows else None

    @rule(side=SIDES, which=WHICH, price=st.integers(0, 120))
    def offer(self, side: int, which: int, price: int) -> None:
        listing = self.listings[which % len(self.listings)]
        amount = 0 if listing.is_gift else price * 100
        member = self.world.members[side]
        self.attempt(lambda: services.make_offer(actor=member, listing_id=listing.id, price=amount))

    @rule(
        side=SIDES,
        which=WHICH,
        verb=st.sampled_from(["accept_offer", "accept_offer", "decline_offer", "withdraw_offer"]),
    )
    def answer(self, side: int, which: int, verb: str) -> None:
        if offer := self.pick_offer(which):
            member = self.world.members[side]
            self.attempt(lambda: getattr(services, verb)(actor=member, offer_id=offer.id))

    @rule(side=SIDES, which=WHICH)
    def agree_on_price(self, side: int, which: int) -> None:
        """A shortcut past offers on one's own listing and answers of the wrong side, which chance mostly finds."""
        listing = self.listings[which % len(self.listings)]
        maker = self.world.members[side]

        def begin() -> None:
            offer = services.make_offer(actor=maker, listing_id=listing.id, price=listing.price // 2)
            services.accept_offer(actor=listing.owner, offer_id=offer.id)

        self.attempt(begin)

    @rule(side=SIDES, which=WHICH, rank=st.integers(0, 1))
    def pick_place(self, side: int, which: int, rank: int) -> None:
        if trade := self.pick_trade(which):
            option = trade.place_options.order_by("rank")[rank]
            member = self.world.members[side]
            self.attempt(lambda: services.pick_place(actor=member, trade_id=trade.id, place_id=option.place_id))

    @rule(side=SIDES, which=WHICH, hours=st.integers(0, 30))
    def propose_time(self, side: int, which: int, hours: int) -> None:
        if trade := self.pick_trade(which):
            member = self.world.members[side]
            starts_at = self._soon() + timedelta(hours=hours)
            self.attempt(lambda: services.propose_time(actor=member, trade_id=trade.id, starts_at=starts_at))

    def _soon(self) -> datetime:
        return clock.now() + self.world.passed + timedelta(minutes=30)

    @rule(side=SIDES, which=WHICH)
    def accept_time(self, side: int, which: int) -> None:
        trade = self.pick_trade(which)
        if trade and (proposal := trade.time_proposals.order_by("-id").first()):
            member = self.world.members[side]
            self.attempt(lambda: services.accept_time(actor=member, trade_id=trade.id, proposal_id=proposal.id))

    @rule(which=WHICH)
    def agree_on_everything(self, which: int) -> None:
        """A shortcut to the later states, which single steps rarely reach."""
        trade = self.pick_trade(which)
        if trade and trade.state == "accepted" and trade.meet_starts_at is None:
            self.attempt(lambda: town.schedule(trade))

    @rule(
        side=SIDES, which=WHICH, verb=st.sampled_from(["mark_arrival", "mark_arrival", "cancel_trade", "decline_item"])
    )
    def act(self, side: int, which: int, verb: str) -> None:
        if trade := self.pick_trade(which):
            member = self.world.members[side]
            self.attempt(lambda: getattr(services, verb)(actor=member, trade_id=trade.id))

    @rule(which=WHICH)
    def both_arrive(self, which: int) -> None:
        if trade := self.pick_trade(which):
            for member in (trade.buyer, trade.seller):
                self.attempt(lambda member=member: services.mark_arrival(actor=member, trade_id=trade.id))

    @rule(side=SIDES, which=WHICH, is_right=st.booleans())
    def hand_over(self, side: int, which: int, is_right: bool) -> None:
        if trade := self.pick_trade(which):
            member = self.world.members[side]
            with clock.shifted(self.world.passed):
                digits = town.code_of(trade) if is_right else "000000"
            self.attempt(lambda: services.hand_over(actor=member, trade_id=trade.id, digits=digits))

    @rule(which=WHICH, is_handed_over=st.booleans())
    def meet(self, which: int, is_handed_over: bool) -> None:
        """A shortcut from an agreed price to both standing there, and to the end."""
        trade = self.pick_trade(which)
        if trade and trade.state == TradeState.ACCEPTED and trade.meet_starts_at is None:
            self.attempt(lambda: (town.complete if is_handed_over else town.meet)(trade))

    @rule(side=SIDES, which=WHICH, stars=st.integers(0, 6))
    def review(self, side: int, which: int, stars: int) -> None:
        if trade := self.pick_trade(which):
            member = self.world.members[side]
            self.attempt(lambda: services.write_review(actor=member, trade_id=trade.id, stars=stars))

    @rule(hours=st.sampled_from([1, 3, 25, 49, 73, 24 * 7 + 1]))
    def time_passes(self, hours: int) -> None:
        self.world.passed += timedelta(hours=hours)
        for sweep in (end_overdue, expire_holds) if hours % 2 else (expire_holds, end_overdue):
            with clock.shifted(self.world.passed):
                sweep.func()

    def teardown(self) -> None:
        """Let everything end by itself, so that the next example finds the credits free; then look once more."""
        if hasattr(self, "listings"):
            self.world.passed += timedelta(days=20)
            for _ in range(2):
                with clock.shifted(self.world.passed), transaction.atomic():
                    end_overdue.func()
            self.credits_are_whole()
            trades, offers = (model.objects.filter(listing__in=self.listings) for model in (Trade, Offer))
            assert not trades.filter(closed_at__isnull=True).exists()
            assert not offers.filter(state=OfferState.OFFERED).exists()
            self.world.reached |= {("trade", state) for state in trades.values_list("state", flat=True)}
            self.world.reached |= {("offer", state) for state in offers.values_list("state", flat=True)}

    @invariant()
    def credits_are_whole(self) -> None:
        totals = find_totals(community_id=self.world.community.id)
        assert totals is not None
        assert totals.issued == totals.with_members + totals.held + totals.with_community
        assert totals.issued == 3 * self.world.community.starter_grant
        for member in self.world.members:
            found = find_balance(community_id=member.community_id, owner=member.ledger_ref)
            assert found.available >= 0
            assert found.held == self._held_by(member)

    def _held_by(self, member: Member) -> int:
        rows = Trade.objects.filter(buyer=member, state__in=HOLDING)
        return sum(trade.quote.held for trade in rows)

    @invariant()
    def nothing_open_is_without_a_deadline(self) -> None:
        assert not Offer.objects.filter(state=OfferState.OFFERED, deadline_at__isnull=True).exists()
        assert not Trade.objects.filter(closed_at__isnull=True, deadline_at__isnull=True).exists()
        assert not Trade.objects.filter(closed_at__isnull=False, deadline_at__isnull=False).exists()

    @invariant()
    def a_listing_is_reserved_exactly_while_it_is_traded(self) -> None:
        reserved = set(
            Listing.objects.filter(id__in=[row.id for row in self.listings], state="reserved").values_list(
                "id", flat=True
            )
        )
        open_trades = Trade.objects.filter(listing__in=self.listings, state__in=HOLDING)
        assert reserved == set(open_trades.values_list("listing_id", flat=True))


MUST_REACH = {
    ("trade", TradeState.COMPLETED),
    ("trade", TradeState.CANCELLED),
    ("trade", TradeState.REFUNDED),
    ("offer", OfferState.EXPIRED),
}


@pytest.mark.slow
def test_any_sequence_of_events_keeps_every_credit_and_every_deadline(committed_db: None, servers: Servers) -> None:
    class Machine(TradeMachine):
        world = World()

    with rehearsal.following_python(servers.url(roles.OWNER)):
        run_state_machine_as_test(
            Machine,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
    assert Machine.world.reached >= MUST_REACH, "the run did not reach every end, so it proves too little"
