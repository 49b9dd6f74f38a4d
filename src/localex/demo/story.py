"""One deal as steps: what buyer and seller do, and when, from the offer to the reviews."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from localex.demo.cast import Neighbour
from localex.demo.plot import Deal, Outcome
from localex.demo.reading import ReviewText
from localex.demo.stage import Step, Town
from localex.lib import clock
from localex.trading import codes
from localex.trading import services as trading
from localex.trading.models import Offer, PlaceOption, TimeProposal, Trade
from localex.trading.states import AGREE_WITHIN, ANSWER_WITHIN, FINISH_WITHIN, REVIEW_WITHIN

QUARTER_HOUR = timedelta(minutes=15)
ZONE = ZoneInfo("Europe/Vienna")


@dataclass(frozen=True)
class Texts:
    """What buyer and seller will say of each other."""

    of_seller: ReviewText
    of_buyer: ReviewText


class Story:
    """Writes the steps of one deal. Times are drawn by `chance` within what the rules of trading allow."""

    def __init__(self, town: Town, deal: Deal, ids: tuple[UUID, UUID], texts: Texts, anchor: datetime) -> None:
        self.town, self.deal, self.texts, self.anchor = town, deal, texts, anchor
        self.listing_id, self.offer_id = ids
        self.chance = Random(deal.key)  # noqa: S311 - the town repeats on purpose
        self.rank = self.chance.choice((0, 0, 1, 2))  # which of the proposed places they choose
        self.count = 0

    def steps(self) -> Iterator[Step]:
        """All steps, in the order of their times."""
        offered = self.deal.offered_at
        yield self._step(offered, self._make)
        ending = {
            Outcome.DECLINED: (self._hours(1, 20), self._decline),
            Outcome.WITHDRAWN: (self._hours(2, 30), self._withdraw),
            Outcome.EXPIRED: (ANSWER_WITHIN + timedelta(minutes=1), self._expire_offer),
        }.get(self.deal.outcome)
        if ending is not None:
            yield self._step(offered + ending[0], ending[1])
        elif self.deal.outcome is not Outcome.OPEN:
            yield from self._agree(offered)

    def _agree(self, offered: datetime) -> Iterator[Step]:
        first, second = (
            (self.deal.owner, self.deal.maker) if self.chance.random() < 0.5 else (self.deal.maker, self.deal.owner)
        )
        accepted = offered + self._hours(0.6, 5)
        yield self._step(accepted, self._accept)
        match self.deal.outcome:
            case Outcome.AGREED:
                return
            case Outcome.NOT_AGREED:
                yield self._step(accepted + AGREE_WITHIN + timedelta(minutes=1), self._time_out)
                return
            case Outcome.CANCELLED:
                yield self._step(accepted + self._hours(3, 12), partial(self._cancel, first))
                return
            case Outcome.PLACE_PICKED:
                yield self._step(accepted + self._hours(1, 4), partial(self._pick, self.deal.maker))
                return
        picked = accepted + self._hours(0.5, 4)
        yield self._step(picked, partial(self._pick, first))
        agreed = picked + self._hours(0.5, 6)
        yield self._step(agreed, partial(self._pick, second))
        starts = self._meeting_time(agreed)
        proposed = agreed + self._hours(0.1, 1)
        proposer = self.deal.owner if self.deal.outcome is Outcome.TIME_PROPOSED else first
        yield self._step(proposed, partial(self._propose, proposer, starts))
        if self.deal.outcome is Outcome.TIME_PROPOSED:
            return
        other = second if proposer is first else first
        yield self._step(proposed + self._hours(0.4, 5), partial(self._accept_time, other))
        yield from self._meet(starts, first, second)

    def _meet(self, starts: datetime, first: Neighbour, second: Neighbour) -> Iterator[Step]:
        match self.deal.outcome:
            case Outcome.PLANNED | Outcome.ON_THE_WAY:
                return
            case Outcome.CANCELLED_LATE:
                yield self._step(starts - timedelta(minutes=70), partial(self._cancel, second))
                return
            case Outcome.NOBODY_CAME:
                ends = starts + timedelta(minutes=30)
                yield self._step(ends + FINISH_WITHIN + timedelta(minutes=1), self._time_out)
                return
        here = min(starts + self._minutes(-8, 2), self.anchor - timedelta(minutes=3))
        yield self._step(here, partial(self._arrive, first))
        if self.deal.outcome is Outcome.ARRIVED:
            return
        both = min(here + self._minutes(1, 7), self.anchor - timedelta(minutes=1))
        yield self._step(both, partial(self._arrive, second))
        if self.deal.outcome is Outcome.MEETING:
            return
        done = both + self._minutes(4, 14)
        if self.deal.outcome is Outcome.ITEM_DECLINED:
            yield self._step(done, self._decline_item)
            return
        yield self._step(done, self._hand_over)
        yield from self._review(done)

    def _review(self, done: datetime) -> Iterator[Step]:
        if self.deal.outcome is Outcome.UNREVIEWED:
            return
        soon, later = done + self._hours(0.5, 9), done + self._hours(10, 60)
        if self.deal.outcome is Outcome.HALF_REVIEWED:
            # The owner still has to say something about the maker.
            yield self._step(min(soon, self.anchor - timedelta(minutes=30)), partial(self._write, self.deal.maker))
            return
        one, other = (
            (self.deal.buyer, self.deal.seller) if self.chance.random() < 0.7 else (self.deal.seller, self.deal.buyer)
        )
        yield self._step(soon, partial(self._write, one))
        if self.deal.outcome is Outcome.REVIEWED_ONCE:
            yield self._step(done + REVIEW_WITHIN + timedelta(minutes=1), self._time_out)
            return
        yield self._step(later, partial(self._write, other))

    def _meeting_time(self, agreed: datetime) -> datetime:
        """A quarter of an hour that people would choose; for what is going on now, one that fits the anchor."""
        now = self.anchor - timedelta(
            minutes=self.anchor.minute % 15, seconds=self.anchor.second, microseconds=self.anchor.microsecond
        )
        match self.deal.outcome:
            case Outcome.ON_THE_WAY:
                return now + 3 * QUARTER_HOUR
            case Outcome.ARRIVED | Outcome.MEETING:
                return now
        if self.deal.outcome in {Outcome.PLANNED, Outcome.TIME_PROPOSED}:
            day = self.anchor + timedelta(days=self.chance.choice((1, 2)))
        elif self.deal.outcome in {Outcome.UNREVIEWED, Outcome.HALF_REVIEWED}:
            day = min(agreed + timedelta(days=1), self.anchor - timedelta(days=1))
        else:
            day = agreed + timedelta(days=self.chance.choice((1, 1, 2)))
        local = day.astimezone(ZONE).replace(minute=self.chance.choice((0, 30)), second=0, microsecond=0)
        return local.replace(hour=self.chance.randrange(9, 18)).astimezone(self.anchor.tzinfo)

    def _hours(self, least: float, most: float) -> timedelta:
        return timedelta(hours=self.chance.uniform(least, most))

    def _minutes(self, least: float, most: float) -> timedelta:
        return timedelta(minutes=self.chance.uniform(least, most))

    def _step(self, at: datetime, act: Callable[[], object]) -> Step:
        self.count += 1
        return Step(at, f"{self.deal.key}/{self.count}", act)

    # --- what people do, found anew each time so that a fill can go on after it was killed

    def _offer(self) -> Offer:
        return Offer.objects.get(pk=self.offer_id)

    def _trade(self) -> Trade:
        return Trade.objects.get(offer_id=self.offer_id)

    def _make(self) -> None:
        trading.make_offer(
            actor=self.town.member(self.deal.maker),
            listing_id=self.listing_id,
            price=self.deal.price,
            offer_id=self.offer_id,
        )

    def _accept(self) -> None:
        trading.accept_offer(actor=self.town.member(self.deal.owner), offer_id=self.offer_id)

    def _decline(self) -> None:
        trading.decline_offer(actor=self.town.member(self.deal.owner), offer_id=self.offer_id)

    def _withdraw(self) -> None:
        trading.withdraw_offer(actor=self.town.member(self.deal.maker), offer_id=self.offer_id)

    def _expire_offer(self) -> None:
        trading.end_overdue_offer(offer_id=self.offer_id)

    def _time_out(self) -> None:
        trading.end_overdue_trade(trade_id=self._trade().id)

    def _cancel(self, who: Neighbour) -> None:
        trading.cancel_trade(actor=self.town.member(who), trade_id=self._trade().id)

    def _pick(self, who: Neighbour) -> None:
        trade = self._trade()
        options = list(PlaceOption.objects.filter(trade=trade).order_by("rank"))
        option = options[self.rank % len(options)]
        trading.pick_place(
            actor=self.town.member(who), trade_id=trade.id, place_id=option.place_id, accepts_distance=True
        )

    def _propose(self, who: Neighbour, starts: datetime) -> None:
        trading.propose_time(actor=self.town.member(who), trade_id=self._trade().id, starts_at=starts)

    def _accept_time(self, who: Neighbour) -> None:
        trade = self._trade()
        proposal = TimeProposal.objects.get(trade=trade)
        trading.accept_time(actor=self.town.member(who), trade_id=trade.id, proposal_id=proposal.id)

    def _arrive(self, who: Neighbour) -> None:
        trading.mark_arrival(actor=self.town.member(who), trade_id=self._trade().id)

    def _decline_item(self) -> None:
        trading.decline_item(actor=self.town.member(self.deal.buyer), trade_id=self._trade().id)

    def _hand_over(self) -> None:
        trade = self._trade()
        digits = codes.code_at(trade.handoff_secret, clock.now())
        trading.hand_over(actor=self.town.member(self.deal.seller), trade_id=trade.id, digits=digits)

    def _write(self, who: Neighbour) -> None:
        said = self.texts.of_seller if who is self.deal.buyer else self.texts.of_buyer
        trading.write_review(
            actor=self.town.member(who), trade_id=self._trade().id, stars=said.stars, text=said.text, tags=said.tags
        )
