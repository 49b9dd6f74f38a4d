"""Filters, words, chart, file and paper of the statement, over HTTP."""

import csv
import io
import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from localex.credits import chart, exports, services
from localex.credits.fates import Fate
from localex.credits.wording import name_fate
from localex.lib import clock
from localex.lib.ids import new_id
from localex.members.models import Member
from tests import town
from tests.credits.conftest import in_days
from tests.credits.test_pages import hold, words

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _uncollected_files(settings: Any) -> None:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture
def member() -> Member:
    return town.new_member(town.found_community())


@pytest.fixture
def other(member: Member) -> Member:
    return town.new_member(member.community)


@pytest.fixture
def browser(member: Member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def rows_of(answer: Any) -> list[dict[str, str]]:
    body = b"".join(answer.streaming_content)
    assert body.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))


def test_a_hold_is_said_by_what_became_of_it(browser: Client, member: Member, other: Member) -> None:
    paid, back, open_one = (hold(member, 1000) for _ in range(3))
    services.release(key=new_id(), trade_id=paid, payee=other.ledger_ref, actor=None)
    services.refund(key=new_id(), trade_id=back, actor=None)
    text = words(browser)
    assert "Paid for a trade −10" in text
    assert "For a trade, returned to you since −10" in text
    assert "For a trade, held safely until the handover −10" in text
    assert open_one


def test_what_is_paid_is_said_to_the_seller(member: Member, other: Member) -> None:
    trade = town.complete(town.new_trade(member, other, price=12))
    client = Client()
    client.force_login(member.user)
    assert f"Paid to you for “{trade.listing.title}” +12" in words(client)
    assert f"with {other.display_name}" in words(client)


@pytest.mark.parametrize(
    ("state", "how", "returned", "name"),
    [
        ("held", "", 0, "held"),
        ("released", "release", 0, "paid"),
        ("released", "release", 5, "paid in part"),
        ("refunded", "refund", 0, "returned"),
        ("refunded", "expiry", 0, "run out"),
    ],
)
def test_fates_have_names(state: str, how: str, returned: int, name: str) -> None:
    fate = Fate(True, state, in_days(), how, 100, 0, 0, returned)
    assert name_fate(fate) == name


def test_filters_by_kind_stand_as_chips(browser: Client, member: Member) -> None:
    hold(member, 1000)
    text = words(browser, "/credits/?kind=spent&since=&until=&partner=")
    assert "Remove filter: Held or paid for trades" in text
    assert "Welcome credits" not in text
    assert "Balance 90" in text
    assert "Welcome credits" in words(browser, "/credits/?kind=given")


def test_filters_by_date_in_the_communitys_time(browser: Client, member: Member) -> None:
    today = clock.now().astimezone(member.community.zone).date()
    assert "Welcome credits" in words(browser, f"/credits/?since={today}&until={today}")
    before = words(browser, f"/credits/?until={today - timedelta(days=1)}")
    assert "No line fits all of that" in before
    assert "Show the whole statement" in before


@pytest.mark.parametrize(
    "query",
    ["since=yesterday", "kind=nonsense", "until=0001-01-01", "since=2026-02-02&until=2026-01-01", "since=9999-12-31"],
)
def test_a_wrong_filter_is_explained_and_filters_nothing(browser: Client, query: str) -> None:
    answer = browser.get(f"/credits/?{query}")
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert "Welcome credits" in answer.content.decode()
    assert browser.get(f"/credits/statement.csv?{query}").status_code == 400
    assert browser.get(f"/credits/print/?{query}").status_code == 400


def test_filters_by_counterparty(browser: Client, member: Member, other: Member) -> None:
    trade = town.new_trade(other, member, price=8)
    text = words(browser, f"/credits/?partner={other.display_name}")
    assert trade.listing.title in text
    assert "Welcome credits" not in text
    text = words(browser, "/credits/?partner=community")
    assert "Welcome credits" in text
    assert f"For “{trade.listing.title}”" not in text


