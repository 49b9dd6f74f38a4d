"""Server CPU of a whole trade over HTTP: offer, accept, two picks, a time and its yes, two arrivals, code, two reviews.

CPU is user + system time of the web server's processes, from /proc; PostgreSQL's and the worker's are not part of it.
The peer in the same run is as many requests to /livez as a trade has.
"""

import statistics
from datetime import timedelta

from running_town import RunningTown, Visitor, running_town, say_figure

TRADES = 40
WARM_UP = 5
REQUESTS = 11
GOAL_MS = 15


def make_listings(count: int) -> tuple[object, object, list[object]]:
    """Seller's and buyer's account, and published gifts of the seller's, made through the services."""
    from localex.listings import services
    from localex.listings.models import Listing
    from localex.members.models import Member

    pattern = Listing.objects.filter(community__slug="krems", state="active", direction="offer", kind="gift").first()
    seller = Member.objects.select_related("community").get(pk=pattern.owner_id)
    buyer = (
        Member.objects.filter(community=seller.community, state="active").exclude(pk=seller.pk).order_by("id").last()
    )
    made = []
    for _ in range(count):
        copy = services.duplicate_listing(actor=seller, listing_id=pattern.id)
        changes = {"kind": "sale", "price": 100}
        services.update_listing(actor=seller, listing_id=copy.id, changes=changes)
        made.append(services.publish_listing(actor=seller, listing_id=copy.id).id)
    return seller, buyer, made


def trade_once(seller: Visitor, buyer: Visitor, listing_id: object) -> None:
    """The eleven requests; each must be accepted."""
    from localex.lib import clock
    from localex.trading import codes
    from localex.trading.models import TimeProposal, Trade

    offer = buyer.post(f"/listings/{listing_id}/offer/", price=1)
    trade_path = seller.post(f"{offer}accept/")
    trade = Trade.objects.get(pk=trade_path.strip("/").rpartition("/")[2])
    place = trade.place_options.order_by("rank").first().place_id
    for side in (seller, buyer):
        side.post(f"{trade_path}place/", place=place, accepts_distance="on")
    when = clock.now() + timedelta(minutes=30)
    buyer.post(f"{trade_path}time/", choice="other", other=f"{when.astimezone(trade.community.zone):%Y-%m-%dT%H:%M}")
    seller.post(f"{trade_path}time/{TimeProposal.objects.get(trade=trade).id}/")
    for side in (seller, buyer):
        side.post(f"{trade_path}arrival/")
    seller.post(f"{trade_path}handoff/", code=codes.code_at(trade.handoff_secret, clock.now()))
    for side in (seller, buyer):
        side.post(f"{trade_path}review/", stars=5, tags="Friendly", text="All went well, thank you.")


def main(town: RunningTown) -> None:
    """Print the figures."""
    seller_member, buyer_member, listings = make_listings(TRADES + WARM_UP)
    seller, buyer = Visitor(town.port, seller_member.user_id), Visitor(town.port, buyer_member.user_id)
    for listing in listings[:WARM_UP]:
        trade_once(seller, buyer, listing)
    costs = []
    for start in range(WARM_UP, len(listings), 10):
        before = town.web_cpu_s()
        for listing in listings[start : start + 10]:
            trade_once(seller, buyer, listing)
        costs.append((town.web_cpu_s() - before) * 1000 / 10)
    before = town.web_cpu_s()
    for _ in range(REQUESTS * TRADES):
        buyer.ask("GET", "/livez")
    peer = (town.web_cpu_s() - before) * 1000 / TRADES
    median = statistics.median(costs)
    print(f"a trade is {REQUESTS} requests; the same number to /livez costs {peer:.1f} ms; ratio {median / peer:.1f}")
    say_figure("trade-cpu", median, "ms", "<=", GOAL_MS)


if __name__ == "__main__":
    with running_town() as running:
        main(running)
