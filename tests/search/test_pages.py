"""Browse and search over HTTP: filters in the address, chips, pages, and few queries."""

import re
from base64 import urlsafe_b64encode
from uuid import UUID

import pytest

from localex.lib.geo import Point, snap
from localex.lib.pages import decode_cursor
from tests.listings.things import HOME, at, new_listing, new_wanted
from tests.members.people import make_community, make_member

pytestmark = pytest.mark.django_db

MAX_QUERIES = 12


def titles(page: str) -> list[str]:
    return re.findall(r'class="card-link"[^>]*>([^<]+)</a>', page)


@pytest.fixture
def town(settings):
    """The only open community, so that visitors look through it."""
    from localex.communities.models import Community

    Community.objects.update(is_open=False)
    return make_community()


@pytest.fixture
def seller(town):
    return at(make_member(town))


def test_visitors_browse_the_only_community(client, town, seller) -> None:
    new_wanted(seller, title="A bookcase for a cellar")
    page = client.get("/browse/")
    assert page.status_code == 200
    assert titles(page.content.decode()) == ["A bookcase for a cellar"]
    assert "sessionid" not in page.cookies


def test_visitors_choose_where_there_are_several(client, town, seller) -> None:
    other = make_community(name="Monaco")
    new_wanted(at(make_member(other)), title="A bookcase of Monaco")
    page = client.get(f"/browse/?town={other.slug}").content.decode()
    assert titles(page) == ["A bookcase of Monaco"]
    assert 'aria-label="Communities"' in page
    assert client.get("/browse/?town=nowhere").status_code == 404


def test_without_a_community_there_is_a_clear_answer(client, db) -> None:
    from localex.communities.models import Community

    Community.objects.update(is_open=False)
    assert client.get("/browse/").status_code == 404


def test_members_see_their_own_community_and_distances(client_of, town, seller) -> None:
    looker = at(make_member(town), Point(48.46, 15.60))
    new_wanted(seller, title="A bookcase for a cellar")
    other = make_community()
    new_wanted(at(make_member(other)), title="A bookcase of another town")
    page = client_of(looker).get("/browse/").content.decode()
    assert titles(page) == ["A bookcase for a cellar"]
    assert "New near you" in page
    assert re.search(r"\d km\s*·", page)


def test_browsing_by_category(client, seller) -> None:
    new_wanted(seller, title="A lamp to read by", category="lamps")
    new_wanted(seller, title="A table for the hall", category="tables-desks")
    new_wanted(seller, title="A saucepan with a lid", category="pots-pans")
    assert set(titles(client.get("/browse/?category=furniture").content.decode())) == {
        "A lamp to read by",
        "A table for the hall",
    }
    assert titles(client.get("/browse/?category=lamps").content.decode()) == ["A lamp to read by"]
    assert len(titles(client.get("/browse/?category=nonsense").content.decode())) == 3
    assert "Nothing here yet" in client.get("/browse/?category=pets").content.decode()


def test_filters_are_in_the_address_and_on_chips(client, seller) -> None:
    new_listing(seller, title="A cheap but good table", price=500)
    new_wanted(seller, title="A table for the hall", price=9000)
    answer = client.get("/search/?q=table&what=offer&most=20&condition=good&condition=fair&photos=on&posted=7")
    page = answer.content.decode()
    assert titles(page) == ["A cheap but good table"]
    assert re.search(r"<strong>1</strong>\s*listing\s*for “table”", page)
    for words in ("Things on offer", "Up to 20 credits", "Good", "Fair", "With pictures", "Listed within: a week"):
        assert re.search(rf"Remove filter: </span>{words}", page), words
    without_good = re.search(r'href="\?([^"]*)"><span class="visually-hidden">Remove filter: </span>Good', page)[1]
    assert "condition=fair" in without_good
    assert "condition=good" not in without_good
    assert "q=table" in without_good


@pytest.mark.parametrize(
    "query",
    [
        "least=-1",
        "most=abc",
        "condition=broken",
        "within=999",
        "sort=best",
        "posted=0",
        "category=x",
        "what=all",
        "q=" + "x" * 200,
    ],
)
def test_values_that_make_no_sense_do_not_count(client, seller, query: str) -> None:
    new_wanted(seller, title="A table for the hall")
    answer = client.get(f"/search/?{query}")
    assert answer.status_code == 200
    assert titles(answer.content.decode()) == ["A table for the hall"]


