"""The pages of offers and trades as each side gets them: what is on them, what is not, and how many queries."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from localex.lib import clock
from tests import town

if TYPE_CHECKING:
    from localex.members.models import Member
    from localex.trading.models import Trade

pytestmark = pytest.mark.django_db
MOST_QUERIES = 13
NOT_COUNTED = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK")
WORDS = "Friendly and on time, and the bicycle is just as described."


@pytest.fixture
def sides(db: None) -> "tuple[Member, Member]":
    """A seller and a buyer of one town, each at a point of their own."""
    community = town.found_community()
    return town.new_member(community, shift=0.00123), town.new_member(community, shift=0.00234)


def read(member: "Member", path: str) -> str:
    """The page as `member` sees it. It takes few queries, and no exact coordinates of anybody are on it."""
    from localex.members.models import Member

    client = town.browser_of(member)
    client.get(path)  # what is kept in memory between requests is there now
    with CaptureQueriesContext(connection) as captured:
        response = client.get(path)
    assert response.status_code == 200, path
    asked = [query["sql"] for query in captured if not query["sql"].startswith(NOT_COUNTED)]
    assert len(asked) <= MOST_QUERIES, f"{path}: {len(asked)}\n" + "\n".join(sql[:150] for sql in asked)
    page = str(response.content.decode())
    for person in Member.objects.filter(community_id=member.community_id):
        for number in (person.latitude, person.longitude):
            assert f"{number:.5f}".rstrip("0") not in page, "a member's exact point is on the page"
    return page


def states(trade: "Trade") -> Iterator[str]:
    """Lead a fresh trade through its states and stop at each."""
    from localex.trading import services

    yield "accepted"
    town.schedule(trade)
    yield "scheduled"
    services.mark_arrival(actor=trade.seller, trade_id=trade.id)
    yield "arrived"
    services.mark_arrival(actor=trade.buyer, trade_id=trade.id)
    yield "meeting"
    trade.refresh_from_db()
    assert services.hand_over(actor=trade.seller, trade_id=trade.id, digits=town.code_of(trade)).is_right
    yield "completed"
    for member in (trade.buyer, trade.seller):
        services.write_review(actor=member, trade_id=trade.id, stars=5)
    yield "completed"


@pytest.mark.parametrize("kind", ["sale", "gift"])
def test_a_trade_in_each_state_for_both_sides(sides: "tuple[Member, Member]", kind: str) -> None:
    trade = town.new_trade(*sides, kind=kind)
    for state in states(trade):
        trade.refresh_from_db()
        assert trade.state == state
        for member in sides:
            assert trade.listing.title in read(member, reverse("trading:detail", args=[trade.id]))
            read(member, reverse("trading:list"))
            if state in {"accepted", "scheduled", "arrived"}:
                read(member, reverse("trading:cancel", args=[trade.id]))
    assert "stars" in read(sides[0], reverse("trading:detail", args=[trade.id]))


def test_trades_that_ended_early(sides: "tuple[Member, Member]") -> None:
    from localex.trading import services

    seller, buyer = sides
    cancelled, declined = town.new_trade(seller, buyer), town.meet(town.new_trade(seller, buyer))
    services.cancel_trade(actor=buyer, trade_id=cancelled.id)
    read(buyer, reverse("trading:decline_item", args=[declined.id]))
    services.decline_item(actor=buyer, trade_id=declined.id)
    for member in sides:
        for trade in (cancelled, declined):
            read(member, reverse("trading:detail", args=[trade.id]))
        read(member, reverse("trading:list"))


@pytest.mark.parametrize(("direction", "kind"), [("offer", "sale"), ("offer", "gift"), ("wanted", "sale")])
def test_making_an_offer_and_looking_at_it(sides: "tuple[Member, Member]", direction: str, kind: str) -> None:
    owner, maker = sides
    listing = town.new_listing(owner, direction=direction, kind=kind)
    assert listing.title in read(maker, reverse("trading:make_offer", args=[listing.id]))
    offer = town.new_offer(maker, listing)
    for member, button in ((owner, "accept"), (maker, "withdraw")):
        assert reverse(f"trading:{button}_offer", args=[offer.id]) in read(
            member, reverse("trading:offer", args=[offer.id])
        )
        read(member, reverse("trading:list"))


def test_a_long_list_takes_no_more_queries(sides: "tuple[Member, Member]") -> None:
    for _ in range(4):
        town.new_trade(*sides, price=5)
        town.new_offer(sides[1], town.new_listing(sides[0], price=5))
    for member in sides:
        read(member, reverse("trading:list"))


def test_the_code_is_on_the_buyers_page_alone(sides: "tuple[Member, Member]") -> None:
    from localex.trading import codes

    seller, buyer = sides
    trade = town.meet(town.new_trade(seller, buyer))
    now = clock.now()
    # The buyer's page may have been drawn in the next half minute.
    digits = {codes.code_at(trade.handoff_secret, now + town.timedelta(seconds=30 * number)) for number in (0, 1)}
    for name in ("trading:detail", "trading:code"):
        path = reverse(name, args=[trade.id])
        theirs, mine = (town.browser_of(member).get(path).content.decode() for member in (seller, buyer))
        assert any(code in mine.replace(" ", "") or code in mine for code in digits), name
        assert not any(code in theirs for code in digits)
        assert 'class="qr"' not in theirs
        assert trade.listing.title not in theirs or name == "trading:detail"


def test_a_review_of_the_other_side_is_nowhere_before_both_wrote(sides: "tuple[Member, Member]") -> None:
    from localex.trading import services

    seller, buyer = sides
    trade = town.complete(town.new_trade(seller, buyer))
    services.write_review(actor=buyer, trade_id=trade.id, stars=2, text=WORDS)
    paths = [reverse("trading:detail", args=[trade.id]), reverse("trading:list"), f"/members/{seller.display_name}/"]
    for path in paths:
        assert WORDS not in read(seller, path)
        assert WORDS not in town.browser_of(town.new_member(seller.community)).get(path).content.decode()
    services.write_review(actor=seller, trade_id=trade.id, stars=4)
    assert WORDS in read(seller, paths[0])


def test_an_offer_above_the_balance_keeps_what_was_typed(sides: "tuple[Member, Member]") -> None:
    from localex.credits.queries import find_balance
    from localex.trading.models import Offer

    owner, maker = sides
    listing = town.new_listing(owner)
    response = town.browser_of(maker).post(reverse("trading:make_offer", args=[listing.id]), {"price": "4321"})
    assert response.status_code == 422
    assert 'value="4321"' in response.content.decode()
    assert not Offer.objects.filter(listing=listing).exists()
    assert find_balance(community_id=maker.community_id, owner=maker.ledger_ref).held == 0


def test_a_wrong_code_keeps_what_was_typed(sides: "tuple[Member, Member]") -> None:
    seller, buyer = sides
    trade = town.meet(town.new_trade(seller, buyer))
    wrong = next(digits for digits in ("135790", "246801") if digits != town.code_of(trade))
    response = town.browser_of(seller).post(reverse("trading:hand_over", args=[trade.id]), {"code": wrong})
    assert response.status_code == 422
    assert f'value="{wrong}"' in response.content.decode()
    trade.refresh_from_db()
    assert trade.state == "meeting"


def test_a_bad_review_keeps_what_was_typed(sides: "tuple[Member, Member]") -> None:
    from localex.trading.models import Review

    trade = town.complete(town.new_trade(*sides))
    path = reverse("trading:review", args=[trade.id])
    client = town.browser_of(sides[0])
    for form in ({"text": WORDS}, {"stars": "9", "text": WORDS}, {"stars": "5", "text": "Brief one"}):
        response = client.post(path, form)
        assert response.status_code == 422, form
        assert form["text"] in response.content.decode()
    assert not Review.objects.filter(trade=trade).exists()
