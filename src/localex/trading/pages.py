"""What the trading pages show, put together from queries; no page decides anything itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import segno
from django.urls import reverse

from localex.credits.queries import Balance
from localex.lib import clock
from localex.listings.models import Listing, ListingPhoto
from localex.members.models import Member
from localex.places import queries as place_queries
from localex.trading import codes, fees, queries, steps, turns
from localex.trading.forms import CodeForm, ReviewForm, TimeForm
from localex.trading.models import Offer, PlaceOption, TimeProposal, Trade, TradeEvent
from localex.trading.services.handoffs import LOCKED_FOR, MAX_WRONG_TRIES, HandoffResult
from localex.trading.services.meetups import ARRIVE_BEFORE, MAX_OPEN_PROPOSALS
from localex.trading.states import TABLE, Event, OfferState, Subject, TradeState

# For each step: the part of the page where it is done, and the words of the button that leads there.
TARGETS = {
    "place": ("place", "Choose a place"),
    "time": ("time", "Agree on a time"),
    "arrive": ("meetup", "Where and when"),
    "code": ("handover", "Show the code"),
    "type_code": ("handover", "Type the code"),
    "review": ("review", "Write a review"),
}


@dataclass(frozen=True, slots=True)
class HandoffCode:
    """What the buyer's page shows while both are there."""

    digits: str
    qr: str
    seconds_left: int


@dataclass(frozen=True, slots=True)
class PlaceCard:
    """A proposed place as one side sees it."""

    option: PlaceOption
    my_leg_km: float
    their_leg_km: float
    is_mine: bool
    is_theirs: bool
    must_consent: bool
    is_open_then: bool | None


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """Something that happened, in words from the reader's side."""

    words: str
    when: datetime
    event: str