def test_a_stranger_cannot_be_told_from_nobody(browser: Client, member: Member, other: Member) -> None:
    stranger = town.new_member(member.community)
    town.new_trade(other, stranger, price=8)
    answers = []
    for name in (stranger.display_name, "NoSuch_0000"):
        answer = browser.get("/credits/", {"partner": name})
        answers.append(answer.context["form"].errors["partner"])
        assert stranger.display_name not in str(answer.context["form"]["partner"])
    assert answers[0] == answers[1]


def test_nobody_sees_lines_of_somebody_else(browser: Client, member: Member, other: Member) -> None:
    stranger = town.new_member(member.community)
    trade = town.new_trade(other, stranger, price=8)
    for address in ("/credits/", "/credits/print/"):
        assert str(trade.id) not in browser.get(address).content.decode()
    assert {row["trade"] for row in rows_of(browser.get("/credits/statement.csv"))} == {""}


def test_the_file_respects_filters_and_says_its_dates(browser: Client, member: Member, other: Member) -> None:
    trade = town.new_trade(other, member, price=8)
    today = clock.now().astimezone(member.community.zone).date()
    answer = browser.get("/credits/statement.csv", {"kind": "spent", "since": today, "until": today})
    assert answer.headers["Content-Disposition"] == f'attachment; filename="localex-credits-{today}-to-{today}.csv"'
    assert "no-store" in answer.headers["Cache-Control"]
    (row,) = rows_of(answer)
    assert row["kind"] == "hold"
    assert (row["amount"], row["balance after"]) == ("-8.00", "92.00")
    assert row["with"] == other.display_name
    assert row["trade"] == str(trade.id)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+]\d\d:\d\d", row["time"])


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert exports.disarm(text) == f"'{text}"
    assert exports.disarm("plain = text") == "plain = text"


def test_a_long_file_says_where_it_ends(browser: Client, member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        hold(member, 1)
    monkeypatch.setattr(exports, "MAX_LINES", 2)
    rows = rows_of(browser.get("/credits/statement.csv"))
    assert len(rows) == 3
    assert "Older lines are left out" in rows[-1]["what"]


def test_the_sheet_has_opening_and_closing_balance(browser: Client, member: Member, other: Member) -> None:
    town.new_trade(other, member, price=8)
    today = clock.now().astimezone(member.community.zone).date()
    text = words(browser, f"/credits/print/?since={today}")
    assert "Balance before 0" in text
    assert "Balance after 92" in text
    assert "Came in 100 , went out −8" in text
    assert member.display_name in text


def test_the_chart_is_bounded_and_has_a_table(browser: Client, member: Member) -> None:
    hold(member, 2500)
    for span in ("90", "365", "all", "nonsense"):
        found = browser.get("/credits/", {"chart": span}).context["chart"]
        assert (found.first.balance, found.last.balance) == (0, 7500) or span == "all"
        assert found.last.balance == 7500
        assert len(found.rows) <= chart.STEPS + 1
        assert found.ticks[0] >= found.highest
        assert found.line.startswith("M0.0 ")
    body = browser.get("/credits/").content.decode()
    assert "style=" not in body.partition("<main")[2]
    assert 'aria-labelledby="course-name course-words"' in body


def test_a_chart_goes_below_zero_when_the_balance_does() -> None:
    day = clock.now()
    points = [chart.Point(day + timedelta(days=n), amount) for n, amount in enumerate((0, 4200, -1250, -1250))]
    drawn = chart.draw("90", points)
    assert drawn.ticks == (5000, 0, -5000)
    assert drawn.zero == 100.0
    assert drawn.line == "M0.0 100.0H240.0V16.0H480.0V125.0H720.0"
    assert [point.balance for point in drawn.rows] == [-1250, 4200, 0]


def test_accounts_without_a_community_choose_one_first() -> None:
    user = town.member_services.open_account(email="nobody-yet@test.example", password=None, is_adult=True)
    client = Client()
    client.force_login(user)
    for address in ("/credits/", "/credits/print/", "/credits/statement.csv", "/credits/community/"):
        answer = client.get(address)
        assert (answer.status_code, answer.headers.get("Location")) == (302, "/join/"), address
        assert client.post(address).status_code == 405


def test_dates_are_said_as_people_do() -> None:
    assert exports.say_date(date(2026, 11, 4)) == "4 November 2026"
