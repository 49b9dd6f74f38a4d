"""Agreeing on a safe place and a time, and arriving there."""

import uuid
from datetime import datetime, timedelta

from localex.credits import services as credit_services
from localex.jobs import events
from localex.lib import clock
from localex.members.models import Member
from localex.trading import steps
from localex.trading.errors import ConsentMissing, NotYours, PlaceNotProposed, TimeNotPossible, TooEarly
from localex.trading.models import PlaceOption, TimeProposal, Trade
from localex.trading.states import Event, Subject, TradeState, get_step

MEETUP_LENGTH = timedelta(minutes=30)
EARLIEST_AHEAD = timedelta(minutes=5)
LATEST_AHEAD = timedelta(days=7)
ARRIVE_BEFORE = timedelta(hours=1)
MAX_OPEN_PROPOSALS = 3  # of one side


def pick_place(*, actor: Member, trade_id: uuid.UUID, place_id: uuid.UUID, accepts_distance: bool = False) -> Trade:
    """Say which proposed place suits; when both picked the same one, it is agreed.

    `accepts_distance` is the explicit yes that a leg over 5 miles needs. Locks the trade. Raises TradeNotFound,
    NotPossibleNow, PlaceNotProposed, ConsentMissing.
    """
    trade = steps.access_trade(actor, trade_id, lock=True)
    get_step(Subject.TRADE, trade.state, Event.PICK_PLACE)
    option = PlaceOption.objects.select_related("place").filter(trade=trade, place_id=place_id).first()
    if option is None:
        raise PlaceNotProposed("That place is not among the proposals.")
    is_buyer = actor.id == trade.buyer_id
    if (option.buyer_must_consent if is_buyer else option.seller_must_consent) and not accepts_distance:
        raise ConsentMissing("This place is more than 5 miles from you. Tick that this is fine for you.")
    mine, theirs = ("buyer_pick_id", "seller_pick_id") if is_buyer else ("seller_pick_id", "buyer_pick_id")
    if getattr(trade, mine) == place_id:
        return trade
    agreed = place_id if getattr(trade, theirs) == place_id else None
    changes = {mine.removesuffix("_id"): option.place, "place": option.place if agreed else None}
    steps.move_trade(trade, Event.PICK_PLACE, actor=actor, **changes)
    events.publish("trade.place_agreed" if agreed else "trade.place_picked", trade_id=trade.id, actor_id=actor.id)
    _schedule_if_agreed(trade)
    return trade


def propose_time(*, actor: Member, trade_id: uuid.UUID, starts_at: datetime) -> TimeProposal:
    """Propose the half hour from `starts_at`, 5 minutes to 7 days ahead; at most 3 open proposals a side.

    Proposing a time that the other side proposed accepts it. Locks the trade. Raises TradeNotFound, NotPossibleNow,
    TimeNotPossible.
    """
    trade = steps.access_trade(actor, trade_id, lock=True)
    get_step(Subject.TRADE, trade.state, Event.PROPOSE_TIME)
    now = clock.now()
    if not now + EARLIEST_AHEAD <= starts_at <= now + LATEST_AHEAD:
        raise TimeNotPossible(
            "Choose a time between 5 minutes and 7 days from now.", fields={"starts_at": ["This time is not possible."]}
        )
    if trade.meet_starts_at is not None:
        raise TimeNotPossible("You have already agreed on a time.")
    same = TimeProposal.objects.filter(trade=trade, starts_at=starts_at)
    if theirs := same.exclude(proposer=actor).first():
        _agree_on_time(trade, theirs, actor)
        return theirs
    if mine := same.filter(proposer=actor).first():
        return mine
    if TimeProposal.objects.filter(trade=trade, proposer=actor, starts_at__gt=now).count() >= MAX_OPEN_PROPOSALS:
        raise TimeNotPossible("You have three open proposals. Wait for an answer to one of them.")
    proposal = TimeProposal.objects.create(
        community_id=trade.community_id,
        trade=trade,
        proposer=actor,
        starts_at=starts_at,
        ends_at=starts_at + MEETUP_LENGTH,
        created_at=now,
    )
    steps.move_trade(trade, Event.PROPOSE_TIME, actor=actor)
    events.publish("trade.time_proposed", trade_id=trade.id, actor_id=actor.id)
    return proposal


def accept_time(*, actor: Member, trade_id: uuid.UUID, proposal_id: uuid.UUID) -> Trade:
    """Agree to a time that the other side proposed. Locks the trade.

    Raises TradeNotFound, NotPossibleNow, NotYours (own proposal), TimeNotPossible (passed meanwhile).
    """
    trade = steps.access_trade(actor, trade_id, lock=True)
    proposal = TimeProposal.objects.filter(trade=trade, id=proposal_id).first()
    if proposal is None:
        raise TimeNotPossible("That time is not among the proposals.")
    if proposal.accepted_at is not None:
        return trade
    if proposal.proposer_id == actor.id:
        raise NotYours("The other side has to agree to the time that you proposed.")
    if trade.meet_starts_at is not None:
        raise TimeNotPossible("You have already agreed on a time.")
    if proposal.starts_at <= clock.now():
        raise TimeNotPossible("This time has passed. Propose another.")
    _agree_on_time(trade, proposal, actor)
    return trade


def _agree_on_time(trade: Trade, proposal: TimeProposal, actor: Member) -> None:
    steps.move_trade(
        trade,
        Event.ACCEPT_TIME,
        actor=actor,
        meet_starts_at=proposal.starts_at,
        meet_ends_at=proposal.ends_at,
    )
    proposal.accepted_at = clock.now()
    proposal.save(update_fields=["accepted_at"])
    if trade.place_id is None:
        events.publish("trade.time_agreed", trade_id=trade.id, actor_id=actor.id)
    _schedule_if_agreed(trade)


def _schedule_if_agreed(trade: Trade) -> None:
    if trade.place_id is None or trade.meet_starts_at is None:
        return
    if trade.meet_starts_at <= clock.now():
        # The place was agreed on after the time had gone by: the time has to be chosen anew.
        trade.meet_starts_at = trade.meet_ends_at = None
        trade.save(update_fields=["meet_starts_at", "meet_ends_at"])
        TimeProposal.objects.filter(trade=trade).update(accepted_at=None)
        return
    steps.move_trade(trade, Event.SCHEDULE, actor=None)
    if trade.price > 0 and trade.deadline_at is not None:
        credit_services.extend_hold(trade_id=trade.id, expires_at=trade.deadline_at)
    events.publish("trade.scheduled", trade_id=trade.id)


def mark_arrival(*, actor: Member, trade_id: uuid.UUID) -> Trade:
    """Say "I am here", from one hour before the agreed time; twice is the same as once. Locks the trade.

    Raises TradeNotFound, NotPossibleNow, TooEarly.
    """
    trade = steps.access_trade(actor, trade_id, lock=True)
    field = "buyer_arrived_at" if actor.id == trade.buyer_id else "seller_arrived_at"
    if trade.state in {TradeState.ARRIVED, TradeState.MEETING} and getattr(trade, field) is not None:
        return trade
    get_step(Subject.TRADE, trade.state, Event.ARRIVE)
    now = clock.now()
    if trade.meet_starts_at is not None and now < trade.meet_starts_at - ARRIVE_BEFORE:
        raise TooEarly("You can mark your arrival from one hour before the agreed time.")
    step = steps.move_trade(trade, Event.ARRIVE, actor=actor, **{field: now})
    events.publish(
        "trade.meeting" if step.next == TradeState.MEETING else "trade.arrived", trade_id=trade.id, actor_id=actor.id
    )
    return trade
