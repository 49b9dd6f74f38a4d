"""Making, withdrawing, declining and accepting an offer."""

import uuid

from django.db import IntegrityError, transaction

from localex.credits import queries as credit_queries
from localex.credits import services as credit_services
from localex.credits.errors import InsufficientCredits
from localex.jobs import events
from localex.lib import clock, money, randomness
from localex.lib.geo import Point
from localex.lib.ids import new_id
from localex.listings import services as listing_services
from localex.listings.models import MAX_PRICE, MIN_PRICE, Listing
from localex.listings.states import State as ListingState
from localex.members.models import Member
from localex.members.services import check_may_act
from localex.places import queries as place_queries
from localex.trading import fees, steps
from localex.trading.errors import ListingNotOpen, OfferAlreadyOpen, OwnListing, PayerShort, PriceOutOfRange
from localex.trading.models import Offer, PlaceOption, Trade, TradeEvent
from localex.trading.states import AGREE_WITHIN, Event, OfferState, Subject, get_step, offer_deadline

SECRET_BYTES = 20  # the length that RFC 4226 recommends for SHA-1


def _lock_open_listing(community_id: uuid.UUID, listing_id: uuid.UUID) -> Listing:
    listing = (
        Listing.objects.select_for_update(no_key=True, of=("self",))
        .select_related("owner", "community")
        .filter(id=listing_id, community_id=community_id)
        .exclude(state__in=[ListingState.DRAFT, ListingState.REMOVED])
        .first()
    )
    if listing is None:
        raise ListingNotOpen("This listing is gone.", kept="No credits were moved.")
    if listing.state != ListingState.ACTIVE:
        raise ListingNotOpen(
            "This listing is not open for offers right now: it is reserved for someone else or has gone.",
            kept="No credits were moved.",
        )
    return listing


def _check_price(listing: Listing, price: int) -> None:
    if listing.is_gift and price != 0:
        raise PriceOutOfRange("A gift costs nothing.", fields={"price": ["A gift costs nothing."]})
    if not listing.is_gift and not MIN_PRICE <= price <= MAX_PRICE:
        words = f"Offer between {money.display(MIN_PRICE)} and {money.display(MAX_PRICE)} credits."
        raise PriceOutOfRange(words, fields={"price": [words]})


def _check_payer(listing: Listing, maker: Member, cost: fees.Quote) -> None:
    """Checked only when the maker would pay: somebody else's balance is not theirs to learn."""
    if listing.is_wanted or cost.price == 0:
        return
    available = credit_queries.find_balance(community_id=maker.community_id, owner=maker.ledger_ref).available
    if cost.held > available:
        words = f"You have {money.display(available)} credits to spend, which is less than you offer."
        if cost.price <= available:
            words = (
                f"You have {money.display(available)} credits to spend, and with the fee of "
                f"{money.display(cost.buyer_fee)} this offer needs {money.display(cost.held)}."
            )
        raise PayerShort(words, kept="Nothing was sent.", fields={"price": [words]})


def make_offer(*, actor: Member, listing_id: uuid.UUID, price: int, offer_id: uuid.UUID | None = None) -> Offer:
    """Propose `price` hundredths on a listing; the owner has 48 hours to answer. The fees of this moment stay with it.

    `offer_id` is the UUIDv7 that the form carried: the same form sent twice makes one offer. Locks the listing. Raises
    ListingNotOpen, OwnListing, PriceOutOfRange, PayerShort, OfferAlreadyOpen.
    """
    check_may_act(actor)
    offer_id = offer_id or new_id()
    listing = _lock_open_listing(actor.community_id, listing_id)
    again = Offer.objects.filter(id=offer_id, maker=actor, listing=listing, price=price).first()
    if again is not None:
        return again
    if listing.owner_id == actor.id:
        raise OwnListing("This is your own listing.")
    _check_price(listing, price)
    cost = fees.quote(listing.community, price)
    _check_payer(listing, actor, cost)
    now = clock.now()
    try:
        with transaction.atomic():
            offer = Offer.objects.create(
                id=offer_id,
                community_id=listing.community_id,
                listing=listing,
                maker=actor,
                price=price,
                buyer_fee=cost.buyer_fee,
                seller_fee=cost.seller_fee,
                created_at=now,
                deadline_at=offer_deadline(now),
            )
    except IntegrityError:
        raise OfferAlreadyOpen(
            "You already have an open offer on this listing. Withdraw it to make another.",
            kept="Your first offer stands.",
        ) from None
    TradeEvent.objects.create(
        community_id=listing.community_id,
        offer=offer,
        subject=Subject.OFFER,
        event=Event.MAKE,
        actor=actor,
        state_after=OfferState.OFFERED,
        happened_at=now,
    )
    events.publish("offer.made", offer_id=offer.id)
    return offer


def withdraw_offer(*, actor: Member, offer_id: uuid.UUID) -> Offer:
    """Take an open offer back; doing it twice is the same as once. Raises OfferNotFound, NotPossibleNow, NotYours."""
    offer = steps.access_offer(actor, offer_id, lock=True)
    if offer.state == OfferState.WITHDRAWN:
        return offer
    steps.move_offer(offer, Event.WITHDRAW, actor=actor)
    events.publish("offer.withdrawn", offer_id=offer.id)
    return offer


