"""From the form to the starter grant, over HTTP; and what the form refuses."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailConfirmationHMAC
from django.core import mail
from django.db import connection
from django.test import Client

from localex.communities.models import Community
from localex.credits.queries import find_balance
from localex.members.models import Member, User
from tests.members.people import PASSWORD, address, link_in, make_community, make_member, sign_in, sign_up


def balance_of(member: Member) -> int:
    return find_balance(community_id=member.community_id, owner=member.ledger_ref).total


def test_from_the_form_to_the_starter_grant(client: Client, community: Community) -> None:
    email = address()
    response = sign_up(client, community, email.upper())
    assert response.status_code == 302
    assert response["Location"] == "/accounts/confirm-email/"
    member = Member.objects.get(user__email=email)
    assert (member.state, member.community, balance_of(member)) == ("pending", community, 0)
    assert member.user.attested_adult_at is not None

    [sent] = mail.outbox
    assert sent.to == [email]
    before = client.session.session_key
    assert client.get(link_in(sent)).status_code == 200, "a scanner that follows links confirms nothing"
    member.refresh_from_db()
    assert member.state == "pending"
    response = client.post(link_in(sent))
    assert response["Location"] == "/me/location/", "signed in, and what is missing comes first"
    assert client.session.session_key != before
    member.refresh_from_db()
    assert (member.state, balance_of(member)) == ("active", community.starter_grant)

    again = client.post(link_in(sent))
    assert again.status_code == 404
    assert balance_of(member) == community.starter_grant


def test_confirming_in_another_browser_does_not_sign_in_there(client: Client, community: Community) -> None:
    sign_up(client, community, address())
    elsewhere = Client()
    response = elsewhere.post(link_in(mail.outbox[0]))
    assert response["Location"] == "/accounts/login/"
    assert "_auth_user_id" not in elsewhere.session
    assert Member.objects.get(user__email=mail.outbox[0].to[0]).is_active


def test_the_link_lasts_a_day(client: Client, community: Community) -> None:
    email = address()
    sign_up(client, community, email)
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=24, minutes=1)):
        assert client.post(link_in(mail.outbox[0])).status_code == 404
        assert Member.objects.get(user__email=email).state == "pending"
        sign_in(client, email)
        assert client.post(link_in(mail.outbox[1])).status_code == 302
    assert Member.objects.get(user__email=email).is_active


@pytest.mark.usefixtures("committed_db")
def test_clicks_at_the_same_moment_confirm_once() -> None:
    community = make_community()
    email = address()
    sign_up(Client(REMOTE_ADDR="10.1.0.1"), community, email)
    path = link_in(mail.outbox[0])

    def click(_: int) -> int:
        try:
            return Client().post(path).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(click, range(12)))
    assert set(statuses) <= {302, 404}
    assert 302 in statuses
    assert balance_of(Member.objects.get(user__email=email)) == community.starter_grant


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password1": "elevenchars"}, "at least 12 characters"),
        ({"password1": "startfinding"}, "too common"),
        ({"password1": "x" * 257}, "at most 256 characters"),
        ({"password1": ""}, "Enter a password."),
        ({"is_adult": ""}, "LocalEx is for adults"),
        ({"email": "nobody"}, "Enter a whole e-mail address"),
        ({"community": "019a0000-0000-7000-8000-000000000000"}, "valid choice"),
    ],
)
def test_what_the_form_refuses(client: Client, community: Community, change: dict[str, str], words: str) -> None:
    response = sign_up(client, community, address(), **change)
    assert words in response.content.decode()
    assert not mail.outbox
    assert not Member.objects.filter(community=community).exists()


@pytest.mark.parametrize("password", ["correct horse battery staple", "zwölf Zeichen…", "111222333444555", "x" * 256])
def test_no_rules_of_composition(client: Client, community: Community, password: str) -> None:
    assert sign_up(client, community, address(), password1=password).status_code == 302


def test_the_only_community_is_chosen_already(client: Client, db: None) -> None:
    Community.objects.update(is_open=False)
    only = make_community()
    page = client.get("/accounts/signup/").content.decode()
    assert f'<input type="hidden" name="community" value="{only.pk}"' in page
    make_community(name="Stein")
    assert "Choose a community" in client.get("/accounts/signup/").content.decode()


def test_without_an_open_community_nobody_can_join(client: Client, db: None) -> None:
    Community.objects.update(is_open=False)
    page = client.get("/accounts/signup/")
    assert page.status_code == 200
    assert "password1" not in page.content.decode()


def test_a_known_address_gets_the_same_answer_and_a_mail(client: Client, community: Community) -> None:
    member = make_member(community)
    fresh, known = Client(), Client()
    new = sign_up(fresh, community, address())
    old = sign_up(known, community, member.user.email.upper(), password1="another quiet heron here")
    assert (new.status_code, new["Location"]) == (old.status_code, old["Location"])
    assert set(new.headers) == set(old.headers)
    assert set(new.cookies) == set(old.cookies)
    assert fresh.get(new["Location"]).content == known.get(old["Location"]).content
    assert [message.to for message in mail.outbox][1] == [member.user.email]
    assert "/accounts/password/reset/" in str(mail.outbox[1].body)
    assert User.objects.filter(email=member.user.email).count() == 1
    assert sign_in(client, member.user.email).status_code == 302, "the password is what it was"


def test_three_accounts_an_hour_from_one_network(community: Community) -> None:
    clients = [Client(REMOTE_ADDR="10.2.0.1") for _ in range(4)]
    statuses = [sign_up(client, community, address()).status_code for client in clients]
    assert statuses == [302, 302, 302, 429]
    assert sign_up(Client(REMOTE_ADDR="10.2.0.2"), community, address()).status_code == 302


def test_a_house_with_ipv6_is_one_network(community: Community) -> None:
    networks = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::7", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::9"]
    statuses = [sign_up(Client(REMOTE_ADDR=each), community, address()).status_code for each in networks]
    assert statuses == [302, 302, 302, 429]
    assert sign_up(Client(REMOTE_ADDR="2001:db8:1:3::1"), community, address()).status_code == 302


def test_links_in_mail_ignore_a_forged_host(client: Client, community: Community, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    client.post(
        "/accounts/signup/",
        {"email": address(), "password1": PASSWORD, "community": str(community.pk), "is_adult": "on"},
        headers={"host": "evil.example"},
    )
    assert settings.LOCALEX.base_url in str(mail.outbox[0].body)
    assert "evil.example" not in str(mail.outbox[0].body)


def test_an_address_confirmed_elsewhere_ends_the_unconfirmed_account(client: Client, community: Community) -> None:
    squatter = make_member(community, is_confirmed=False)
    owner = make_member(community)
    taken = squatter.user.email
    change = owner.user.emailaddress_set.create(email=taken)
    assert client.post(f"/accounts/confirm-email/{EmailConfirmationHMAC(change).key}/").status_code == 302
    owner.user.refresh_from_db()
    assert owner.user.email == taken
    assert not User.objects.filter(pk=squatter.user_id).exists()
