"""The statement page."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from localex.credits import references, services
from localex.credits.references import About
from localex.credits.wording import KINDS
from localex.lib.ids import new_id
from localex.members.models import Member
from tests import town
from tests.credits.visits import hold, words

pytestmark = pytest.mark.django_db


def test_visitors_are_sent_to_sign_in() -> None:
    answer = Client().get("/credits/")
    assert answer.status_code == 302
    assert "/credits/" in answer.headers["Location"]


def test_the_balance_and_its_first_line(browser: Client) -> None:
    text = words(browser)
    assert "100 credits to spend" in text
    assert "Welcome credits" in text
    assert "+100" in text
    assert "held safely" not in text
    assert "Held for trades 0 Balance and held 100" in text
    assert "Balance 100" in text


def test_what_is_held_stands_apart_and_links_to_its_trade(browser: Client, member: Member) -> None:
    trade_id = hold(member, 3000)
    text = words(browser)
    assert "70 credits to spend" in text
    assert "Held for trades under way 30 Balance and held 100" in text
    assert "For a trade, held safely until the handover −30" in text
    assert f'href="/trades/{trade_id}/"' in browser.get("/credits/").content.decode()


def test_lines_name_the_listing_of_their_trade(browser: Client, member: Member) -> None:
    trade = town.new_trade(town.new_member(member.community), member, price=30)
    assert f"For “{trade.listing.title}”, held safely until the handover" in words(browser)


def test_lines_name_the_trade_when_somebody_knows_it(
    browser: Client, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade_id = hold(member, 3000)

    class Book:
        def describe(self, *, owner: Any, references: Any, postings: Any) -> Any:
            return {trade_id: About("A <red> bicycle", "BlueBird_1234")}

        def list_partners(self, **_: Any) -> Any:
            return ["BlueBird_1234"]

    monkeypatch.setattr(references, "_book", Book())
    assert "For “A &lt;red&gt; bicycle”, held safely until the handover" in words(browser)
    services.refund(key=new_id(), trade_id=trade_id, actor=None)
    text = words(browser)
    assert "For “A &lt;red&gt; bicycle”, returned to you since" in text
    assert "Returned to you from “A &lt;red&gt; bicycle”" in text
    assert "with BlueBird_1234" in text


def test_a_new_member_finds_an_empty_statement() -> None:
    member = town.new_member(town.found_community(places=0, starter=0))
    text = words(town.browser_of(member))
    assert "0 credits to spend" in text
    assert "Nothing has moved yet" in text


def test_pages_follow_each_other(browser: Client, member: Member) -> None:
    for _ in range(35):
        hold(member, 1)
    first = browser.get("/credits/")
    following = first.context["page"].next_cursor
    assert len(first.context["page"].items) == 30
    second = browser.get("/credits/", {"cursor": following})
    assert len(second.context["page"].items) == 6
    assert "This is where your credits began" in second.content.decode()
    assert browser.get("/credits/", {"cursor": "nonsense"}).status_code == 400


def test_queries_do_not_grow_with_the_lines(
    browser: Client, member: Member, django_assert_max_num_queries: Callable[[int], AbstractContextManager[Any]]
) -> None:
    for _ in range(12):
        hold(member, 1)
    services.refund(key=new_id(), trade_id=hold(member, 1), actor=None)
    # Twelve, and the savepoint round each request in a test; with every filter one more.
    with django_assert_max_num_queries(14):
        browser.get("/credits/")
    with django_assert_max_num_queries(14):
        browser.get("/credits/", {"since": "2026-01-01", "until": "2026-12-31", "kind": "spent"})
    with django_assert_max_num_queries(15):
        browser.get("/credits/", {"since": "2026-01-01", "partner": "community", "chart": "365"})


def test_every_kind_of_posting_has_words(member: Member) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT unnest(enum_range(NULL::ledger.journal_kind))::text")
        assert {row[0] for row in cursor.fetchall()} == set(KINDS)


def test_staff_see_the_ledger_and_change_nothing(member: Member) -> None:
    hold(member, 3000)
    staff = member.user
    staff.is_staff = staff.is_superuser = True
    staff.save()
    client = town.browser_of(staff)
    for name in ("account", "journal", "hold"):
        page = client.get(f"/staff/credits/{name}/", {"q": str(member.community_id)})
        assert page.status_code == 200
        assert client.get(f"/staff/credits/{name}/", {"q": "nobody"}).status_code == 200
        assert client.get(f"/staff/credits/{name}/add/").status_code == 403
        shown = page.context["cl"].queryset.first() if name == "account" else None
        if shown is not None:
            one = client.get(f"/staff/credits/{name}/{shown.pk}/change/")
            assert one.status_code == 200
            assert client.post(f"/staff/credits/{name}/{shown.pk}/change/", {"kind": "x"}).status_code == 403
