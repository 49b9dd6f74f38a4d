"""The trade as one table: state, event, who, guard, effect, next state, and how long that state may last.

Services, tests, docs/trading.md and the timeline of the trade page all read this table; nothing else decides what may
happen next. Counter-offers (`countered`), no-show rules (`no_show`) and disputes (`disputed`) get their rows here when
they are built; until then no event leads to those states.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.db import models

from localex.lib.errors import Conflict

if TYPE_CHECKING:
    from localex.trading.models import Trade

ANSWER_WITHIN = timedelta(hours=48)
AGREE_WITHIN = timedelta(hours=72)
FINISH_WITHIN = timedelta(hours=48)  # counted from the end of the agreed time
REVIEW_WITHIN = timedelta(days=7)


class Subject(models.TextChoices):
    """What a row of the table is about."""

    OFFER = "offer", "Offer"
    TRADE = "trade", "Trade"


class OfferState(models.TextChoices):
    """Where an offer stands."""

    OFFERED = "offered", "Offered"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"
    EXPIRED = "expired", "Expired"


class TradeState(models.TextChoices):
    """Where a trade stands."""

    ACCEPTED = "accepted", "Agreed on the price"
    SCHEDULED = "scheduled", "Meeting planned"
    ARRIVED = "arrived", "One has arrived"
    MEETING = "meeting", "Both are there"
    HANDED_OFF = "handed_off", "Handed over"
    COMPLETED = "completed", "Completed"
    CANCELLED = "cancelled", "Cancelled"
    REFUNDED = "refunded", "Refunded"


class Event(models.TextChoices):
    """What can happen to an offer or a trade."""

    MAKE = "make", "Offer made"
    ACCEPT = "accept", "Offer accepted"
    DECLINE = "decline", "Offer declined"
    WITHDRAW = "withdraw", "Offer withdrawn"
    SUPERSEDE = "supersede", "Offer overtaken"
    PICK_PLACE = "pick_place", "Safe place picked"
    PROPOSE_TIME = "propose_time", "Time proposed"
    ACCEPT_TIME = "accept_time", "Time agreed"
    SCHEDULE = "schedule", "Place and time agreed"
    ARRIVE = "arrive", "Arrived"
    HAND_OVER = "hand_over", "Code given"
    RELEASE = "release", "Credits released"
    DECLINE_ITEM = "decline_item", "Item declined"
    CANCEL = "cancel", "Cancelled"
    REVIEW = "review", "Review written"
    PUBLISH_REVIEWS = "publish_reviews", "Reviews published"
    TIME_OUT = "time_out", "Time ran out"


class Actor(models.TextChoices):
    """Who may make an event happen."""

    MAKER = "maker", "who made the offer"
    OWNER = "owner", "the owner of the listing"
    BUYER = "buyer", "the buyer"
    SELLER = "seller", "the seller"
    EITHER = "either", "either side"
    CLOCK = "clock", "the clock"
    SYSTEM = "system", "LocalEx"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table. `guard` and `effect` are for people; the service of the event carries them out."""

    subject: Subject
    state: str
    event: Event
    actor: Actor
    guard: str
    effect: str
    next: str


_O, _T, _S, _A, _E = OfferState, TradeState, Subject, Actor, Event

TABLE: Final[tuple[Transition, ...]] = (
    # --- offers
    Transition(_S.OFFER, _O.OFFERED, _E.ACCEPT, _A.OWNER, "listing active, buyer has price and fee",
               "listing reserved, price and fee held, other offers declined, trade begun", _O.ACCEPTED),
    Transition(_S.OFFER, _O.OFFERED, _E.DECLINE, _A.OWNER, "", "", _O.DECLINED),
    Transition(_S.OFFER, _O.OFFERED, _E.WITHDRAW, _A.MAKER, "", "", _O.WITHDRAWN),
    Transition(_S.OFFER, _O.OFFERED, _E.SUPERSEDE, _A.SYSTEM, "another offer is accepted, or the listing is gone", "",
               _O.DECLINED),
    Transition(_S.OFFER, _O.OFFERED, _E.TIME_OUT, _A.CLOCK, "", "", _O.EXPIRED),
    # --- agreeing on place and time
    Transition(_S.TRADE, _T.ACCEPTED, _E.PICK_PLACE, _A.EITHER, "place is one of the proposals",
               "equal picks agree on the place", _T.ACCEPTED),
    Transition(_S.TRADE, _T.ACCEPTED, _E.PROPOSE_TIME, _A.EITHER, "within 7 days, at most 3 open proposals a side",
               "", _T.ACCEPTED),
    Transition(_S.TRADE, _T.ACCEPTED, _E.ACCEPT_TIME, _A.EITHER, "proposed by the other, not passed",
               "time agreed", _T.ACCEPTED),
    Transition(_S.TRADE, _T.ACCEPTED, _E.SCHEDULE, _A.SYSTEM, "place and time are agreed",
               "the hold lasts until the new deadline", _T.SCHEDULED),
    Transition(_S.TRADE, _T.ACCEPTED, _E.CANCEL, _A.EITHER, "", "refund, listing relisted, no blame", _T.CANCELLED),
    Transition(_S.TRADE, _T.ACCEPTED, _E.TIME_OUT, _A.CLOCK, "", "refund, listing relisted, no blame", _T.CANCELLED),
    # --- on the way
    Transition(_S.TRADE, _T.SCHEDULED, _E.ARRIVE, _A.EITHER, "from 1 hour before the agreed time", "", _T.ARRIVED),
    Transition(_S.TRADE, _T.SCHEDULED, _E.CANCEL, _A.EITHER, "",
               "refund, listing relisted, counts on the canceller's record", _T.CANCELLED),
    Transition(_S.TRADE, _T.SCHEDULED, _E.TIME_OUT, _A.CLOCK, "", "refund, listing relisted", _T.REFUNDED),
    Transition(_S.TRADE, _T.ARRIVED, _E.ARRIVE, _A.EITHER, "the one who has not arrived yet", "", _T.MEETING),
    Transition(_S.TRADE, _T.ARRIVED, _E.CANCEL, _A.EITHER, "",
               "refund, listing relisted, counts on the record of a canceller who did not come", _T.CANCELLED),
    Transition(_S.TRADE, _T.ARRIVED, _E.TIME_OUT, _A.CLOCK, "", "refund, listing relisted", _T.REFUNDED),
    # --- meeting
    Transition(_S.TRADE, _T.MEETING, _E.HAND_OVER, _A.SELLER, "the buyer's code is right, tries are left", "",
               _T.HANDED_OFF),
    Transition(_S.TRADE, _T.MEETING, _E.DECLINE_ITEM, _A.BUYER, "", "refund, listing relisted, no penalty",
               _T.REFUNDED),
    Transition(_S.TRADE, _T.MEETING, _E.TIME_OUT, _A.CLOCK, "", "refund, listing relisted", _T.REFUNDED),
    Transition(_S.TRADE, _T.HANDED_OFF, _E.RELEASE, _A.SYSTEM, "in the same transaction as the code",
               "credits released to the seller, fees taken, listing traded, credit lines raised", _T.COMPLETED),
    # --- after
    Transition(_S.TRADE, _T.COMPLETED, _E.REVIEW, _A.EITHER, "once for each side, before they are published",
               "invisible until both have written", _T.COMPLETED),
    Transition(_S.TRADE, _T.COMPLETED, _E.PUBLISH_REVIEWS, _A.SYSTEM, "both have written",
               "reviews published, trade closed", _T.COMPLETED),
    Transition(_S.TRADE, _T.COMPLETED, _E.TIME_OUT, _A.CLOCK, "", "reviews published, trade closed", _T.COMPLETED),
)  # fmt: skip

