"""The pages that belong to no other context, and the headers of all."""

import pytest
from django.test import Client

from localex.members.models import Member
from tests import town

MOST_QUERIES = 12
SAVEPOINT = 2  # in a test the request's transaction is a savepoint, begun and released


def test_visitors_learn_what_it_is_and_see_what_is_on_offer(client: Client, member: Member) -> None:
    town.new_listing(member, title="A red bicycle for the summer")
    town.new_listing(member, title="Somebody to mend a kettle", direction="wanted")
    html = client.get("/").content.decode()
    assert "without money and without giving away who you are" in html
    assert "A red bicycle for the summer" in html
    assert "Somebody to mend a kettle" not in html
    assert 'href="/accounts/signup/"' in html
    assert html.count("How we keep this") == 3


def test_visitors_of_an_empty_installation_still_get_a_page(client: Client, db: None) -> None:
    assert client.get("/").status_code == 200


def test_members_see_what_waits_for_them_first(as_member: Client, member: Member) -> None:
    buyer = town.new_member(member.community)
    town.new_offer(buyer, town.new_listing(member, price=30))
    html = as_member.get("/").content.decode()
    assert html.index("Waiting for you") < html.index("New near you")
    assert "Answer the offer of 30 credits" in html
    assert buyer.display_name in html


def test_members_with_nothing_to_do_are_told_so(as_member: Client) -> None:
    html = as_member.get("/").content.decode()
    assert "Nothing is waiting for you" in html
    assert "The board is still empty" in html


def test_the_front_page_needs_few_queries(
    as_member: Client, member: Member, django_assert_max_num_queries: pytest.FixtureRequest
) -> None:
    others = [town.new_member(member.community) for _ in range(3)]
    for other in others:
        town.new_listing(other)
        town.new_offer(other, town.new_listing(member))
        town.new_trade(member, other, price=5)
    as_member.get("/")
    with django_assert_max_num_queries(MOST_QUERIES + SAVEPOINT):  # type: ignore[operator]
        as_member.get("/")


def test_design_is_for_staff(client: Client, as_member: Client) -> None:
    assert client.get("/design/").status_code == 404
    assert as_member.get("/design/").status_code == 404


def test_design_shows_every_component(as_staff: Client) -> None:
    response = as_staff.get("/design/")
    assert response.status_code == 200
    html = response.content.decode()
    for mark in (
        "tag-large",
        "card-note",
        "station-off",
        "turn-mine",
        "code-digits",
        "bars-mine",
        "error-summary",
        "dialog",
    ):
        assert mark in html, mark


def test_monitors_get_plain_answers(client: Client, db: None) -> None:
    assert client.get("/livez").content == b"ok\n"
    assert client.get("/readyz").json() == {"ready": True, "postgresql": "up"}


@pytest.mark.parametrize("address", ["/", "/accounts/login/", "/accounts/signup/", "/nowhere/"])
def test_nothing_unsafe_is_allowed_to_run(client: Client, db: None, address: str) -> None:
    policy = client.get(address)["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy
    assert "object-src 'none'" in policy
    assert "*" not in policy


@pytest.mark.parametrize("address", ["/", "/livez", "/nowhere/"])
def test_visitors_get_no_cookie(client: Client, db: None, address: str) -> None:
    assert not client.get(address).cookies


def test_the_chosen_appearance_is_drawn_from_the_start(client: Client, db: None) -> None:
    client.cookies["theme"] = "dark"
    assert 'data-theme="dark"' in client.get("/").content.decode()
    client.cookies["theme"] = '"><script>'
    assert "data-theme" not in client.get("/").content.decode().split("<body")[0]


def test_one_page_has_one_sprite_with_what_it_uses(as_member: Client) -> None:
    html = as_member.get("/").content.decode()
    sprite = html[html.index('<svg class="sprite"') :]
    for name in set(html.split('href="#i-')[1:]):
        assert f'id="i-{name.split(chr(34))[0]}"' in sprite
    assert "i-washing-machine" not in html


def test_times_are_those_of_the_community(as_member: Client, member: Member) -> None:
    trade = town.new_trade(member, town.new_member(member.community))
    html = as_member.get(f"/trades/{trade.id}/").content.decode()
    assert trade.deadline_at is not None
    assert f"{trade.deadline_at.astimezone(member.community.zone):%H:%M}" in html
