"""The search engine's contract, here with PostgreSQL: what is found, in which order, page by page."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localex.lib import clock
from localex.lib.errors import BadRequest
from localex.lib.geo import Point, distance_km
from localex.listings import services
from localex.listings.cards import cell_of
from localex.listings.models import Listing
from localex.ports.search import Sort, Wish
from localex.search.postgres import PostgresSearch
from localex.search.words import split_prefix
from tests.listings.things import leaf, new_listing, new_wanted
from tests.members.people import make_community, make_member

pytestmark = pytest.mark.django_db
engine = PostgresSearch()
HERE = Point(48.41, 15.60)


def found(community, **wish) -> list[str]:
    """The titles, in order."""
    ids = engine.find(Wish(community_id=community.pk, **wish)).items
    titles = dict(Listing.objects.filter(pk__in=ids).values_list("pk", "title"))
    return [titles[identifier] for identifier in ids]


@pytest.fixture
def shelf(community, owner):
    """A few listings that differ in everything."""
    with clock.shifted(-timedelta(days=10)):
        new_listing(
            owner,
            title="Bicycle with seven gears",
            description="Rides well, with new brakes and a dynamo. " * 2,
            price=12000,
            category="bicycles",
            condition="good",
        )
    with clock.shifted(-timedelta(days=2)):
        new_wanted(
            owner,
            title="Children's bicycles wanted",
            price=4000,
            category="kids-bikes",
            description="For twins of six years.",
        )
    new_wanted(owner, title="Bookcase made of oak", kind="gift", category="shelves-storage", brand="Thonet")
    new_wanted(
        owner,
        title="Reading lamp of brass",
        price=1800,
        category="lamps",
        description="Stands beside a bicycle, warm light.",
    )
    return community


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        ("bicycle", {"Bicycle with seven gears", "Children's bicycles wanted", "Reading lamp of brass"}),
        ("BICYCLES", {"Bicycle with seven gears", "Children's bicycles wanted", "Reading lamp of brass"}),
        ("bicy", {"Bicycle with seven gears", "Children's bicycles wanted", "Reading lamp of brass"}),
        ("oak boo", {"Bookcase made of oak"}),
        ("thonet", {"Bookcase made of oak"}),
        ('"seven gears"', {"Bicycle with seven gears"}),
        ("bicycle -lamp", {"Bicycle with seven gears", "Children's bicycles wanted"}),
        ("oak or brass", {"Bookcase made of oak", "Reading lamp of brass"}),
        ("submarine", set()),
        ("brass for the", {"Reading lamp of brass"}),
        (
            "the",
            {"Bicycle with seven gears", "Children's bicycles wanted", "Bookcase made of oak", "Reading lamp of brass"},
        ),
    ],
)
def test_words(shelf, words: str, titles: set[str]) -> None:
    assert set(found(shelf, words=words)) == titles


def test_the_title_counts_more_than_the_description(shelf) -> None:
    assert found(shelf, words="bicycle", sort=Sort.RELEVANCE)[-1] == "Reading lamp of brass"


def test_stemming_is_the_communitys() -> None:
    from tests.listings.things import at

    krems = make_community(language="de")
    owner = at(make_member(krems))
    new_wanted(owner, title="Zwei alte Fahrräder", description="Gern auch mit Reparaturbedarf, für die Kinder.")
    assert found(krems, words="fahrrad kind", language="de") == ["Zwei alte Fahrräder"]
    assert found(krems, words="fahrr", language="de") == ["Zwei alte Fahrräder"]


@pytest.mark.parametrize(
    "words", ["'", "a & b | !", "foo:*", "\\", "%", "(((", '"', "-", "or", "and", "🚲", "x" * 100, "a' OR 1=1 --"]
)
def test_any_words_are_harmless(shelf, words: str) -> None:
    everything = set(found(shelf))
    assert set(found(shelf, words=words)) <= everything
    assert set(found(shelf, words=f"{words} {words}", sort=Sort.RELEVANCE)) <= everything
    # The session still works: a broken query would have ended its transaction.
    assert found(shelf, words="thonet") == ["Bookcase made of oak"]


@given(st.text(max_size=100).filter(lambda text: "\x00" not in text and text.isprintable()))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_breaks_the_parser(shelf, words: str) -> None:
    page = engine.find(Wish(community_id=shelf.pk, words=words))
    assert len(page.items) <= 4
    assert page.next_cursor is None
    assert found(shelf, words="thonet") == ["Bookcase made of oak"]


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        ("bike", ("", "bike")),
        ("red bike", ("red", "bike")),
        ("b", ("b", "")),
        ("red -bike", ("red -bike", "")),
        ('"red bike', ('"red bike', "")),
        ('"red bike" bel', ('"red bike"', "bel")),
        ("e-bike", ("e-bike", "")),
        ("bike or", ("bike or", "")),
        ("oak or brass lamp", ("oak or brass lamp", "")),
    ],
)
def test_the_last_word_may_be_unfinished(typed: str, parts: tuple[str, str]) -> None:
    assert split_prefix(typed) == parts


@pytest.mark.parametrize(
    ("wish", "titles"),
    [
        ({"direction": "offer"}, ["Bicycle with seven gears"]),
        ({"kind": "gift"}, ["Bookcase made of oak"]),
        ({"min_price": 2000}, ["Children's bicycles wanted", "Bicycle with seven gears"]),
        ({"max_price": 4000}, ["Reading lamp of brass", "Bookcase made of oak", "Children's bicycles wanted"]),
        ({"conditions": frozenset({"fair"})}, []),
        ({"has_photos": True}, ["Bicycle with seven gears"]),
        (
            {"sort": Sort.CHEAPEST},
            ["Bookcase made of oak", "Reading lamp of brass", "Children's bicycles wanted", "Bicycle with seven gears"],
        ),
        (
            {"sort": Sort.DEAREST, "max_price": 4000},
            ["Children's bicycles wanted", "Reading lamp of brass", "Bookcase made of oak"],
        ),
    ],
)
def test_filters_and_orders(shelf, wish, titles: list[str]) -> None:
    assert found(shelf, **wish) == titles


def test_categories_and_age(shelf) -> None:
    both = frozenset([leaf("bicycles").pk, leaf("kids-bikes").pk])
    assert len(found(shelf, category_ids=both)) == 2
    assert found(shelf, category_ids=both, posted_since=clock.now() - timedelta(days=3)) == [
        "Children's bicycles wanted"
    ]


@pytest.mark.parametrize("event", ["pause", "reserve", "gone", "remove", "expire"])
def test_what_is_gone_is_not_found(shelf, owner, event: str) -> None:
    listing = Listing.objects.get(title="Bookcase made of oak")
    acts = {
        "pause": lambda: services.pause_listing(actor=owner, listing_id=listing.pk),
        "reserve": lambda: services.reserve_listing(listing_id=listing.pk),
        "gone": lambda: services.mark_as_gone(actor=owner, listing_id=listing.pk),
        "remove": lambda: services.remove_listing(actor=owner, listing_id=listing.pk),
        "expire": lambda: (
            Listing.objects.filter(pk=listing.pk).update(expires_at=clock.now()),
            services.expire_listings(),
        ),
    }
    assert len(found(shelf)) == 4
    acts[event]()
    assert len(found(shelf)) == 3
    assert engine.count(Wish(community_id=shelf.pk), at_most=10) == 3


def test_another_communitys_listings_are_not_found(shelf) -> None:
    from tests.listings.things import at

    other = make_community()
    new_wanted(at(make_member(other)), title="Bicycle of another town")
    assert found(other) == ["Bicycle of another town"]
    assert "Bicycle of another town" not in found(shelf)


def test_nearest_goes_by_cells(community, owner) -> None:
    places = [Point(48.41 + step * 0.013, 15.60 + step * 0.005) for step in (5, 1, 9, 3, 7)]
    for number, place in enumerate(places):
        new_wanted(owner, title=f"Something to look for {number}", point=place)
    near = found(community, near=HERE, sort=Sort.NEAREST)
    by_hand = sorted(
        Listing.objects.filter(community=community), key=lambda listing: distance_km(HERE, cell_of(listing))
    )
    assert near == [listing.title for listing in by_hand]
    for radius in (2, 5, 9, 20):
        inside = [listing.title for listing in by_hand if distance_km(HERE, cell_of(listing)) <= radius]
        assert found(community, near=HERE, within_km=radius, sort=Sort.NEAREST) == inside


def test_orders_that_cannot_be_fall_back_to_newest(shelf) -> None:
    newest = found(shelf)
    assert newest[0] == "Reading lamp of brass"
    assert found(shelf, sort=Sort.RELEVANCE) == newest
    assert found(shelf, sort=Sort.NEAREST) == newest


def pages(wish: Wish, limit: int, between=lambda: None) -> list:
    seen: list = []
    cursor = None
    while True:
        page = engine.find(wish, cursor=cursor, limit=limit)
        seen += page.items
        cursor = page.next_cursor
        if cursor is None:
            return seen
        between()


@pytest.mark.parametrize("sort", list(Sort))
def test_pages_have_no_gap_and_no_repetition(community, owner, sort: Sort) -> None:
    # Ties everywhere: prices, cells, words and times repeat.
    moment = clock.now()
    for number in range(23):
        listing = new_wanted(
            owner,
            title=f"Chair to look for {number % 3}",
            price=100 * (1 + number % 4),
            point=Point(48.41 + number % 2 * 0.03, 15.6),
        )
        Listing.objects.filter(pk=listing.pk).update(published_at=moment - timedelta(hours=number % 5))
    wish = Wish(community_id=community.pk, words="chair", near=HERE, sort=sort)
    whole = engine.find(wish, limit=100).items
    assert len(whole) == 23
    for limit in (1, 4, 7):
        assert pages(wish, limit) == list(whole)


def test_new_listings_do_not_shift_later_pages(community, owner) -> None:
    for number in range(9):
        new_wanted(owner, title=f"Chair to look for {number}")
    wish = Wish(community_id=community.pk)
    before = list(engine.find(wish, limit=100).items)
    seen = pages(wish, 2, between=lambda: new_wanted(owner, title="A chair that came later"))
    assert seen == before


def test_a_listing_that_goes_does_not_hide_others(community, owner) -> None:
    made = [new_wanted(owner, title=f"Chair to look for {number}") for number in range(6)]
    wish = Wish(community_id=community.pk)
    first = engine.find(wish, limit=2)
    services.pause_listing(actor=owner, listing_id=first.items[1])
    rest = engine.find(wish, cursor=first.next_cursor, limit=10).items
    assert list(rest) == [listing.pk for listing in reversed(made[:4])]


def test_a_cursor_belongs_to_its_list(community, owner) -> None:
    for number in range(4):
        new_wanted(owner, title=f"Chair to look for {number}")
    cursor = engine.find(Wish(community_id=community.pk), limit=2).next_cursor
    for other in ({"words": "chair"}, {"sort": Sort.CHEAPEST}, {"min_price": 100}):
        with pytest.raises(BadRequest):
            engine.find(Wish(community_id=community.pk, **other), cursor=cursor, limit=2)
    with pytest.raises(BadRequest):
        engine.find(Wish(community_id=community.pk), cursor="nonsense", limit=2)


def test_counting_stops_where_told(shelf) -> None:
    wish = Wish(community_id=shelf.pk)
    assert engine.count(wish, at_most=3) == 3
    assert engine.count(wish, at_most=100) == 4