def test_nothing_found_says_what_to_do(client, seller) -> None:
    new_wanted(seller, title="A table for the hall")
    assert "Nobody offers that" in client.get("/search/?q=submarine").content.decode()
    filtered = client.get("/search/?q=table&what=gift").content.decode()
    assert "Nothing fits all of that" in filtered
    assert 'href="?q=table"' in filtered


def test_what_is_searched_for_is_never_markup(client, seller) -> None:
    page = client.get("/search/", {"q": '"><script>alert(1)</script>'}).content.decode()
    assert "<script>alert" not in page


@pytest.mark.parametrize("path", ["/browse/", "/search/?q=chair"])
def test_a_long_list_goes_on_page_by_page(client, seller, path: str) -> None:
    for number in range(26):
        new_wanted(seller, title=f"A chair for room {number}")
    first = client.get(path).content.decode()
    assert len(titles(first)) == 24
    following = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
    second = client.get(path.partition("?")[0] + following).content.decode()
    assert len(titles(second)) == 2
    assert not set(titles(first)) & set(titles(second))
    assert "That is everything for now." in second
    assert "Back to the start" in second
    part = client.get(path.partition("?")[0] + following, headers={"HX-Request": "true", "HX-Target": "more"})
    assert "<html" not in part.content.decode()
    assert titles(part.content.decode()) == titles(second)
    assert client.get(path + ("&" if "?" in path else "?") + "cursor=nonsense").status_code == 400


@pytest.mark.parametrize("path", ["/browse/", "/browse/?category=furniture", "/search/?q=table&most=90&photos=on"])
def test_pages_ask_little_of_the_database(
    client, client_of, town, seller, django_assert_max_num_queries, path: str
) -> None:
    for _ in range(6):
        new_listing(seller, title="A cheap but good table", photos=2)
    looker = client_of(at(make_member(town)))
    with django_assert_max_num_queries(8):
        client.get(path)
    with django_assert_max_num_queries(MAX_QUERIES) as counted:
        looker.get(path)
    once = len(counted)
    for _ in range(6):
        new_listing(seller, title="A cheap but good table", photos=1)
    with django_assert_max_num_queries(once):
        looker.get(path)


@pytest.mark.parametrize(
    "path", ["/browse/", "/search/?sort=nearest", "/search/?q=chair", "/search/?sort=nearest&within=5"]
)
def test_a_shared_link_tells_no_more_than_the_square_kilometre(client_of, town, seller, path: str) -> None:
    for number in range(26):
        new_wanted(seller, title=f"A chair for room {number}")
    looker = make_member(town)
    following = set()
    for exact in (HOME, snap(HOME), Point(HOME.lat + 0.0001, HOME.lon - 0.0001)):
        assert snap(exact) == snap(HOME)
        page = client_of(at(looker, exact)).get(path).content.decode()
        following.add(re.search(r'rel="next" href="([^"]+)"', page)[1])
    assert len(following) == 1


def test_the_mark_of_a_cursor_cannot_be_computed_without_the_key(settings) -> None:
    from localex.ports.search import Wish
    from localex.search.postgres import _mark

    wish = Wish(community_id=UUID(int=1), near=snap(HOME))
    mark = _mark(wish)
    settings.SECRET_KEY = "another" * 10
    assert _mark(wish) != mark


@pytest.mark.parametrize("sort", ["cheapest", "dearest", "nearest", "newest", "relevance"])
def test_a_forged_cursor_is_a_bad_request(client_of, town, seller, sort: str) -> None:
    for number in range(25):
        new_wanted(seller, title=f"A chair for room {number}")
    client = client_of(at(make_member(town)))
    page = client.get(f"/search/?q=chair&sort={sort}").content.decode()
    mark = decode_cursor(re.search(r'rel="next" href="[^"]*cursor=([^"&]+)"', page)[1], length=3)[0]
    for value in ("NaN", "Infinity", "-Infinity", "1e400", "1" + "0" * 30, '"\\u0000"', "null"):
        forged = urlsafe_b64encode(f'["{mark}",{value},"{UUID(int=1)}"]'.encode()).decode().rstrip("=")
        assert client.get(f"/search/?q=chair&sort={sort}&cursor={forged}").status_code == 400, value