_BY_STEP: Final = {(row.subject, row.state, row.event): row for row in TABLE}

ENDED_OFFERS: Final = frozenset({_O.ACCEPTED, _O.DECLINED, _O.WITHDRAWN, _O.EXPIRED})
ENDED_TRADES: Final = frozenset({_T.CANCELLED, _T.REFUNDED})
# A completed trade still waits for its reviews until it is closed.
HOLDING: Final = frozenset({_T.ACCEPTED, _T.SCHEDULED, _T.ARRIVED, _T.MEETING})


@dataclass(frozen=True, slots=True)
class Deadline:
    """How long a state may last: `length` from entering it, or from the end of the agreed time."""

    length: timedelta
    is_from_meetup: bool = False

    @property
    def words(self) -> str:
        """ "48 hours", "7 days" or "agreed time + 48 hours"."""
        hours = int(self.length.total_seconds() // 3600)
        said = f"{self.length.days} days" if hours > 72 else f"{hours} hours"
        return f"agreed time + {said}" if self.is_from_meetup else said


# Every state that can last; what is not here is an end, or is left in the same transaction (handed_off).
DEADLINES: Final[dict[tuple[Subject, str], Deadline]] = {
    (_S.OFFER, _O.OFFERED): Deadline(ANSWER_WITHIN),
    (_S.TRADE, _T.ACCEPTED): Deadline(AGREE_WITHIN),
    (_S.TRADE, _T.SCHEDULED): Deadline(FINISH_WITHIN, is_from_meetup=True),
    (_S.TRADE, _T.ARRIVED): Deadline(FINISH_WITHIN, is_from_meetup=True),
    (_S.TRADE, _T.MEETING): Deadline(FINISH_WITHIN, is_from_meetup=True),
    (_S.TRADE, _T.COMPLETED): Deadline(REVIEW_WITHIN),
}


class NotPossibleNow(Conflict):
    """The offer or trade has moved on, so this event cannot happen any more (or not yet)."""

    code = "not_possible_now"


def find_step(subject: Subject, state: str, event: Event) -> Transition | None:
    """The row of the table for this event in this state, or None."""
    return _BY_STEP.get((subject, state, event))


def get_step(subject: Subject, state: str, event: Event) -> Transition:
    """The row of the table for this event in this state; raises NotPossibleNow with a sentence for people."""
    step = find_step(subject, state, event)
    if step is None:
        label = (OfferState(state) if subject == Subject.OFFER else TradeState(state)).label.lower()
        raise NotPossibleNow(
            f"This is no longer possible: the {subject.label.lower()} is now “{label}”.", kept="Nothing was changed."
        )
    return step


def offer_deadline(now: datetime) -> datetime:
    """Until when an offer made at `now` waits for its answer."""
    return now + DEADLINES[(Subject.OFFER, OfferState.OFFERED)].length


def trade_deadline(trade: "Trade", state: TradeState, now: datetime) -> datetime | None:
    """Until when `trade` may stay in `state`, entered at `now`; None when the state is an end.

    A step that stays in its state does not move the deadline.
    """
    deadline = DEADLINES.get((Subject.TRADE, state))
    if deadline is None:
        return None
    if state == trade.state:
        return trade.deadline_at
    if not deadline.is_from_meetup:
        return now + deadline.length
    if trade.meet_ends_at is None:
        raise AssertionError("a trade is scheduled only with an agreed time")
    return trade.meet_ends_at + deadline.length


def check_in_time(deadline_at: datetime | None, event: Event, now: datetime) -> None:
    """Raise NotPossibleNow when the deadline has passed, however late the sweep is; only the clock may act then."""
    if event != Event.TIME_OUT and deadline_at is not None and deadline_at <= now:
        raise NotPossibleNow("The time for this has run out.", kept="Nothing was changed.")
