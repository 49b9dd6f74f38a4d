"""Who may open which page, what it shows, and how many queries it takes."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from localex.communities.models import Community
from localex.lib.geo import Point
from localex.members import sections, services
from localex.members.models import Member
from tests.members.people import make_community, make_member

ClientOf = Callable[..., Client]


@pytest.mark.parametrize("path", ["/me/", "/join/", "/me/location/"])
def test_visitors_are_sent_to_sign_in_and_back(client: Client, db: None, path: str) -> None:
    response = client.get(path)
    assert response["Location"] == f"/accounts/login/?next={path}"


def test_a_form_sent_after_signing_out_leads_back_to_its_page(client: Client, db: None) -> None:
    response = client.post("/me/name/", headers={"referer": "http://testserver/me/?tab=1"})
    assert response["Location"] == "/accounts/login/?next=/me/%3Ftab%3D1"
    response = client.post("/me/name/", headers={"referer": "http://evil.example/"})
    assert response["Location"] == "/accounts/login/?next=/"
    part = client.get("/me/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/me/"})
    assert (part.status_code, part["HX-Redirect"]) == (204, "/accounts/login/?next=/me/")


def test_me_shows_my_name_and_no_point(member: Member, client_of: ClientOf, django_assert_max_num_queries: Any) -> None:
    services.set_location(member_id=member.pk, point=Point(48.41234, 15.60987))
    client = client_of(member)
    with django_assert_max_num_queries(12):
        page = client.get("/me/").content.decode()
    assert member.display_name in page
    assert "48.41234" not in page
    assert f"/avatars/{member.display_name}.svg" in page


def test_redrawing_over_http(member: Member, client_of: ClientOf) -> None:
    client = client_of(member)
    assert client.get("/me/name/").status_code == 405
    page = client.post("/me/name/", follow=True).content.decode()
    new = Member.objects.get(pk=member.pk).display_name
    assert new != member.display_name
    assert new in page
    assert "Draw another name" not in page
    assert client.post("/me/name/").status_code == 409


def test_suspended_members_look_but_do_not_act(member: Member, client_of: ClientOf) -> None:
    services.suspend_member(member_id=member.pk)
    client = client_of(member)
    assert "suspended" in client.get("/me/").content.decode()
    for path in ("/me/name/", "/me/location/"):
        assert client.post(path).status_code == 403
    assert client.post("/accounts/logout/").status_code == 302


def test_closed_accounts_and_closed_memberships(member: Member, client_of: ClientOf) -> None:
    client = client_of(member)
    Member.objects.filter(pk=member.pk).update(state=Member.State.CLOSED)
    assert client.get("/me/")["Location"] == "/join/"
    member.user.is_active = False
    member.user.save()
    assert client.get("/me/")["Location"].startswith("/accounts/login/")


def test_a_members_page_tells_public_facts_only(member: Member, client: Client) -> None:
    services.set_location(member_id=member.pk, point=Point(48.41234, 15.60987))
    services.record_review(member_id=member.pk, stars=4)
    page = client.get(f"/members/{member.display_name}/").content.decode()
    assert member.display_name in page
    assert "4.0" in page
    for secret in (member.user.email, "48.41", str(member.pk), str(member.ledger_ref), str(member.user_id)):
        assert secret not in page


def test_members_of_other_communities_are_strangers(member: Member, client_of: ClientOf) -> None:
    stranger = client_of(make_member(make_community()))
    assert stranger.get(f"/members/{member.display_name}/").status_code == 404
    for name in ("BlueBird_0000", "x", "BlueBird_0000%01"):
        assert stranger.get(f"/members/{name}/").status_code == 404


def test_pending_members_have_no_page(client: Client, community: Community) -> None:
    pending = make_member(community, is_confirmed=False)
    assert client.get(f"/members/{pending.display_name}/").status_code == 404


def test_other_contexts_add_sections(member: Member, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "_sections", {})
    words = "account/messages/password_set.txt"
    sections.register("b", template=words, load=lambda owner, viewer: {"for": owner.display_name}, order=2)
    sections.register("a", template="members/join.html", load=lambda owner, viewer: None, order=1)
    found = sections.load_sections(owner=member, viewer=None)
    assert [(section.template, section.content) for section in found] == [(words, {"for": member.display_name})]
    assert "Your password is set." in client.get(f"/members/{member.display_name}/").content.decode()


def test_the_page_is_whole_with_listings_and_reviews(
    member: Member, client: Client, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(12):
        page = client.get(f"/members/{member.display_name}/").content.decode()
    assert "Listed at present" in page


def test_choosing_where_to_act(member: Member, client_of: ClientOf) -> None:
    second = make_community(name="Stein an der Donau")
    client = client_of(member)
    assert "Stein an der Donau" in client.get("/join/").content.decode()
    assert client.post("/join/", {"community": str(second.pk)}).status_code == 302
    other = Member.objects.get(user=member.user, community=second)
    assert other.display_name in client.get("/me/").content.decode()
    client.post("/join/", {"community": str(member.community_id)})
    assert member.display_name in client.get("/me/").content.decode()
    assert client.post("/join/", {"community": str(member.pk)}).status_code == 422
    assert Member.objects.filter(user=member.user).count() == 2


def test_an_account_without_a_membership_chooses_first(
    client: Client, community: Community, client_of: ClientOf
) -> None:
    user = services.open_account(email="lonely@example.org", password=None, is_adult=True)
    assert client_of(user).get("/me/")["Location"] == "/join/"


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"])
def test_forms_refuse_other_sites(path: str, db: None) -> None:
    assert Client(enforce_csrf_checks=True).post(path, {}).status_code == 403


PAGES = [
    *("login/", "signup/", "password/reset/", "password/reset/done/", "password/reset/key/done/", "confirm-email/"),
    *("confirm-email/wrong/", "inactive/", "password/reset/key/1-wrong/"),
]
PAGES_OF_MEMBERS = ["logout/", "email/", "password/change/", "reauthenticate/"]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_of_accounts_is_ours(client: Client, community: Community, path: str) -> None:
    response = client.get(f"/accounts/{path}")
    assert response.status_code == 200
    assert "LocalEx</title>" in response.content.decode()
    assert 'class="page"' in response.content.decode()


@pytest.mark.parametrize("path", PAGES_OF_MEMBERS)
def test_every_page_of_accounts_for_members_is_ours(member: Member, client_of: ClientOf, path: str) -> None:
    response = client_of(member).get(f"/accounts/{path}")
    assert response.status_code == 200
    assert 'class="page"' in response.content.decode()


@pytest.mark.parametrize(
    "way", ["foo", "a b", "é", "?", "#x", "", "//evil.example", "https://evil.example/", "/\\evil"]
)
def test_only_a_path_of_this_site_is_a_way_on(member: Member, client_of: ClientOf, way: str) -> None:
    answer = client_of(member).post("/me/location/", {"lat": "48.42", "lon": "15.61", "next": way})
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_where_it_is_by_map_and_by_postcode(member: Member, client_of: ClientOf) -> None:
    from localex.places.models import Postcode

    client = client_of(member)
    Postcode.objects.create(community=member.community, code="3500", latitude=48.409, longitude=15.603)
    assert client.get("/me/location/").status_code == 200
    assert client.post("/me/location/", {"postcode": " 3500 ", "next": "/trades/"})["Location"] == "/trades/"
    member.refresh_from_db()
    assert member.point == Point(48.409, 15.603)
    assert client.post("/me/location/", {"lat": "48.42", "lon": "15.61", "next": "//evil.example"})["Location"] == "/"
    member.refresh_from_db()
    assert member.point == Point(48.42, 15.61)
    wrong: list[dict[str, str]] = [
        {"postcode": "9999"},
        {"postcode": ""},
        {},
        {"lat": "91", "lon": "0"},
        {"lat": "nan", "lon": "0"},
    ]
    for form in [*wrong, {"lat": "0", "lon": "0"}]:
        response = client.post("/me/location/", form)
        assert response.status_code == 422, form
        assert "error-summary" in response.content.decode()
