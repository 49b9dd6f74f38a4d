"""Reading offers, trades and reviews. Everything is filtered by who asks."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet

from localex.credits.models import Hold
from localex.lib import clock
from localex.lib.errors import BadRequest
from localex.lib.pages import Page, decode_cursor, encode_cursor
from localex.listings.models import ListingPhoto
from localex.members.models import Member
from localex.trading import steps, turns
from localex.trading.models import Offer, PlaceOption, Review, StaffPayment, TimeProposal, Trade, TradeEvent
from localex.trading.states import HOLDING, Event, OfferState

access_offer = steps.access_offer
access_trade = steps.access_trade

PAGE_SIZE = 24
WAITING_LIMIT = 10
COVER = Prefetch(
    "listing__listing_photos",
    queryset=ListingPhoto.objects.filter(position=0).select_related("photo"),
    to_attr="cover",
)


@dataclass(frozen=True, slots=True)
class OpenTrade:
    """A trade with what `turns.turn_of` needs beyond its row."""

    trade: Trade
    turn: turns.Turn
    other: Member


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits on a member: what to do, until when, and where."""

    words: str
    deadline_at: datetime | None
    url_name: str
    subject_id: uuid.UUID
    listing_title: str
    other: Member


def _open_trades(member: Member) -> Q:
    return (Q(buyer=member) | Q(seller=member)) & Q(deadline_at__isnull=False)


def list_open_trades(member: Member, *, with_covers: bool = True) -> list[OpenTrade]:
    """A member's trades that are not closed, the nearest deadline first; at most a page, in four queries.

    Without `with_covers` the pictures of their listings are left out, which saves one.
    """
    rows = Trade.objects.filter(_open_trades(member)).select_related("listing", "buyer", "seller", "community", "place")
    rows = rows.prefetch_related(COVER) if with_covers else rows
    trades = list(rows.order_by("deadline_at")[:PAGE_SIZE])
    ids = [trade.id for trade in trades]
    proposals: dict[uuid.UUID, list[TimeProposal]] = {}
    for proposal in TimeProposal.objects.filter(trade_id__in=ids, starts_at__gt=clock.now()).order_by("starts_at"):
        proposals.setdefault(proposal.trade_id, []).append(proposal)
    writers: dict[uuid.UUID, set[uuid.UUID]] = {}
    for trade_id, writer_id in Review.objects.filter(trade_id__in=ids).values_list("trade_id", "writer_id"):
        writers.setdefault(trade_id, set()).add(writer_id)
    return [
        OpenTrade(
            trade,
            turns.turn_of(
                trade, member, proposals=proposals.get(trade.id, ()), review_writers=writers.get(trade.id, ())
            ),
            steps.other_side(trade, member),
        )
        for trade in trades
    ]


def list_closed_trades(member: Member, *, cursor: str | None = None, limit: int = PAGE_SIZE) -> Page[Trade]:
    """One page of a member's ended trades, the newest first. Uses trade_buyer and trade_seller."""
    rows = Trade.objects.filter(Q(buyer=member) | Q(seller=member), closed_at__isnull=False)
    if cursor:
        (last,) = decode_cursor(cursor, length=1)
        rows = rows.filter(id__lt=_uuid(last))
    rows = rows.select_related("listing", "buyer", "seller", "community").prefetch_related(COVER)
    found = list(rows.order_by("-id")[: limit + 1])
    return Page(found[:limit], encode_cursor([found[limit - 1].id]) if len(found) > limit else None)


def _uuid(value: object) -> uuid.UUID:
    try:
        return uuid.UUID(str(value))
    except ValueError:
        raise BadRequest("This page link is damaged. Start again from the first page.", code="bad_cursor") from None


def list_open_offers_to(member: Member, *, with_covers: bool = True) -> list[Offer]:
    """Open offers on a member's listings, the nearest deadline first; at most a page."""
    rows = Offer.objects.filter(listing__owner=member, state=OfferState.OFFERED)
    return list(_with_listing(rows, with_covers=with_covers).order_by("deadline_at")[:PAGE_SIZE])


def list_open_offers(member: Member) -> tuple[list[Offer], list[Offer]]:
    """Open offers to and by a member, the nearest deadline first; at most two pages together, in two queries."""
    rows = Offer.objects.filter(Q(listing__owner=member) | Q(maker=member), state=OfferState.OFFERED)
    found = list(_with_listing(rows).order_by("deadline_at")[: 2 * PAGE_SIZE])
    return [offer for offer in found if offer.maker_id != member.id], [o for o in found if o.maker_id == member.id]


def _with_listing(rows: QuerySet[Offer], *, with_covers: bool = True) -> QuerySet[Offer]:
    rows = rows.select_related("listing", "listing__owner", "maker", "community")
    return rows.prefetch_related(COVER) if with_covers else rows