def decline_offer(*, actor: Member, offer_id: uuid.UUID) -> Offer:
    """Say no to an open offer; doing it twice is the same as once. Raises OfferNotFound, NotPossibleNow, NotYours."""
    offer = steps.access_offer(actor, offer_id, lock=True)
    if offer.state == OfferState.DECLINED and offer.listing.owner_id == actor.id:
        return offer
    steps.move_offer(offer, Event.DECLINE, actor=actor)
    events.publish("offer.declined", offer_id=offer.id)
    return offer


def accept_offer(*, actor: Member, offer_id: uuid.UUID) -> Trade:
    """Accept: reserve the listing, hold the credits, decline the other offers and begin the trade, or nothing of it.

    Accepting an accepted offer again gives its trade. Locks listing, offers, balances, in this order. Raises
    OfferNotFound, NotYours, NotPossibleNow, ListingNotOpen, PayerShort.
    """
    offer = steps.access_offer(actor, offer_id)
    if offer.listing.owner_id == actor.id and (done := Trade.objects.filter(offer_id=offer_id).first()):
        return done
    get_step(Subject.OFFER, offer.state, Event.ACCEPT)
    try:
        listing = _lock_open_listing(actor.community_id, offer.listing_id)
    except ListingNotOpen:
        # Whoever held the lock before us may have accepted this very offer: a double click, not a conflict.
        done = Trade.objects.filter(offer_id=offer_id).first()
        if done is not None and offer.listing.owner_id == actor.id:
            return done
        raise
    offer = steps.access_offer(actor, offer_id, lock=True)
    step = steps.move_offer(offer, Event.ACCEPT, actor=actor)
    trade = _begin_trade(offer, listing)
    steps.record(offer, trade, step, actor)
    listing_services.reserve_listing(listing_id=listing.id)
    decline_open_offers(listing_id=offer.listing_id, but=offer.id)
    _hold_price(trade, actor)
    events.publish("offer.accepted", offer_id=offer.id)
    return trade


def _begin_trade(offer: Offer, listing: Listing) -> Trade:
    now = clock.now()
    seller, buyer = (offer.maker, listing.owner) if listing.is_wanted else (listing.owner, offer.maker)
    trade = Trade.objects.create(
        community_id=offer.community_id,
        listing=listing,
        offer=offer,
        seller=seller,
        buyer=buyer,
        price=offer.price,
        buyer_fee=offer.buyer_fee,
        seller_fee=offer.seller_fee,
        created_at=now,
        deadline_at=now + AGREE_WITHIN,
        handoff_secret=randomness.token_bytes(SECRET_BYTES),
    )
    PlaceOption.objects.bulk_create(_place_options(trade))
    return trade


def _hold_price(trade: Trade, actor: Member) -> None:
    if trade.price == 0:
        return
    assert trade.deadline_at is not None  # noqa: S101 - a trade that has just begun has one
    try:
        credit_services.hold(
            key=new_id(),
            community_id=trade.community_id,
            trade_id=trade.id,
            payer=trade.buyer.ledger_ref,
            payee=trade.seller.ledger_ref,
            amount=trade.price,
            buyer_fee=trade.buyer_fee,
            seller_fee=trade.seller_fee,
            expires_at=trade.deadline_at,
            actor=trade.buyer.ledger_ref,
        )
    except InsufficientCredits:
        who = "you have" if actor.id == trade.buyer_id else "the buyer has"
        raise PayerShort(
            f"This offer cannot be accepted right now: {who} not enough credits to spend.",
            kept="The offer stays open and nothing was moved.",
        ) from None


def decline_open_offers(*, listing_id: uuid.UUID, but: uuid.UUID | None = None) -> int:
    """Decline the open offers on a listing, `but` one, because it went another way; how many. Locks in id order."""
    others = (
        Offer.objects.select_for_update(no_key=True, of=("self",))
        .select_related("listing", "maker")
        .filter(listing_id=listing_id, state=OfferState.OFFERED)
        .order_by("id")
    )
    if but is not None:
        others = others.exclude(id=but)
    for other in others:
        steps.move_offer(other, Event.SUPERSEDE, actor=None)
        events.publish("offer.declined", offer_id=other.id)
    return len(others)


def _meeting_point(member: Member, trade: Trade) -> Point:
    """Where a member is for the choice of a place: only ever the public cell, so that no distance tells more."""
    return member.cell or Point(trade.community.centre_lat, trade.community.centre_lon)


def _place_options(trade: Trade) -> list[PlaceOption]:
    proposals = place_queries.list_proposals(
        community_id=trade.community_id,
        a=_meeting_point(trade.buyer, trade),
        b=_meeting_point(trade.seller, trade),
        at=None,
    )
    return [
        PlaceOption(
            community_id=trade.community_id,
            trade=trade,
            place_id=proposal.place.id,
            rank=rank,
            score=proposal.score,
            buyer_leg_km=proposal.leg_a_km,
            seller_leg_km=proposal.leg_b_km,
            reason=proposal.reason[:200],
            buyer_must_consent=proposal.consent_a,
            seller_must_consent=proposal.consent_b,
        )
        for rank, proposal in enumerate(proposals, start=1)
    ]
