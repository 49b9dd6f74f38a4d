"""Makes what tests need through the services, as people would: a community, members with credits, listings, trades.

Every call of `found_community` makes a fresh community, so tests that commit do not disturb one another.
"""

import functools
import itertools
import os
from datetime import timedelta

import pyvips
from django.db import transaction
from django.test import Client

from localex.communities.models import Community
from localex.communities.services import create_community
from localex.lib import clock, money
from localex.lib.geo import Point
from localex.lib.ids import new_id
from localex.listings import services as listing_services
from localex.listings.models import Category, Listing
from localex.media.preparation import prepare_photo
from localex.members import services as member_services
from localex.members.models import Member, User
from localex.places.models import SafePlace
from localex.trading import codes, services
from localex.trading.models import Offer, Trade

CENTRE = Point(48.4095, 15.6141)
_numbers = itertools.count()


def _unique() -> str:
    return f"{os.getpid()}-{next(_numbers)}"


@transaction.atomic
def found_community(*, places: int = 4, starter: int = 100) -> Community:
    """A community in Krems with safe places round the centre; `starter` whole credits for each member."""
    community = create_community(
        slug=f"town-{_unique()}",
        name="Krems",
        area_name="Krems",
        country="AT",
        timezone="Europe/Vienna",
        centre=CENTRE,
        starter_grant=money.from_whole(starter),
    )
    for number in range(places):
        SafePlace.objects.create(
            community=community,
            name=f"Town hall {number}",
            what="Town hall, a staffed public building",
            osm_kind="amenity=townhall",
            tier=1 + number % 3,
            latitude=CENTRE.lat + 0.002 * number,
            longitude=CENTRE.lon + 0.003 * number,
        )
    return community


@transaction.atomic
def new_member(community: Community, *, shift: float = 0.0) -> Member:
    """A confirmed member with the starter grant, `shift` degrees north-east of the centre."""
    user = member_services.open_account(email=f"{_unique()}@test.example", password=None, is_adult=True)
    member = member_services.join_community(user_id=user.pk, community_id=community.pk)
    member = member_services.confirm_member(member_id=member.pk)
    return member_services.set_location(member_id=member.pk, point=Point(CENTRE.lat + shift, CENTRE.lon + shift))


def browser_of(person: Member | User) -> Client:
    """A browser in which `person` is signed in."""
    client = Client()
    client.force_login(person.user if isinstance(person, Member) else person)
    return client


@functools.cache
def picture_bytes(shade: int = 120) -> bytes:
    """A small real JPEG."""
    image = pyvips.Image.black(80, 100, bands=3).linear(1, [shade, 140, 90])
    return bytes(image.cast("uchar").write_to_buffer(".jpg"))


def new_listing(
    owner: Member, *, price: int = 30, direction: str = "offer", kind: str = "sale", title: str = "A red bicycle"
) -> Listing:
    """A published listing of `owner` for `price` whole credits; an Offer has one picture."""
    listing = listing_services.start_draft(actor=owner, direction=direction)
    changes = {
        "kind": kind,
        "title": title,
        "description": "Rides well, with lights and a bell. The saddle has a small tear that does not show.",
        "category": Category.objects.filter(parent__isnull=False).order_by("slug").first(),
        "condition": "" if direction == "wanted" else "good",
        "price": 0 if kind == "gift" else money.from_whole(price),
    }
    listing_services.update_listing(actor=owner, listing_id=listing.id, changes=changes)
    if direction == "offer":
        added = listing_services.add_photo(actor=owner, listing_id=listing.id, content=picture_bytes())
        prepare_photo(photo_id=added.photo_id)
    return listing_services.publish_listing(actor=owner, listing_id=listing.id)


@transaction.atomic
def new_offer(maker: Member, listing: Listing, *, price: int | None = None) -> Offer:
    """An open offer, at the listing's price unless told otherwise (whole credits)."""
    amount = listing.price if price is None else money.from_whole(price)
    return services.make_offer(actor=maker, listing_id=listing.id, price=amount, offer_id=new_id())


@transaction.atomic
def new_trade(seller: Member, buyer: Member, *, price: int = 30, kind: str = "sale") -> Trade:
    """A trade whose price is agreed."""
    listing = new_listing(seller, price=price, kind=kind)
    return services.accept_offer(actor=seller, offer_id=new_offer(buyer, listing).id)


@transaction.atomic
def schedule(trade: Trade, *, ahead: timedelta = timedelta(minutes=30)) -> Trade:
    """Agree on the first proposed place and a time `ahead` from now."""
    option = trade.place_options.order_by("rank").first()
    for member in (trade.buyer, trade.seller):
        services.pick_place(actor=member, trade_id=trade.id, place_id=option.place_id, accepts_distance=True)
    starts_at = (clock.now() + ahead).replace(second=0, microsecond=0)
    proposal = services.propose_time(actor=trade.buyer, trade_id=trade.id, starts_at=starts_at)
    return services.accept_time(actor=trade.seller, trade_id=trade.id, proposal_id=proposal.id)


@transaction.atomic
def meet(trade: Trade) -> Trade:
    """Schedule and have both arrive."""
    schedule(trade)
    services.mark_arrival(actor=trade.seller, trade_id=trade.id)
    return services.mark_arrival(actor=trade.buyer, trade_id=trade.id)


def code_of(trade: Trade) -> str:
    """The six digits that the buyer sees now."""
    return codes.code_at(trade.handoff_secret, clock.now())


@transaction.atomic
def complete(trade: Trade) -> Trade:
    """Meet and hand over."""
    trade = meet(trade)
    assert services.hand_over(actor=trade.seller, trade_id=trade.id, digits=code_of(trade)).is_right
    trade.refresh_from_db()
    return trade
