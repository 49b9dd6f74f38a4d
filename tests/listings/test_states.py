"""The table of states, the rules of publishing, and what each event does."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localex.jobs import events
from localex.lib import clock
from localex.listings import rules, services
from localex.listings.errors import Incomplete, ListingNotFound, WrongState
from localex.listings.models import Category, Listing
from localex.listings.states import EDITABLE, TRANSITIONS, Event, State
from localex.members.errors import MemberMayNotAct
from localex.members.services import suspend_member
from tests.listings.things import WORDS, leaf, new_draft, new_listing, new_wanted

BY_OWNER = {
    Event.PUBLISH: services.publish_listing,
    Event.PAUSE: services.pause_listing,
    Event.RESUME: services.resume_listing,
    Event.MARK_AS_GONE: services.mark_as_gone,
    Event.RELIST: services.relist_listing,
    Event.REMOVE: services.remove_listing,
}
BY_TRADING = {
    Event.RESERVE: services.reserve_listing,
    Event.RELEASE: services.relist_after_trade,
    Event.TRADE: services.mark_traded,
}


def put(listing: Listing, state: State) -> None:
    Listing.objects.filter(pk=listing.pk).update(
        state=state, published_at=clock.now(), expires_at=clock.now() + timedelta(days=9)
    )


def happen(event: Event, owner, listing: Listing) -> Listing:
    if event in BY_OWNER:
        return BY_OWNER[event](actor=owner, listing_id=listing.pk)
    return BY_TRADING[event](listing_id=listing.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("event", [*BY_OWNER, *BY_TRADING])
def test_every_state_and_event_follows_the_table(owner, event: Event) -> None:
    listing = new_draft(owner)
    for state in State:
        put(listing, state)
        following = TRANSITIONS.get((state, event))
        if following is not None:
            assert happen(event, owner, listing).state == following
            assert Listing.objects.get(pk=listing.pk).state == following
        else:
            hidden = state == State.REMOVED and event in BY_OWNER
            with pytest.raises(ListingNotFound if hidden else WrongState):
                happen(event, owner, listing)
            assert Listing.objects.get(pk=listing.pk).state == state


def test_no_state_is_a_dead_end_but_the_last() -> None:
    leaving = {state for state, _ in TRANSITIONS}
    # A coordinator's decision leads out of pending_review; that comes with moderation.
    assert set(State) - leaving == {State.REMOVED, State.PENDING_REVIEW}


@pytest.mark.django_db
def test_publishing_shows_it_for_sixty_days(owner, monkeypatch) -> None:
    said = []
    monkeypatch.setattr(events, "publish", lambda name, **ids: said.append((name, ids)))
    listing = new_listing(owner)
    assert listing.state == State.ACTIVE
    assert abs(listing.expires_at - clock.now() - timedelta(days=60)) < timedelta(seconds=5)
    assert said == [("listing.published", {"listing_id": listing.pk})]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": "Too short"}, "title"),
        ({"description": "x" * 49}, "description"),
        ({"condition": ""}, "condition"),
        ({"price": 0}, "price"),
        ({"category": None}, "category"),
        ({"photos": 0}, "photos"),
        ({"point": None}, "location"),
    ],
)
def test_what_is_missing_is_named(community, changes, field: str) -> None:
    from tests.members.people import make_member

    homeless = make_member(community)
    category = {} if "category" not in changes else {"category": None}
    words = {name: value for name, value in changes.items() if name not in ("photos", "point", "category")}
    draft = new_draft(homeless, photos=changes.get("photos", 1), point=changes.get("point", _there()), **words)
    if category:
        services.update_listing(actor=homeless, listing_id=draft.pk, changes=category)
    with pytest.raises(Incomplete) as missing:
        services.publish_listing(actor=homeless, listing_id=draft.pk)
    assert list(missing.value.fields) == [field]
    assert Listing.objects.get(pk=draft.pk).state == State.DRAFT


def _there():
    from tests.listings.things import HOME

    return HOME


@pytest.mark.django_db
def test_a_wanted_may_leave_things_open(owner) -> None:
    wanted = new_wanted(owner, description="A small table for a child.", condition="")
    assert wanted.state == State.ACTIVE


@pytest.mark.django_db
def test_a_gift_costs_nothing_whatever_was_typed(owner) -> None:
    gift = new_listing(owner, kind="gift", price=4000)
    assert gift.price == 0


@pytest.mark.django_db
def test_a_category_of_the_first_level_is_not_enough(owner) -> None:
    draft = new_draft(owner)
    services.update_listing(
        actor=owner, listing_id=draft.pk, changes={"category": Category.objects.get(slug="furniture")}
    )
    with pytest.raises(Incomplete, match="more exact"):
        services.publish_listing(actor=owner, listing_id=draft.pk)


@pytest.mark.django_db
def test_who_is_suspended_publishes_nothing(owner) -> None:
    draft = new_draft(owner)
    suspended = suspend_member(member_id=owner.pk)
    with pytest.raises(MemberMayNotAct):
        services.publish_listing(actor=suspended, listing_id=draft.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("state", list(State))
def test_words_change_only_where_they_may(owner, state: State) -> None:
    listing = new_draft(owner)
    put(listing, state)
    change = {"title": "Another good title for it"}
    if state in EDITABLE:
        assert services.update_listing(actor=owner, listing_id=listing.pk, changes=change).title == change["title"]
    else:
        with pytest.raises((WrongState, ListingNotFound)):
            services.update_listing(actor=owner, listing_id=listing.pk, changes=change)


@pytest.mark.django_db
def test_what_others_see_stays_complete(owner) -> None:
    listing = new_listing(owner)
    with pytest.raises(Incomplete):
        services.update_listing(actor=owner, listing_id=listing.pk, changes={"title": "short"})
    assert Listing.objects.get(pk=listing.pk).title == WORDS["title"]


@pytest.mark.django_db
def test_a_draft_keeps_anything(owner) -> None:
    draft = new_draft(owner, photos=0)
    services.update_listing(actor=owner, listing_id=draft.pk, changes={"title": "x", "description": "", "price": 0})
    assert Listing.objects.get(pk=draft.pk).title == "x"


@pytest.mark.django_db
def test_sixty_days_end_by_themselves(owner) -> None:
    old, paused, fresh = new_wanted(owner), new_wanted(owner), new_wanted(owner)
    services.pause_listing(actor=owner, listing_id=paused.pk)
    Listing.objects.filter(pk__in=[old.pk, paused.pk]).update(expires_at=clock.now() - timedelta(minutes=1))
    assert services.expire_listings() == 2
    states = dict(Listing.objects.filter(owner=owner).values_list("id", "state"))
    assert states == {old.pk: State.EXPIRED, paused.pk: State.EXPIRED, fresh.pk: State.ACTIVE}
    assert services.expire_listings() == 0


@pytest.mark.django_db
def test_renewing_gives_sixty_days_and_keeps_its_place(owner) -> None:
    listing = new_wanted(owner)
    Listing.objects.filter(pk=listing.pk).update(expires_at=clock.now() + timedelta(days=2))
    renewed = services.renew_listing(actor=owner, listing_id=listing.pk)
    assert renewed.expires_at > clock.now() + timedelta(days=59)
    assert renewed.published_at == listing.published_at


@pytest.mark.django_db
def test_a_trade_that_fell_through_leaves_a_week(owner) -> None:
    listing = new_wanted(owner)
    services.reserve_listing(listing_id=listing.pk)
    Listing.objects.filter(pk=listing.pk).update(expires_at=clock.now() - timedelta(days=1))
    assert services.expire_listings() == 0
    assert services.relist_after_trade(listing_id=listing.pk).expires_at > clock.now() + timedelta(days=6)


@pytest.mark.django_db
def test_a_copy_is_a_draft_with_the_same_pictures(owner) -> None:
    listing = new_listing(owner, photos=2)
    copy = services.duplicate_listing(actor=owner, listing_id=listing.pk)
    assert copy.state == State.DRAFT
    assert (copy.title, copy.price, copy.category) == (listing.title, listing.price, leaf())
    assert copy.listing_photos.count() == 2
    services.publish_listing(actor=owner, listing_id=copy.pk)


@given(st.text(max_size=120), st.booleans())
def test_a_title_is_content_with_ten_to_a_hundred(text: str, is_wanted: bool) -> None:
    listing = Listing(title=text, direction="wanted" if is_wanted else "offer")
    assert (rules.title_problems(listing) == []) is (10 <= len(text.strip()) <= 100)


@given(st.integers(-500, 11_000_000), st.sampled_from(["sale", "gift"]))
def test_a_price_is_whole_and_in_range(price: int, kind: str) -> None:
    fits = price == 0 if kind == "gift" else 100 <= price <= 10_000_000 and price % 100 == 0
    assert (rules.price_problems(Listing(price=price, kind=kind)) == []) is fits


@given(st.lists(st.sampled_from(["ready", "pending", "rejected"]), max_size=15), st.booleans())
def test_pictures_are_one_to_twelve_and_finished(states: list[str], is_wanted: bool) -> None:
    listing = Listing(direction="wanted" if is_wanted else "offer")
    fits = len(states) <= 12 and "pending" not in states and (is_wanted or "ready" in states)
    assert (rules.photo_problems(listing, states) == []) is fits


def test_what_is_shown_in_one_line_is_one_line(owner) -> None:
    draft = services.start_draft(actor=owner)
    changes = {
        "title": " Oak bedside\r\ntable\t with\u2028a  drawer\n",
        "brand": "Tischlerei\nHuber",
        "size": "45\u00a0cm\v wide",
        "description": "  Solid oak.\n\nAs good as new.  ",
    }
    kept = services.update_listing(actor=owner, listing_id=draft.pk, changes=changes)
    kept.refresh_from_db()
    assert (kept.title, kept.brand, kept.size) == ("Oak bedside table with a drawer", "Tischlerei Huber", "45 cm wide")
    assert kept.description == "Solid oak.\n\nAs good as new."