def find_open_offer(member: Member, listing_id: uuid.UUID) -> Offer | None:
    """The open offer of this member on this listing, or None. Uses offer_one_open."""
    return Offer.objects.filter(
        community_id=member.community_id, listing_id=listing_id, maker=member, state=OfferState.OFFERED
    ).first()


def list_waiting_on(member: Member) -> list[Waiting]:
    """What needs this member first: offers to answer, then steps of trades; the nearest deadline first, at most 10."""
    waiting = [
        Waiting(
            words=turns.offer_words(offer),
            deadline_at=offer.deadline_at,
            url_name="trading:offer",
            subject_id=offer.id,
            listing_title=offer.listing.title,
            other=offer.maker,
        )
        for offer in list_open_offers_to(member, with_covers=False)
    ]
    waiting += [
        Waiting(
            words=found.turn.words,
            deadline_at=found.trade.deadline_at,
            url_name="trading:detail",
            subject_id=found.trade.id,
            listing_title=found.trade.listing.title,
            other=found.other,
        )
        for found in list_open_trades(member, with_covers=False)
        if found.turn.is_mine
    ]
    last = clock.now()
    return sorted(waiting, key=lambda item: item.deadline_at or last)[:WAITING_LIMIT]


def list_place_options(trade: Trade) -> list[PlaceOption]:
    """The proposed places of a trade, best first."""
    return list(PlaceOption.objects.filter(trade=trade).select_related("place__community").order_by("rank"))


def list_time_proposals(trade: Trade) -> list[TimeProposal]:
    """The times proposed for a trade that have not passed, the earliest first."""
    rows = TimeProposal.objects.filter(trade=trade, starts_at__gt=clock.now()).select_related("proposer")
    return list(rows.order_by("starts_at"))


def list_events(*, trade: Trade) -> list[TradeEvent]:
    """What happened to a trade and the offer it came from, in order. Uses trade_event_offer."""
    return list(TradeEvent.objects.filter(offer_id=trade.offer_id).select_related("actor").order_by("id")[:200])


def list_reviews_of_trade(trade: Trade) -> list[Review]:
    """Both reviews of a trade, published or not; the page decides what it may show."""
    return list(Review.objects.filter(trade=trade).select_related("writer", "about"))


def list_reviews_about(member: Member, *, limit: int = PAGE_SIZE) -> Iterable[Review]:
    """Published reviews about a member, the newest first. Uses review_about."""
    rows = Review.objects.filter(about=member, published_at__isnull=False).select_related("writer")
    return list(rows.order_by(F("published_at").desc())[:limit])


def find_offer(*, offer_id: uuid.UUID) -> Offer | None:
    """The offer with listing, owner, maker and community, for a task that acts for nobody; or None."""
    return Offer.objects.select_related("listing__owner", "maker", "community").filter(id=offer_id).first()


def find_trade(*, trade_id: uuid.UUID | None = None, offer_id: uuid.UUID | None = None) -> Trade | None:
    """The trade with this id or from this offer, with its parts, for a task that acts for nobody; or None."""
    rows = Trade.objects.select_related("listing", "buyer", "seller", "community", "place", "buyer_pick", "seller_pick")
    return rows.filter(Q(id=trade_id) if trade_id else Q(offer_id=offer_id)).first()


def find_staff_payment(*, payment_id: uuid.UUID) -> StaffPayment | None:
    """What staff gave, with member, community and the trade's listing, or None."""
    rows = StaffPayment.objects.select_related("member__community", "trade__listing", "community")
    return rows.filter(id=payment_id).first()


def list_payees_to_name(*, after: uuid.UUID | None, limit: int) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Open trades whose hold does not say to whom it goes, with their sellers' numbers in the ledger; by id.

    Those of the release before. Uses the same indexes as list_given_back.
    """
    nameless = Hold.objects.filter(trade_id=OuterRef("id"), state="held", payee=None)
    rows = Trade.objects.filter(Exists(nameless), state__in=HOLDING, price__gt=0).order_by("id")
    rows = rows.filter(id__gt=after) if after else rows
    return list(rows.values_list("id", "seller__ledger_ref")[:limit])


def list_given_back(*, limit: int) -> list[uuid.UUID]:
    """Trades that still wait for something although the ledger has given their credits back; at most `limit`.

    Uses trade_one_open_a_listing for the open trades, and the primary key of the holds for each.
    """
    ended = Hold.objects.filter(trade_id=OuterRef("id")).exclude(state="held")
    rows = Trade.objects.filter(Exists(ended), state__in=HOLDING, price__gt=0)
    return list(rows.values_list("id", flat=True)[:limit])


def is_superseded(offer: Offer) -> bool:
    """Whether the offer was declined only because another one was accepted. Uses trade_event_offer."""
    return TradeEvent.objects.filter(offer=offer, event=Event.SUPERSEDE).exists()
