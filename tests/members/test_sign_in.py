"""Signing in and out: sessions, limits, and that no answer tells who has an account."""

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from localex.communities.models import Community
from localex.members.models import Member, User
from tests.members.people import PASSWORD, address, link_in, make_community, make_member, sign_in

WRONG = "some other pass phrase"


def without_tokens(response: HttpResponse, *words: str) -> str:
    """The page without what differs each time: tokens, nonces, and the words that were typed."""
    import re

    page = response.content.decode()
    for word in words:
        page = page.replace(word, "")
    return re.sub(r'(csrfmiddlewaretoken" value|nonce)="[^"]*"', "", page)


def test_the_session_gets_a_new_key_and_ends_with_sign_out(client: Client, member: Member) -> None:
    session = client.session
    session["planted"] = "x"
    session.save()
    planted = session.session_key
    client.cookies["localex_session"] = planted
    assert sign_in(client, member.user.email.upper()).status_code == 302
    key = client.session.session_key
    assert key != planted
    client.post("/accounts/logout/")
    client.cookies["localex_session"] = key
    assert client.get("/me/").status_code == 302, "the old key opens nothing"


def test_a_session_key_of_somebodys_choice_is_not_adopted(client: Client, member: Member) -> None:
    client.cookies["localex_session"] = "chosenbysomebodyelse000000000000"
    sign_in(client, member.user.email)
    assert client.session.session_key != "chosenbysomebodyelse000000000000"


@pytest.mark.parametrize(
    ("wanted", "lands"),
    [
        ("/trades/", "/trades/"),
        ("https://evil.example/", "/me/location/"),
        ("//evil.example/", "/me/location/"),
        ("javascript:alert(1)", "/me/location/"),
        ("http://localhost/trades/", "/me/location/"),
        ("/" + "x" * 3_000, "/me/location/"),
    ],
)
def test_next_leads_nowhere_else(client: Client, member: Member, wanted: str, lands: str) -> None:
    assert sign_in(client, member.user.email, next=wanted)["Location"] == lands


def test_unknown_and_known_accounts_get_the_same_answer(member: Member) -> None:
    nobody = address()
    known = sign_in(Client(), member.user.email, WRONG)
    unknown = sign_in(Client(), nobody, WRONG)
    assert known.status_code == unknown.status_code == 200
    assert without_tokens(known, member.user.email) == without_tokens(unknown, nobody)
    assert "is not right" in known.content.decode()
    varying = {"Content-Length", "Content-Security-Policy", "Expires"}  # the typed address, the nonce, the second
    for name in set(known.headers) | set(unknown.headers):
        assert name in varying or known[name] == unknown[name]


def test_an_unknown_account_takes_as_long(member: Member, settings: Any) -> None:
    """Both are one hash of a password, of 20 ms or more. Processor time, because other tests run beside this one."""

    def seconds(email: str, network: str) -> float:
        client = Client(REMOTE_ADDR=network)
        started = time.thread_time()
        assert sign_in(client, email, WRONG).status_code == 200
        return time.thread_time() - started

    settings.SIGN_INS_PER_ACCOUNT = 100
    pairs = [
        (seconds(member.user.email, f"10.3.{index}.1"), seconds(address(), f"10.3.{index}.2")) for index in range(15)
    ]
    known, unknown = (statistics.median(times) for times in zip(*pairs, strict=True))
    assert abs(known - unknown) < 0.012


def test_five_wrong_passwords_close_the_door_for_a_while(member: Member) -> None:
    client = Client(REMOTE_ADDR="10.4.0.1")
    assert [sign_in(client, member.user.email, WRONG).status_code for _ in range(6)] == [200] * 5 + [429]
    refused = sign_in(client, member.user.email)
    assert refused.status_code == 429
    page = refused.content.decode()
    assert "Too many failed sign-ins. Try again in 15 minutes" in page
    assert sign_in(Client(REMOTE_ADDR="10.4.0.2"), member.user.email).status_code == 302, "their own network is open"
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=15)):
        assert sign_in(client, member.user.email).status_code == 302


def test_an_unknown_account_is_locked_just_the_same(db: None) -> None:
    client, nobody = Client(REMOTE_ADDR="10.4.1.1"), address()
    assert [sign_in(client, nobody, WRONG).status_code for _ in range(6)] == [200] * 5 + [429]


def test_many_networks_get_twenty_guesses_at_an_account(member: Member) -> None:
    statuses = [
        sign_in(Client(REMOTE_ADDR=f"10.5.{index}.1"), member.user.email, WRONG).status_code for index in range(22)
    ]
    assert statuses == [200] * 20 + [429] * 2


def test_one_network_gets_twenty_guesses_at_all_accounts(db: None) -> None:
    client = Client(REMOTE_ADDR="10.6.0.1")
    statuses = [sign_in(client, address(), WRONG).status_code for _ in range(22)]
    assert statuses == [200] * 20 + [429] * 2


def test_right_passwords_do_not_count(member: Member) -> None:
    client = Client(REMOTE_ADDR="10.7.0.1")
    for _ in range(25):
        assert sign_in(client, member.user.email).status_code == 302
        client.post("/accounts/logout/")


