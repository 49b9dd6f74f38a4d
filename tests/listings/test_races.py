"""Two at once: one wins, the other gets a clear answer, and nothing is half done."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction

from localex.lib.errors import LocalExError
from localex.lib.ids import new_id
from localex.listings import services
from localex.listings.errors import TooManyPictures, WrongState
from localex.listings.models import Listing, ListingPhoto
from localex.listings.states import State
from tests.listings.things import at, new_draft, new_listing
from tests.media import pictures
from tests.members.people import make_community, make_member

pytestmark = pytest.mark.usefixtures("committed_db")


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Each in its own thread, connection and transaction, all starting together: results or LocalExErrors."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        try:
            barrier.wait(timeout=20)
            with transaction.atomic():
                return act()
        except LocalExError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def refused(results: list[object]) -> list[object]:
    return [result for result in results if isinstance(result, LocalExError)]


@pytest.fixture
def owner(committed_db: None):
    return at(make_member(make_community()))


def test_a_draft_is_published_once(owner) -> None:
    draft = new_draft(owner)
    results = at_once(*[lambda: services.publish_listing(actor=owner, listing_id=draft.pk)] * 4)
    assert len(refused(results)) == 3
    assert all(isinstance(result, WrongState) for result in refused(results))


def test_a_listing_is_reserved_once(owner) -> None:
    listing = new_listing(owner)
    results = at_once(*[lambda: services.reserve_listing(listing_id=listing.pk)] * 4)
    assert len(refused(results)) == 3
    assert Listing.objects.get(pk=listing.pk).state == State.RESERVED


def test_reserved_or_paused_but_not_both(owner) -> None:
    listing = new_listing(owner)
    results = at_once(
        lambda: services.reserve_listing(listing_id=listing.pk),
        lambda: services.pause_listing(actor=owner, listing_id=listing.pk),
    )
    assert len(refused(results)) == 1
    assert Listing.objects.get(pk=listing.pk).state in (State.RESERVED, State.PAUSED)


def test_editing_and_reserving_never_leave_a_reserved_listing_incomplete(owner) -> None:
    listing = new_listing(owner)
    results = at_once(
        lambda: services.reserve_listing(listing_id=listing.pk),
        lambda: services.update_listing(
            actor=owner, listing_id=listing.pk, changes={"title": "A new and better title"}
        ),
    )
    assert len(refused(results)) <= 1
    assert Listing.objects.get(pk=listing.pk).state == State.RESERVED


def test_pictures_sent_together_begin_one_draft(owner) -> None:
    draft_id = new_id()
    drafts = at_once(*[lambda: services.start_draft(actor=owner, draft_id=draft_id)] * 4)
    assert refused(drafts) == []
    assert Listing.objects.filter(owner=owner).count() == 1


def test_pictures_sent_together_have_a_place_each(owner) -> None:
    draft = new_draft(owner, photos=0)

    def add() -> ListingPhoto:
        return services.add_photo(
            actor=owner, listing_id=draft.pk, content=pictures.jpeg(64, 64), is_prepared_later=False
        )

    assert refused(at_once(*[add] * 6)) == []
    positions = ListingPhoto.objects.filter(listing=draft).order_by("position").values_list("position", flat=True)
    assert list(positions) == list(range(6))
    results = at_once(*[add] * 8)
    assert len([result for result in results if isinstance(result, TooManyPictures)]) == 2


def test_two_orders_at_once_end_with_one_of_them(owner) -> None:
    draft = new_draft(owner, photos=0)
    known = [
        services.add_photo(actor=owner, listing_id=draft.pk, content=pictures.jpeg(64, 64), is_prepared_later=False).pk
        for _ in range(4)
    ]
    orders = [known[::-1], known[2:] + known[:2]]
    at_once(*[lambda o=o: services.arrange_photos(actor=owner, listing_id=draft.pk, order=o) for o in orders])
    found = list(ListingPhoto.objects.filter(listing=draft).order_by("position").values_list("pk", flat=True))
    assert found in orders


def test_two_sweeps_share_the_work(owner) -> None:
    listings = [new_listing(owner) for _ in range(3)]
    Listing.objects.filter(pk__in=[listing.pk for listing in listings]).update(expires_at=listings[0].created_at)
    assert refused(at_once(services.expire_listings, services.expire_listings)) == []
    assert set(Listing.objects.filter(owner=owner).values_list("state", flat=True)) == {State.EXPIRED}
