"""A small town, filled for real: through the services, at its times, once, and in order even when it was killed."""

from collections.abc import Iterator
from typing import Any

import pytest

from localex.credits.queries import run_checks
from localex.demo import services
from localex.demo.plot import Size
from localex.demo.services import OwnerUrlMissing, fill, is_filled
from localex.demo.stage import EFFECT
from localex.jobs.models import EffectDone, Job
from localex.lib import clock
from localex.lib.ids import time_of
from localex.listings.models import Listing
from localex.media.models import Photo
from localex.members.models import Member
from localex.notifications.models import Notice
from localex.places.models import SafePlace
from localex.trading.models import Offer, Review, Trade
from tests.servers import Servers

SLUG = "little-krems"
SMALL = Size(neighbours=16, listings=50, completed=6, most_shots=1)

pytestmark = pytest.mark.slow


class Killed(Exception):
    """Stands for kill -9 between two steps."""


def killer(after: int) -> Any:
    def report(done: int, total: int | None, what: str = "") -> None:
        if done == after:
            raise Killed

    return report


@pytest.fixture(scope="module")
def town(servers: Servers, django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, int]]:
    """Filled in two goes, the first of which is killed on the way."""
    with django_db_blocker.unblock():
        with pytest.raises(Killed):
            fill(size=SMALL, slug=SLUG, progress=killer(after=90))
        assert not is_filled(slug=SLUG)
        begun = EffectDone.objects.filter(kind=EFFECT, key__startswith=f"{SLUG}/").count()
        went_on = fill(size=SMALL, slug=SLUG)
        yield {"begun": begun, "went_on": went_on}
        from django.db import connection

        connection.close()


def test_a_killed_filling_goes_on_and_a_second_one_does_nothing(town: dict[str, int]) -> None:
    assert town["begun"] == 91  # the places and ninety steps
    assert town["went_on"] > 100
    assert is_filled(slug=SLUG)
    assert fill(size=SMALL, slug=SLUG) == 0


def test_members_live_somewhere_and_may_act(town: dict[str, int]) -> None:
    members = Member.objects.filter(community__slug=SLUG)
    assert members.count() == SMALL.neighbours
    assert all(member.is_active and member.cell and member.area_name for member in members)
    assert members.filter(user__is_staff=True).count() == 1
    assert SafePlace.objects.filter(community__slug=SLUG, state="active").count() > 20


def test_listings_are_there_with_finished_pictures(town: dict[str, int]) -> None:
    listings = Listing.objects.filter(community__slug=SLUG)
    assert listings.count() == SMALL.listings
    states = set(listings.values_list("state", flat=True))
    assert states >= {"active", "reserved", "traded", "draft", "expired"}
    community_id = listings[0].community_id
    photos = Photo.objects.filter(community_id=community_id)
    assert set(photos.values_list("state", flat=True)) == {"ready"}
    assert photos.count() > 30
    assert all(listing.published_at < clock.now() for listing in listings.exclude(state="draft"))


def test_trades_stand_in_every_state(town: dict[str, int]) -> None:
    trades = Trade.objects.filter(community__slug=SLUG)
    assert set(trades.values_list("state", flat=True)) >= {"accepted", "scheduled", "arrived", "meeting", "completed"}
    assert set(Offer.objects.filter(community__slug=SLUG).values_list("state", flat=True)) >= {"offered", "accepted"}
    assert Review.objects.filter(community__slug=SLUG, published_at__isnull=False).count() >= 6
    now = clock.now()
    assert not trades.filter(deadline_at__lte=now).exists()
    assert not Offer.objects.filter(community__slug=SLUG, deadline_at__lte=now).exists()


def test_the_past_lies_in_the_past(town: dict[str, int]) -> None:
    reviews = Review.objects.filter(community__slug=SLUG).select_related("trade")
    assert all(time_of(review.id) < clock.now() and review.trade.completed_at < review.created_at for review in reviews)
    notices = Notice.objects.filter(community__slug=SLUG)
    assert notices.count() > 40
    ages = sorted((clock.now() - time_of(notice.id)).days for notice in notices)
    assert ages[-1] > 20
    assert not Job.objects.filter(state="waiting", run_at__lte=clock.now()).exists()


def test_the_ledger_is_in_order(town: dict[str, int]) -> None:
    assert [result.name for result in run_checks() if not result.holds] == []


def test_without_the_owner_nothing_is_begun(
    django_db_blocker: Any, servers: Servers, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LOCALEX = settings.LOCALEX.model_copy(update={"database_owner_url": ""})
    with django_db_blocker.unblock(), pytest.raises(OwnerUrlMissing):
        services.fill(slug="nowhere")
