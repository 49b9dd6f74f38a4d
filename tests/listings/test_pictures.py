"""Order, cover, words and limits of a listing's pictures."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localex.lib.ids import new_id
from localex.listings import services
from localex.listings.errors import Incomplete, ListingNotFound, TooManyPictures, WrongState
from localex.listings.models import ListingPhoto
from localex.listings.queries import list_all_photos, list_photos
from localex.media.errors import PhotoRefused
from localex.media.models import Photo
from tests.listings.things import new_draft, new_listing
from tests.media import pictures

pytestmark = pytest.mark.django_db


def order(listing) -> list:
    return [shown.pk for shown in list_all_photos(listing_id=listing.pk)]


def add(owner, listing) -> ListingPhoto:
    return services.add_photo(
        actor=owner, listing_id=listing.pk, content=pictures.jpeg(64, 64), is_prepared_later=False
    )


@pytest.fixture
def draft(owner):
    listing = new_draft(owner, photos=0)
    for _ in range(4):
        add(owner, listing)
    return listing


@pytest.mark.parametrize(
    ("place", "to", "result"),
    [
        (2, "cover", [2, 0, 1, 3]),
        (1, "earlier", [1, 0, 2, 3]),
        (1, "later", [0, 2, 1, 3]),
        (0, "earlier", [0, 1, 2, 3]),
        (3, "later", [0, 1, 2, 3]),
    ],
)
def test_buttons_move_a_picture(owner, draft, place: int, to: str, result: list[int]) -> None:
    before = order(draft)
    services.move_photo(actor=owner, listing_photo_id=before[place], to=to)
    assert order(draft) == [before[number] for number in result]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(chosen=st.lists(st.integers(0, 5), max_size=8))
def test_any_order_ends_with_positions_from_nought(owner, draft, chosen: list[int]) -> None:
    known = order(draft)
    services.arrange_photos(
        actor=owner, listing_id=draft.pk, order=[known[n] if n < len(known) else new_id() for n in chosen]
    )
    positions = list(ListingPhoto.objects.filter(listing=draft).order_by("position").values_list("position", flat=True))
    assert positions == [0, 1, 2, 3]
    assert sorted(order(draft)) == sorted(known)


def test_dragging_sets_the_order(owner, draft) -> None:
    wanted = list(reversed(order(draft)))
    services.arrange_photos(actor=owner, listing_id=draft.pk, order=wanted)
    assert order(draft) == wanted


def test_twelve_fit(owner) -> None:
    listing = new_draft(owner, photos=0)
    for _ in range(12):
        add(owner, listing)
    with pytest.raises(TooManyPictures):
        add(owner, listing)


def test_a_removed_picture_is_deleted_when_nobody_else_shows_it(owner) -> None:
    listing = new_listing(owner, photos=2)
    copy = services.duplicate_listing(actor=owner, listing_id=listing.pk)
    first = list_all_photos(listing_id=listing.pk)[0]
    services.remove_photo(actor=owner, listing_photo_id=first.pk)
    assert Photo.objects.filter(pk=first.photo_id).exists()
    services.remove_photo(actor=owner, listing_photo_id=order(copy)[0])
    assert not Photo.objects.filter(pk=first.photo_id).exists()
    assert [shown.position for shown in list_photos(listing_id=listing.pk)] == [0]


def test_the_last_picture_of_a_listing_on_show_stays(owner) -> None:
    listing = new_listing(owner)
    with pytest.raises(Incomplete, match="only picture"):
        services.remove_photo(actor=owner, listing_photo_id=order(listing)[0])
    assert len(order(listing)) == 1


def test_a_reserved_listing_keeps_its_pictures(owner) -> None:
    listing = new_listing(owner)
    services.reserve_listing(listing_id=listing.pk)
    with pytest.raises(WrongState):
        add(owner, listing)
    with pytest.raises(WrongState):
        services.move_photo(actor=owner, listing_photo_id=order(listing)[0], to="cover")


def test_a_strangers_picture_is_not_there(owner, stranger, draft) -> None:
    chosen = order(draft)[0]
    acts = [
        lambda: services.remove_photo(actor=stranger, listing_photo_id=chosen),
        lambda: services.move_photo(actor=stranger, listing_photo_id=chosen, to="cover"),
        lambda: services.describe_photo(actor=stranger, listing_photo_id=chosen, alt_text="mine"),
        lambda: services.arrange_photos(actor=stranger, listing_id=draft.pk, order=[]),
        lambda: add(stranger, draft),
    ]
    for act in acts:
        with pytest.raises(ListingNotFound):
            act()


def test_words_for_those_who_cannot_see_it(owner, draft) -> None:
    chosen = order(draft)[0]
    shown = services.describe_photo(
        actor=owner, listing_photo_id=chosen, alt_text="  The front,\n with its drawer " + "x" * 300
    )
    assert shown.alt_text.startswith("The front, with its drawer x")
    assert len(shown.alt_text) == 200


def test_a_refused_file_leaves_nothing(owner, draft) -> None:
    with pytest.raises(PhotoRefused):
        services.add_photo(actor=owner, listing_id=draft.pk, content=b"<svg/>")
    assert len(order(draft)) == 4
