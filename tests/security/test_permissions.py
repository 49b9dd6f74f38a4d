"""Every route is declared in tests/security/routes.py and lets in whom it declares, over HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import reverse

from localex.lib.ids import new_id
from tests.security import routes

if TYPE_CHECKING:
    from localex.members.models import Member

pytestmark = pytest.mark.django_db


@dataclass
class Things:
    """Objects of `owner` and `other` that a `stranger` of the same community must not find."""

    owner: "Member"
    other: "Member"
    stranger: "Member"
    ids: dict[str, dict[str, Any]]

    def path(self, name: str) -> str:
        return reverse(name, kwargs=self.ids.get(name, {}))


@pytest.fixture
def things(db: None) -> Things:
    from localex.credits.queries import list_statement
    from localex.listings import services as listing_services
    from localex.listings.models import ListingPhoto
    from localex.notifications.models import Notice
    from localex.trading import services
    from tests import town

    community = town.found_community()
    owner, other, stranger = (town.new_member(community, shift=0.001 * number) for number in range(3))
    offer = town.new_offer(other, town.new_listing(owner))
    trade = town.new_trade(owner, other)
    proposal = services.propose_time(
        actor=other, trade_id=trade.id, starts_at=town.clock.now() + timedelta(hours=5, minutes=7)
    )
    draft = listing_services.start_draft(actor=owner, direction="offer")
    photo = listing_services.add_photo(actor=owner, listing_id=draft.id, content=town.picture_bytes())
    shown = town.new_listing(owner, title="A blue lamp")
    notice = Notice.objects.create(
        community=community, member=owner, kind="offer.made", subject="offer", subject_id=offer.id
    )
    ids: dict[str, dict[str, Any]] = {}
    for name in routes.ROUTES:
        context = name.partition(":")[0]
        if name == "trading:make_offer" or name == "listings:detail":
            ids[name] = {"listing_id": shown.id}
        elif name in {"trading:offer", "trading:accept_offer", "trading:decline_offer", "trading:withdraw_offer"}:
            ids[name] = {"offer_id": offer.id}
        elif context == "trading" and name != "trading:list":
            ids[name] = {"trade_id": trade.id}
        elif name == "listings:photo":
            ids[name] = {"listing_photo_id": ListingPhoto.objects.get(photo_id=photo.photo_id).id}
        elif context == "listings" and name not in {"listings:mine", "listings:new"}:
            ids[name] = {"listing_id": draft.id}
    ids["trading:accept_time"]["proposal_id"] = proposal.id
    ids["listings:step"] = {"listing_id": draft.id, "slug": "photos"}
    ids["listings:act"] = {"listing_id": draft.id, "slug": "remove"}
    ids["notifications:open"] = {"notice_id": notice.id}
    lines = list_statement(community_id=community.pk, owner=owner.ledger_ref, cursor=None, limit=1)
    ids["credits:proof"] = {"journal_id": lines.items[0].journal_id}
    ids["credits:seal"] = {"seal_no": 1}
    ids["members:profile"] = ids["members:avatar"] = {"display_name": owner.display_name}
    ids["places:map"] = {"slug": community.slug}
    ids["media:picture"] = {"key": f"{'0' * 64}-200.webp"}
    ids["operations:resume"] = {"community_id": community.id}
    ids["account_confirm_email"] = {"key": "unknown"}
    ids["account_reset_password_from_key"] = {"uidb36": "1", "key": "unknown"}
    return Things(owner, other, stranger, ids)


def client_of(member: "Member", **options: Any) -> Client:
    client = Client(**options)
    client.force_login(member.user)
    return client


def names(*who: str) -> list[str]:
    return sorted(name for name, declared in routes.ROUTES.items() if declared in who)


def test_every_route_is_declared_and_no_other() -> None:
    found = {name for name, _ in routes.walk()}
    own = {name for name in found if not name.startswith(routes.STAFF_NAMESPACE)}
    assert own == set(routes.ROUTES)


def staff_paths() -> Iterator[str]:
    for name, pattern in routes.walk():
        if name.startswith(routes.STAFF_NAMESPACE) and name not in routes.STAFF_DOORS and "(?P" not in pattern:
            path = pattern
            for part in ("<path:object_id>", "<path:content_type_id>"):
                path = path.replace(part, "1")
            yield path


def test_staff_pages_are_for_staff_alone(things: Things) -> None:
    paths = list(staff_paths())
    assert len(paths) > 50
    for client in (Client(), client_of(things.owner)):
        for path in paths:
            response = client.get(path)
            assert response.status_code in {302, 403, 404}, path
            if response.status_code == 302:
                assert "/login/" in response["Location"] or response["Location"].startswith(path), path
        assert client.get(things.path("web:design")).status_code == 404


def test_everybody_reads_what_is_for_everybody(things: Things) -> None:
    for name in names(routes.EVERYBODY):
        response = Client().get(things.path(name))
        # A picture, a map or a key that is not there, or a step that has not begun: never a demand to sign in.
        assert response.status_code in {200, 302, 404}, name
        if response.status_code == 302 and name != "account_confirm_login_code":
            assert "next=" not in response["Location"], name


def test_visitors_are_sent_to_sign_in(things: Things) -> None:
    client = Client()
    for name in names(routes.ACCOUNT, routes.MEMBER, routes.OWNER, routes.SIDES):
        answers = [method(things.path(name)) for method in (client.get, client.post)]
        allowed = [answer for answer in answers if answer.status_code != 405]
        assert allowed, name
        for answer in allowed:
            assert answer.status_code == 302, name
            assert answer["Location"].startswith("/accounts/login/"), name


@pytest.mark.parametrize("is_of_this_community", [True, False])
def test_to_a_stranger_it_does_not_exist(things: Things, is_of_this_community: bool) -> None:
    from tests import town

    stranger = things.stranger if is_of_this_community else town.new_member(town.found_community())
    client, before = client_of(stranger), snapshot()
    wrong = {}
    for name in names(routes.OWNER, routes.SIDES):
        path = things.path(name)
        found = {client.get(path).status_code, client.post(path, FIELDS).status_code}
        if not {404} <= found <= {404, 405} or snapshot() != before:
            wrong[name] = found
    assert not wrong


READS = ["trading:offer", "trading:detail", "trading:code", "trading:cancel", "trading:hand_over"]
OWN_READS = ["listings:edit", "listings:step", "listings:photos", "notifications:open", "credits:proof"]


def test_who_it_belongs_to_reads_it_also_when_suspended(things: Things) -> None:
    from localex.members import services

    for is_suspended in (False, True):
        for member, found in ((things.owner, READS + OWN_READS), (things.other, READS)):
            if is_suspended:
                services.suspend_member(member_id=member.pk)
            for name in found:
                response = client_of(member).get(things.path(name))
                assert response.status_code in {200, 302}, name
                assert not response.get("Location", "").startswith("/accounts/login/"), name


def test_suspended_members_change_nothing(things: Things) -> None:
    from localex.members import services

    members = [things.owner, things.other]
    for member in members:
        services.suspend_member(member_id=member.pk)
    before = snapshot()
    for member in members:
        client = client_of(member)
        for name in sorted(routes.POSTS):
            if routes.ROUTES[name] in {routes.MEMBER, routes.OWNER, routes.SIDES}:
                assert client.post(things.path(name), FIELDS).status_code == 403, name
    assert snapshot() == before


def test_no_form_is_taken_without_its_token(things: Things) -> None:
    before = snapshot()
    client = client_of(things.owner, enforce_csrf_checks=True)
    for name in sorted(routes.POSTS):
        for headers in ({}, {"HX-Request": "true"}):
            assert client.post(things.path(name), FIELDS, headers=headers).status_code == 403, name
    assert snapshot() == before


def test_what_only_reads_takes_no_form(things: Things) -> None:
    # allauth's own forms: the first lies under members:sign_in, the second needs a key from a mail.
    others = set(routes.ROUTES) - routes.POSTS - {"account_login", "account_reset_password_from_key"}
    client, before = client_of(things.owner), snapshot()
    for name in sorted(others):
        assert client.post(things.path(name), FIELDS).status_code in {302, 404, 405}, name
    assert snapshot() == before


# A form good enough that only permission can stop it.
FIELDS = {"do": "remove", "code": "000000", "stars": "5", "price": "30", "place": str(new_id()), "choice": "other"}


def snapshot() -> list[Any]:
    """What a request could change: states of everything, and how many rows there are."""
    from localex.listings.models import Listing, ListingPhoto
    from localex.notifications.models import Notice
    from localex.trading.models import Offer, Review, TimeProposal, Trade, TradeEvent

    rows = [list(model.objects.order_by("id").values_list("id", "state")) for model in (Listing, Offer, Trade)]
    read = list(Notice.objects.order_by("id").values_list("id", "read_at"))
    return [*rows, read, *(model.objects.count() for model in (ListingPhoto, Review, TimeProposal, TradeEvent))]