def test_an_unconfirmed_account_stays_outside_and_gets_three_links(client: Client, community: Community) -> None:
    member = make_member(community, is_confirmed=False)
    for _ in range(5):
        assert sign_in(client, member.user.email)["Location"] == "/accounts/confirm-email/"
        assert client.get("/me/").status_code == 302
    assert len(mail.outbox) == 3


def test_staff_sign_in_at_the_same_door(client: Client, db: None) -> None:
    response = client.get("/staff/login/", follow=True)
    assert response.redirect_chain[0][0].startswith("/accounts/login/")


def test_reset_answers_the_same_for_everybody(client: Client, member: Member) -> None:
    known = Client().post("/accounts/password/reset/", {"email": member.user.email})
    unknown = Client().post("/accounts/password/reset/", {"email": address()})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert set(known.headers) == set(unknown.headers)
    assert "no account" in str(mail.outbox[1].body)


def test_a_reset_ends_every_session_and_the_lock(
    client: Client, member: Member, client_of: Callable[..., Client]
) -> None:
    elsewhere = client_of(member)
    assert elsewhere.get("/me/").status_code == 200
    for _ in range(5):
        sign_in(client, member.user.email, WRONG)
    client.post("/accounts/password/reset/", {"email": member.user.email})
    path = link_in(mail.outbox[0])
    form = client.get(path, follow=True)
    action = form.redirect_chain[-1][0]
    assert "at least 12" in client.post(action, {"password1": "short"}).content.decode()
    assert client.post(action, {"password1": "an entirely new phrase"}).status_code == 302
    assert elsewhere.get("/me/").status_code == 302
    assert sign_in(client, member.user.email, PASSWORD).status_code == 200
    assert sign_in(client, member.user.email, "an entirely new phrase").status_code == 302
    assert Client().get(path, follow=True).context["token_fail"], "a link works once"


def test_another_secret_key_ends_sessions_and_links_and_no_password(
    client: Client, member: Member, client_of: Callable[..., Client], settings: Any
) -> None:
    """What docs/operators/security.md promises to whoever replaces secrets/secret_key."""
    elsewhere = client_of(member)
    assert elsewhere.get("/me/").status_code == 200
    client.post("/accounts/password/reset/", {"email": member.user.email})
    path = link_in(mail.outbox[0])
    assert not Client().get(path, follow=True).context.get("token_fail")

    settings.SECRET_KEY = "a key that was made after the break-in"

    assert elsewhere.get("/me/").status_code == 302
    assert Client().get(path, follow=True).context["token_fail"]
    assert sign_in(Client(), member.user.email, PASSWORD).status_code == 302


def test_three_resets_an_hour(member: Member) -> None:
    form = {"email": member.user.email}
    statuses = [Client().post("/accounts/password/reset/", form).status_code for _ in range(4)]
    assert statuses == [302] * 3 + [429]
    nobody = {"email": address()}
    statuses = [Client().post("/accounts/password/reset/", nobody).status_code for _ in range(4)]
    assert statuses == [302] * 3 + [429]


def test_changing_the_password_ends_the_other_sessions_only(member: Member, client_of: Callable[..., Client]) -> None:
    here, elsewhere = client_of(member), client_of(member)
    elsewhere.get("/me/")
    form = {"oldpassword": PASSWORD, "password1": "an entirely new phrase"}
    assert here.post("/accounts/password/change/", form)["Location"] == "/me/"
    assert here.get("/me/").status_code == 200
    assert elsewhere.get("/me/").status_code == 302
    assert [message.subject for message in mail.outbox] == ["Your LocalEx password was changed"]


def test_guessing_the_old_password_on_a_borrowed_phone(member: Member, client_of: Callable[..., Client]) -> None:
    phone = client_of(member)
    form = {"oldpassword": WRONG, "password1": "an entirely new phrase"}
    assert [phone.post("/accounts/password/change/", form).status_code for _ in range(6)] == [200] * 5 + [429]


def test_changing_the_address_needs_the_password_and_the_link(member: Member) -> None:
    client, wanted = Client(), address()
    sign_in(client, member.user.email)
    response = client.post("/accounts/email/", {"email": wanted, "action_add": ""})
    assert response["Location"].startswith("/accounts/reauthenticate/"), "being signed in is not enough"
    assert not mail.outbox
    assert client.post(response["Location"], {"password": WRONG}).status_code == 200
    assert client.post(response["Location"], {"password": PASSWORD}).status_code == 302
    assert mail.outbox[-1].to == [wanted]
    assert User.objects.get(pk=member.user_id).email == member.user.email
    client.post(link_in(mail.outbox[-1]))
    assert User.objects.get(pk=member.user_id).email == wanted
    assert sign_in(Client(), wanted).status_code == 302
    assert sign_in(Client(), member.user.email).status_code == 200


@pytest.mark.usefixtures("committed_db")
def test_a_crowd_of_guesses_gets_no_more_than_five_looked_at() -> None:
    email = make_member(make_community()).user.email

    def guess(_: int) -> int:
        try:
            return sign_in(Client(REMOTE_ADDR="10.8.0.1"), email, WRONG).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(guess, range(16)))
    assert (statuses.count(200), statuses.count(429)) == (5, 11)
