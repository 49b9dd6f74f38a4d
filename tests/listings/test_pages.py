"""The pages of listings over HTTP: what is shown to whom, and what never is."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from localex.lib.geo import snap
from localex.listings import services
from localex.listings.models import Listing
from localex.listings.queries import OPEN_TO_ALL, list_all_photos
from localex.listings.states import State
from localex.media.services import prepare_photo
from tests.listings.things import HOME, new_draft, new_listing, new_wanted
from tests.media import pictures

pytestmark = pytest.mark.django_db

MAX_QUERIES = 12


def put(listing: Listing, state: State) -> None:
    Listing.objects.filter(pk=listing.pk).update(state=state, published_at=listing.created_at)


def exact_traces() -> list[str]:
    """How the exact place would look in a page, to four decimals (about 10 m) and finer."""
    return [f"{value:.{digits}f}" for value in (HOME.lat, HOME.lon) for digits in (4, 5, 6)]


@pytest.mark.parametrize("state", list(State))
def test_who_may_open_a_listing(client, client_of, owner, stranger, state: State) -> None:
    listing = new_draft(owner)
    put(listing, state)
    address = reverse("listings:detail", args=[listing.pk])
    for_others = 200 if state in OPEN_TO_ALL else 404
    assert client.get(address).status_code == for_others
    assert client_of(stranger).get(address).status_code == for_others
    assert client_of(owner).get(address).status_code == (404 if state == State.REMOVED else 200)


@pytest.mark.parametrize(
    ("method", "name", "args"),
    [
        ("get", "edit", ()),
        ("get", "step", ("what",)),
        ("post", "step", ("what",)),
        ("get", "photos", ()),
        ("post", "photos", ()),
        ("post", "arrange", ()),
        ("post", "publish", ()),
        *(("post", "act", (slug,)) for slug in ("pause", "resume", "gone", "relist", "renew", "duplicate", "remove")),
    ],
)
def test_editing_is_for_the_owner_alone(
    client, client_of, owner, stranger, method: str, name: str, args: tuple
) -> None:
    listing = new_listing(owner)
    address = reverse(f"listings:{name}", args=[listing.pk, *args])
    assert getattr(client, method)(address).status_code == 302
    assert getattr(client_of(stranger), method)(address).status_code == 404
    listing.refresh_from_db()
    assert listing.state == State.ACTIVE
    assert getattr(client_of(owner), method)(address).status_code in (200, 302, 409, 422)


def test_a_strangers_picture_is_not_there(client_of, owner, stranger) -> None:
    listing = new_listing(owner, photos=2)
    shown = list_all_photos(listing_id=listing.pk)[0]
    address = reverse("listings:photo", args=[shown.pk])
    for deed in ("remove", "cover", "earlier", "later", "describe"):
        assert client_of(stranger).post(address, {"do": deed}).status_code == 404
    assert len(list_all_photos(listing_id=listing.pk)) == 2


def test_the_exact_place_is_on_no_page_for_others(client, client_of, owner, stranger) -> None:
    listing = new_listing(owner)
    cell = snap(HOME)
    for browser in (client, client_of(stranger)):
        for path in (reverse("listings:detail", args=[listing.pk]), "/browse/", "/search/?q=bedside"):
            page = browser.get(path).content.decode()
            assert not [trace for trace in exact_traces() if trace in page], path
    page = client.get(reverse("listings:detail", args=[listing.pk])).content.decode()
    assert str(cell.lat)[:6] in page


def test_a_listing_says_what_matters(client, owner) -> None:
    listing = new_listing(owner, known_issues="The drawer sticks.", brand="Thonet")
    page = client.get(reverse("listings:detail", args=[listing.pk])).content.decode()
    for words in (listing.title, "Works well", "The drawer sticks.", "Thonet", "Make an offer", owner.display_name):
        assert words in page
    assert owner.user.email not in page


def test_what_people_write_is_never_markup(client, owner) -> None:
    listing = new_listing(owner, title="<script>alert(1)</script>", description="<img src=x onerror=alert(1)> " * 3)
    page = client.get(reverse("listings:detail", args=[listing.pk])).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_a_reserved_listing_takes_no_offers(client, owner) -> None:
    listing = new_listing(owner)
    services.reserve_listing(listing_id=listing.pk)
    page = client.get(reverse("listings:detail", args=[listing.pk])).content.decode()
    assert "Reserved" in page
    assert "Make an offer" not in page


@pytest.mark.parametrize("number", [1, 5])
def test_pages_ask_little_of_the_database(
    client_of, owner, stranger, django_assert_max_num_queries, number: int
) -> None:
    listings = [new_listing(owner, photos=2) for _ in range(number)]
    visitor, at_home = client_of(stranger), client_of(owner)
    with django_assert_max_num_queries(MAX_QUERIES):
        visitor.get(reverse("listings:detail", args=[listings[0].pk]))
    with django_assert_max_num_queries(MAX_QUERIES):
        at_home.get(reverse("listings:mine"))
    with django_assert_max_num_queries(MAX_QUERIES):
        at_home.get(reverse("listings:edit", args=[listings[0].pk]))


def test_my_listings_by_group(client_of, owner) -> None:
    browser = client_of(owner)
    assert "Nothing on your board yet" in browser.get("/me/listings/").content.decode()
    new_draft(owner, title="A draft of a good title")
    new_wanted(owner, title="A wanted of a good title")
    page = browser.get("/me/listings/").content.decode()
    assert "A wanted of a good title" in page
    assert "A draft of a good title" not in page
    assert "A draft of a good title" in browser.get("/me/listings/?show=drafts").content.decode()
    assert browser.get("/me/listings/?show=nonsense").status_code == 400


def test_long_lists_go_on_without_gaps(client_of, owner) -> None:
    made = {str(new_wanted(owner, title=f"Something we look for {place}").pk) for place in range(26)}
    browser = client_of(owner)
    seen: list[str] = []
    path: str | None = "/me/listings/"
    while path:
        page = browser.get(path).content.decode()
        seen += re.findall(r'item-title" href="/listings/([0-9a-f-]+)/"', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = f"/me/listings/{following[1]}".replace("&amp;", "&") if following else None
    assert len(seen) == 26
    assert set(seen) == made
    assert browser.get("/me/listings/?cursor=nonsense").status_code == 400


def test_the_owner_does_what_the_table_allows(client_of, owner) -> None:
    listing, browser = new_listing(owner), client_of(owner)
    for slug, state in (("pause", "paused"), ("resume", "active"), ("gone", "traded"), ("relist", "active")):
        assert browser.post(reverse("listings:act", args=[listing.pk, slug])).status_code == 302
        listing.refresh_from_db()
        assert listing.state == state
    assert browser.post(reverse("listings:act", args=[listing.pk, "resume"])).status_code == 409
    assert browser.post(reverse("listings:act", args=[listing.pk, "fly"])).status_code == 404
    assert browser.get(reverse("listings:act", args=[listing.pk, "pause"])).status_code == 405


class Flow:
    """Listing an item as a plain form would."""

    def __init__(self, browser) -> None:
        self.browser = browser
        page = browser.get("/listings/new/").content.decode()
        self.id = re.search(r'action="/listings/([0-9a-f-]+)/pictures/"', page)[1]

    def upload(self, *contents: bytes, then: str = "what", **headers: str):
        files = [SimpleUploadedFile(f"{place}.jpg", content) for place, content in enumerate(contents)]
        return self.browser.post(
            f"/listings/{self.id}/pictures/", {"pictures": files, "direction": "offer", "then": then}, headers=headers
        )

    def step(self, slug: str, **words: str):
        return self.browser.post(f"/listings/{self.id}/edit/{slug}/", words)

    @property
    def listing(self) -> Listing:
        return Listing.objects.get(pk=self.id)


def test_listing_an_item_with_plain_forms(client_of, owner) -> None:
    flow = Flow(client_of(owner))
    assert not Listing.objects.filter(pk=flow.id).exists()
    assert flow.upload(pictures.jpeg(), pictures.png())["Location"].endswith("/edit/what/")
    for shown in list_all_photos(listing_id=flow.listing.pk):
        prepare_photo(photo_id=shown.photo_id)
    category = str(Listing._meta.get_field("category").related_model.objects.get(slug="lamps").pk)
    answers = [
        flow.step("what", title="Reading lamp of brass", category=category),
        flow.step("condition", condition="good"),
        flow.step("description", description="It stands 40 cm high, takes any bulb with a small thread, and is warm."),
        flow.step("price", kind="sale", price="18"),
        flow.step("place", where="home"),
    ]
    ends = ["/edit/condition/", "/edit/description/", "/edit/price/", "/edit/place/", "/edit/"]
    assert [answer["Location"].removeprefix(f"/listings/{flow.id}") for answer in answers] == ends
    assert flow.browser.post(f"/listings/{flow.id}/publish/")["Location"] == f"/listings/{flow.id}/"
    assert flow.listing.state == State.ACTIVE
    assert flow.listing.price == 1800
    assert (flow.listing.cell_latitude, flow.listing.cell_longitude) == (snap(HOME).lat, snap(HOME).lon)


def test_leaving_and_coming_back_keeps_everything(client_of, owner) -> None:
    flow = Flow(client_of(owner))
    flow.upload(pictures.jpeg())
    answer = flow.step("what", title="Oak")
    assert answer.status_code == 422
    assert "7 more characters" in answer.content.decode()
    assert 'value="Oak"' in flow.browser.get(f"/listings/{flow.id}/edit/what/").content.decode()
    assert "Go on with this draft" in flow.browser.get("/listings/new/").content.decode()


def test_saving_as_one_types_says_nothing(client_of, owner) -> None:
    flow = Flow(client_of(owner))
    flow.upload()
    answer = flow.browser.post(f"/listings/{flow.id}/edit/what/", {"title": "Oa"}, headers={"X-Autosave": "yes"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert flow.listing.title == "Oa"


def test_publishing_too_early_shows_what_is_missing(client_of, owner) -> None:
    flow = Flow(client_of(owner))
    flow.upload()
    answer = flow.browser.post(f"/listings/{flow.id}/publish/")
    assert answer.status_code == 422
    page = answer.content.decode()
    for words in ("Add at least one picture.", "Write a title.", "Choose a category.", "Write a description."):
        assert words in page


def test_a_bad_file_does_not_cost_the_good_ones(client_of, owner) -> None:
    flow = Flow(client_of(owner))
    answer = flow.upload(pictures.jpeg(), b"<svg/>", pictures.webp())
    assert answer.status_code == 422
    assert "1.jpg: This is not a JPEG" in answer.content.decode()
    assert len(list_all_photos(listing_id=flow.listing.pk)) == 2
    fragment = flow.upload(b"GIF89a", **{"HX-Request": "true"})
    assert fragment.status_code == 422
    assert "<html" not in fragment.content.decode()
    assert "not a JPEG" in fragment.content.decode()


def test_the_same_page_sent_twice_begins_one_draft(client_of, owner) -> None:
    flow = Flow(client_of(owner))
    flow.upload(pictures.jpeg())
    flow.upload(pictures.jpeg())
    assert Listing.objects.filter(owner=owner).count() == 1
    assert len(list_all_photos(listing_id=flow.listing.pk)) == 2


def test_somebody_elses_draft_cannot_be_begun(client_of, owner, stranger) -> None:
    flow = Flow(client_of(owner))
    flow.upload(pictures.jpeg())
    answer = client_of(stranger).post(f"/listings/{flow.id}/pictures/", {"direction": "offer"})
    assert answer.status_code == 404
    assert Listing.objects.get(pk=flow.id).owner == owner


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"where": "elsewhere", "postcode": "99999"}, "do not know this postcode"),
        ({"where": "elsewhere", "latitude": "10", "longitude": "10"}, "too far"),
    ],
)
def test_a_place_must_be_one_that_is_known(client_of, owner, words, message: str) -> None:
    flow = Flow(client_of(owner))
    flow.upload()
    answer = flow.step("place", **words)
    assert answer.status_code == 422
    assert message in answer.content.decode()


def test_a_point_on_the_map_is_kept_exactly_and_shown_snapped(client_of, owner) -> None:
    flow = Flow(client_of(owner))
    flow.upload()
    flow.step("place", where="elsewhere", latitude="48.401234", longitude="15.584321")
    listing = flow.listing
    assert (listing.latitude, listing.longitude) == (48.401234, 15.584321)
    assert listing.cell_latitude != listing.latitude


def test_a_listing_on_show_is_changed_at_once_or_not_at_all(client_of, owner) -> None:
    listing, browser = new_listing(owner), client_of(owner)
    address = f"/listings/{listing.pk}/edit/description/"
    assert browser.post(address, {"description": "Too short."}).status_code == 422
    listing.refresh_from_db()
    assert listing.description.startswith("Solid oak")
    assert browser.post(address, {"description": "x" * 60}).status_code == 302
    listing.refresh_from_db()
    assert listing.description == "x" * 60


def test_the_order_after_dragging(client_of, owner) -> None:
    listing = new_listing(owner, photos=3)
    before = [str(shown.pk) for shown in list_all_photos(listing_id=listing.pk)]
    answer = client_of(owner).post(f"/listings/{listing.pk}/pictures/order/", {"order": before[::-1]})
    assert re.findall(r'data-id="([0-9a-f-]+)"', answer.content.decode()) == before[::-1]


def test_prices_that_make_no_sense(client_of, owner) -> None:
    flow = Flow(client_of(owner))
    flow.upload()
    for price in ("0", "-3", "100001", "12.5", "many", ""):
        assert flow.step("price", kind="sale", price=price).status_code == 422, price
    assert flow.step("price", kind="gift", price="").status_code == 302
    assert flow.listing.price == 0
