"""The inbox: whose it is, what is unread, how it is grouped and paged."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from localex.lib import clock
from localex.lib.ids import new_id
from localex.members.models import Member
from localex.notifications import queries, services
from localex.notifications.errors import NoticeNotFound
from localex.notifications.models import Notice, Subject
from tests import town

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    return town.new_member(town.found_community(places=0))


@pytest.fixture
def browser(member: Member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


@pytest.fixture
def told(member: Member) -> Callable[..., Notice]:
    other = town.new_member(member.community)

    def tell(thing: str = "Bicycle", *, ago: timedelta = timedelta(0), **changes: Any) -> Notice:
        with clock.shifted(-ago):
            facts = {"who": other.display_name, "thing": thing, "amount": 3000}
            wanted = {"member": member, "actor": other, "kind": "offer_made", "facts": facts}
            wanted |= {"community": member.community, "subject": Subject.OFFER, "subject_id": new_id()}
            return Notice.objects.create(**wanted | changes)

    return tell


def page(browser: Client, address: str = "/inbox/") -> str:
    answer = browser.get(address)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    return answer.content.decode()


def test_an_empty_inbox_says_what_will_come(browser: Client) -> None:
    html = page(browser)
    assert "Nothing here yet" in html
    assert "Mark all read" not in html


def test_notices_stand_under_their_days(browser: Client, told: Callable[..., Notice]) -> None:
    told("Bicycle")
    told("Lamp", ago=timedelta(days=1))
    old = told("Pram", ago=timedelta(days=9))
    html = page(browser)
    headings = re.findall(r"<h2>(.+?)</h2>", html)
    assert headings[:2] == ["Today", "Yesterday"]
    assert headings[2].startswith(f"{old.created_at:%A}") or len(headings[2]) > 6
    assert html.index("Bicycle") < html.index("Lamp") < html.index("Pram")
    assert "offers 30 credits for your “Bicycle”" in html


def test_the_words_of_others_are_escaped(browser: Client, told: Callable[..., Notice]) -> None:
    told("<script>alert(1)</script>")
    assert "<script>alert(1)" not in page(browser)


def test_opening_one_leads_to_its_subject_and_reads_what_belongs_to_it(
    browser: Client, member: Member, told: Callable[..., Notice]
) -> None:
    subject_id = new_id()
    earlier, notice = told(subject_id=subject_id), told(subject_id=subject_id)
    other = told()
    assert queries.count_unread(member) == 3
    answer = browser.get(f"/inbox/{notice.id}/")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/offers/{subject_id}/")
    for read in (earlier, notice):
        read.refresh_from_db()
        assert read.read_at is not None
    other.refresh_from_db()
    assert other.read_at is None
    assert queries.count_unread(member) == 1


def test_mark_all_read(browser: Client, member: Member, told: Callable[..., Notice]) -> None:
    told(), told()
    html = page(browser)
    assert html.count('class="visually-hidden">Unread: ') == 2
    assert browser.get("/inbox/read/").status_code == 405
    assert browser.post("/inbox/read/").status_code == 302
    assert queries.count_unread(member) == 0
    assert "Unread: " not in page(browser)


def test_it_is_nobody_elses(member: Member, told: Callable[..., Notice]) -> None:
    notice = told()
    stranger = town.new_member(member.community)
    client = Client()
    client.force_login(stranger.user)
    assert client.get(f"/inbox/{notice.id}/").status_code == 404
    assert "Bicycle" not in page(client)
    client.post("/inbox/read/")
    notice.refresh_from_db()
    assert notice.read_at is None
    with pytest.raises(NoticeNotFound):
        services.open_notice(actor=stranger, notice_id=notice.id)


def test_a_visitor_is_asked_to_sign_in(told: Callable[..., Notice]) -> None:
    for answer in (Client().get("/inbox/"), Client().get(f"/inbox/{told().id}/"), Client().post("/inbox/read/")):
        assert answer.status_code == 302
        assert "/accounts/login/" in answer.headers["Location"]


def test_marking_read_from_another_site_is_refused(member: Member) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member.user)
    assert client.post("/inbox/read/").status_code == 403


def test_pages_go_on_where_the_last_ended(browser: Client, member: Member, told: Callable[..., Notice]) -> None:
    for number in range(5):
        told(f"Thing {number}")
    first = queries.list_inbox(member=member, limit=3)
    assert [notice.facts["thing"] for notice in first.items] == ["Thing 4", "Thing 3", "Thing 2"]
    second = queries.list_inbox(member=member, limit=3, cursor=first.next_cursor)
    assert [notice.facts["thing"] for notice in second.items] == ["Thing 1", "Thing 0"]
    assert second.next_cursor is None
    assert "That is everything" in page(browser, f"/inbox/?cursor={first.next_cursor}")
    assert browser.get("/inbox/?cursor=damaged").status_code == 400


def test_the_number_of_queries_does_not_grow(browser: Client, told: Callable[..., Notice]) -> None:
    told()
    page(browser)
    with CaptureQueriesContext(
        connection,
    ) as few:
        page(browser)
    for number in range(20):
        told(f"Thing {number}", ago=timedelta(days=number))
    with CaptureQueriesContext(connection) as many:
        page(browser)
    assert len(many) == len(few) <= 12


def test_counting_reads_one_index_and_stops_at_a_hundred(member: Member, told: Callable[..., Notice]) -> None:
    example = told()
    Notice.objects.bulk_create(
        Notice(community=member.community, member=member, kind=example.kind, subject="offer", subject_id=new_id())
        for _ in range(150)
    )
    with CaptureQueriesContext(connection) as captured:
        assert queries.count_unread(member) == queries.MAX_COUNTED
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {captured.captured_queries[0]['sql']}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert len(captured) == 1
    assert "notice_unread" in plan