def wrong_code_words(result: HandoffResult) -> str:
    """What to say after a wrong code."""
    if result.tries_left == 0:
        minutes = int(LOCKED_FOR.total_seconds() // 60)
        return f"That was not the code. The field is locked for {minutes} minutes now; the credits stay safe."
    tries = "1 try" if result.tries_left == 1 else f"{result.tries_left} tries"
    return f"That is not the code. Look at the buyer's screen again: {tries} left."


def describe_trades(member: Member, cursor: str | None) -> dict[str, Any]:
    """The list of trades: what waits on me, what runs, what is over."""
    open_trades = queries.list_open_trades(member)
    offers_to_me, offers_by_me = queries.list_open_offers(member)
    closed = queries.list_closed_trades(member, cursor=cursor)
    return {
        "offers_to_me": offers_to_me,
        "offers_by_me": offers_by_me,
        "mine": [found for found in open_trades if found.turn.is_mine],
        "waiting": [found for found in open_trades if not found.turn.is_mine],
        "closed": [{"trade": trade, "other": steps.other_side(trade, member)} for trade in closed.items],
        "next_cursor": closed.next_cursor,
        "is_first_page": not cursor,
    }


def describe_listing(listing: Listing) -> dict[str, Any]:
    """The cover of a listing, for a page about an offer on it."""
    cover = ListingPhoto.objects.filter(listing=listing, position=0).select_related("photo").first()
    return {"cover": cover, "asks_for_gift": listing.is_gift and not listing.is_wanted}


def describe_making(listing: Listing, price: int, balance: Balance) -> dict[str, Any]:
    """What the page for making an offer says about `price`, hundredths, to somebody who has `balance`."""
    cost = fees.quote(listing.community, price)
    return {
        "quote": cost,
        "is_too_much": not listing.is_wanted and cost.held > balance.available,
        # Said before, not after: who spends on credit is to know it.
        "would_owe": 0 if listing.is_wanted else max(cost.held - balance.own, 0),
        "i_would_pay": not listing.is_wanted,
        "payee": "You" if listing.is_wanted else listing.owner.display_name,
        **describe_listing(listing),
    }


def find_trade_id(offer: Offer) -> Any:
    """The id of the trade that an accepted offer became, or None."""
    if offer.state != OfferState.ACCEPTED:
        return None
    return Trade.objects.filter(offer=offer).values_list("id", flat=True).first()


def describe_offer(offer: Offer, member: Member) -> dict[str, Any]:
    """One offer as its maker or the listing's owner sees it."""
    is_owner = member.id == offer.listing.owner_id
    i_would_pay = is_owner == offer.listing.is_wanted
    other = offer.maker if is_owner else offer.listing.owner
    return {
        "offer": offer,
        "listing": offer.listing,
        "is_owner": is_owner,
        "is_open": offer.state == OfferState.OFFERED,
        "other": other,
        "i_would_pay": i_would_pay,
        "quote": offer.quote,
        "payee": other.display_name if i_would_pay else "You",
        **describe_listing(offer.listing),
    }


def describe_code(trade: Trade, member: Member, base_url: str) -> HandoffCode | None:
    """The code for the buyer while both are there, else None: nobody else ever gets it."""
    if trade.state != TradeState.MEETING or member.id != trade.buyer_id:
        return None
    now = clock.now()
    digits = codes.code_at(trade.handoff_secret, now)
    address = base_url.rstrip("/") + reverse("trading:hand_over", args=[trade.id]) + f"?code={digits}"
    qr = segno.make(address, error="m").svg_inline(scale=1, border=2, omitsize=True, svgclass="qr", lineclass=None)
    return HandoffCode(digits, qr, codes.seconds_left(now))


def _place_cards(trade: Trade, member: Member, when: datetime | None) -> list[PlaceCard]:
    """The proposals; `when`: the time that they may meet, to say what is open then."""
    is_buyer = member.id == trade.buyer_id
    options = queries.list_place_options(trade)
    cards = []
    for option in options:
        mine, theirs = option.buyer_leg_km, option.seller_leg_km
        my_pick, their_pick = trade.buyer_pick_id, trade.seller_pick_id
        if not is_buyer:
            mine, theirs, my_pick, their_pick = theirs, mine, their_pick, my_pick
        cards.append(
            PlaceCard(
                option=option,
                my_leg_km=mine,
                their_leg_km=theirs,
                is_mine=option.place_id == my_pick,
                is_theirs=option.place_id == their_pick,
                must_consent=option.buyer_must_consent if is_buyer else option.seller_must_consent,
                is_open_then=place_queries.is_open_at(option.place, when) if when else None,
            )
        )
    return cards


def _is_shut_then(trade: Trade) -> bool:
    """Whether the agreed place is known to be shut, or too dark, at the agreed time."""
    if trade.place is None or trade.meet_starts_at is None or trade.closed_at is not None:
        return False
    return place_queries.is_open_at(trade.place, trade.meet_starts_at) is False


def _place_map(trade: Trade, cards: list[PlaceCard]) -> dict[str, Any] | None:
    """What components/map.html needs: the proposals, or the one place where the two meet."""
    if cards and trade.place is None:
        shown = [(card.option.place, card.option.rank) for card in cards]
        label = "The proposed places on a map"
    elif cards:
        shown = [(card.option.place, card.option.rank) for card in cards if card.option.place_id == trade.place_id]
        label = "Where you meet on a map"
    elif trade.place and trade.state in {TradeState.SCHEDULED, TradeState.ARRIVED, TradeState.MEETING}:
        shown, label = [(trade.place, 1)], f"{trade.place.name} on a map"
    else:
        return None
    places = [
        {"name": place.name, "latitude": place.latitude, "longitude": place.longitude, "number": number}
        for place, number in shown
    ]
    return {"mode": "places", "community_id": trade.community_id, "places": places, "label": label}


_SAID: dict[str, str] = {
    Event.MAKE: "{who} made an offer",
    Event.ACCEPT: "{who} accepted the offer",
    Event.PICK_PLACE: "{who} chose a place",
    Event.PROPOSE_TIME: "{who} proposed a time",
    Event.ACCEPT_TIME: "{who} agreed to the time",
    Event.SCHEDULE: "Place and time were agreed",
    Event.ARRIVE: "{who} arrived",
    Event.HAND_OVER: "{who} typed the right code",
    Event.RELEASE: "The credits were released",
    Event.DECLINE_ITEM: "{who} declined the item",
    Event.CANCEL: "{who} called the trade off",
    Event.REVIEW: "{who} wrote a review",
    Event.PUBLISH_REVIEWS: "Both reviews were published",
    Event.TIME_OUT: "Time ran out",
}


def _history(trade: Trade, member: Member) -> list[HistoryLine]:
    """Newest first."""
    lines = [
        HistoryLine(_said(event, trade, member), event.happened_at, event.event)
        for event in queries.list_events(trade=trade)
    ]
    return lines[::-1]


def _said(event: TradeEvent, trade: Trade, member: Member) -> str:
    if event.event == Event.RELEASE and trade.price == 0:
        return "The gift changed hands"
    who = "You" if event.actor_id == member.id else event.actor.display_name if event.actor else "LocalEx"
    return _SAID[event.event].format(who=who)


_COMES: dict[Event, str] = {
    Event.SCHEDULE: "You agree on a place and a time",
    Event.ARRIVE: "You both arrive",
    Event.HAND_OVER: "The buyer looks and gives the code",
    Event.RELEASE: "The credits go to the seller",
    Event.PUBLISH_REVIEWS: "You review each other",
}


def list_what_comes(trade: Trade) -> list[str]:
    """What is still to come when everything goes well, following the table of states."""
    if trade.closed_at is not None:
        return []
    words: list[str] = []
    current, seen = str(trade.state), {str(trade.state)}
    while step := next(
        (row for row in TABLE if row.subject == Subject.TRADE and row.state == current and row.event in _COMES), None
    ):
        words.append(_COMES[step.event])
        if step.next in seen:
            break
        current = step.next
        seen.add(current)
    if trade.price == 0 and _COMES[Event.RELEASE] in words:
        words.remove(_COMES[Event.RELEASE])
    return list(dict.fromkeys(words))


def describe_ending(trade: Trade, member: Member) -> dict[str, Any]:
    """What the pages that end a trade early need."""
    return {
        "trade": trade,
        "is_buyer": member.id == trade.buyer_id,
        "other": steps.other_side(trade, member),
        "counts": trade.state in {TradeState.SCHEDULED, TradeState.ARRIVED},
    }


def _describe_agreeing(trade: Trade, member: Member, proposals: list[TimeProposal]) -> dict[str, Any]:
    """The proposed places and times; `proposals`: the open ones."""
    when = trade.meet_starts_at or (proposals[0].starts_at if proposals else None)
    cards = _place_cards(trade, member, when) if trade.state == TradeState.ACCEPTED else []
    mine = [proposal for proposal in proposals if proposal.proposer_id == member.id]
    return {
        "place_cards": cards,
        "place_when": when,
        "place_map": _place_map(trade, cards),
        "longest_leg_km": max((max(card.my_leg_km, card.their_leg_km) for card in cards), default=1) or 1,
        "is_shut_then": _is_shut_then(trade),
        "my_proposals": mine,
        "their_proposals": [proposal for proposal in proposals if proposal.proposer_id != member.id],
        "may_propose": len(mine) < MAX_OPEN_PROPOSALS,
    }


def describe_trade(trade: Trade, member: Member, *, base_url: str, is_fragment: bool = False) -> dict[str, Any]:
    """Everything on a trade's page as `member` sees it; the other side's unpublished review never is part of it.

    `is_fragment`: only a part of the page is being replaced, so its button must load the whole page anew.
    """
    proposals = queries.list_time_proposals(trade) if trade.state == TradeState.ACCEPTED else []
    reviews = queries.list_reviews_of_trade(trade) if trade.completed_at else []
    turn = turns.turn_of(trade, member, proposals=proposals, review_writers={review.writer_id for review in reviews})
    now = clock.now()
    target, action = TARGETS.get(turn.step, ("", ""))
    opens_at = trade.meet_starts_at - ARRIVE_BEFORE if trade.meet_starts_at else None
    return {
        "trade": trade,
        "listing": trade.listing,
        "other": steps.other_side(trade, member),
        "is_buyer": member.id == trade.buyer_id,
        "payee": trade.seller.display_name if member.id == trade.buyer_id else "You",
        "turn": turn,
        # On the way it is the meeting's time that counts, which the sentence says, not the far limit behind it.
        "turn_deadline": None if turn.step == "arrive" else trade.deadline_at,
        "target": f"{f'?fresh={now:%H%M%S}' if is_fragment else ''}#{target}" if target else "",
        "action": action,
        "stations": turns.stations_of(trade),
        "credits_sentence": turns.credits_words(trade, member),
        "is_accepted": trade.state == TradeState.ACCEPTED,
        "is_on_the_way": trade.state in {TradeState.SCHEDULED, TradeState.ARRIVED},
        "is_meeting": trade.state == TradeState.MEETING,
        **_describe_agreeing(trade, member, proposals),
        "after": turns.after_deadline(trade),
        "arrival_opens_at": opens_at if opens_at and opens_at > now else None,
        "i_arrived": trade.buyer_arrived_at if member.id == trade.buyer_id else trade.seller_arrived_at,
        "code": describe_code(trade, member, base_url),
        "tries_left": MAX_WRONG_TRIES - trade.handoff_wrong_tries,
        "my_review": next((review for review in reviews if review.writer_id == member.id), None),
        "published_reviews": [review for review in reviews if review.published_at],
        "history": _history(trade, member),
        "what_comes": list_what_comes(trade),
        "time_form": TimeForm(describe=turns.say_time),
        "code_form": CodeForm(),
        "review_form": ReviewForm(),
        **describe_listing(trade.listing),
    }
