"""Filters, words, chart, file and paper of the statement, over HTTP."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from localex.communities.services import update_community
from localex.credits import chart, exports, health, pages, services
from localex.credits.fates import Fate
from localex.credits.wording import _say_when, name_fate
from localex.lib import clock
from localex.lib.ids import new_id
from localex.members.models import Member
from tests import town
from tests.credits.conftest import in_days
from tests.credits.visits import hold, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(member: Member) -> Member:
    return town.new_member(member.community)


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
    text = words(town.browser_of(member))
    assert f"Paid to you for “{trade.listing.title}” +12" in text
    assert f"with {other.display_name}" in text


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
def test_a_wrong_filter_is_explained_and_finds_nothing(browser: Client, query: str) -> None:
    answer = browser.get(f"/credits/?{query}")
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert "Welcome credits" not in answer.content.decode()
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


def test_nobody_is_offered_with_whom_only_gifts_changed_hands(browser: Client, member: Member, other: Member) -> None:
    giver = town.new_member(member.community)
    town.complete(town.new_trade(giver, member, kind="gift"))
    town.new_trade(other, member, price=8)
    names = [name for name, _ in browser.get("/credits/").context["form"].fields["partner"].choices]
    assert names == ["", "community", other.display_name]


def test_the_day_of_a_payment_is_said_beside_the_line_of_its_hold() -> None:
    when = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
    said = [_say_when(when + later, when) for later in (timedelta(hours=1), timedelta(days=2), timedelta(days=70))]
    assert [re.sub(r"\d\d:", "HH:", words) for words in said] == ["at HH:30", "on 5 November", "on 12 January 2027"]


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
    assert (row["kind"], row["code"], row["fee"]) == ("Held or paid for trades", "hold", "")
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
    assert "Came in 100 , went out 8 , in credits" in text
    assert member.display_name in text


def test_the_chart_is_bounded_and_has_a_table(browser: Client, member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    hold(member, 2500)
    # On the first day there is nothing to draw.
    assert browser.get("/credits/").context["chart"] is None
    later = clock.now() + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    for span in ("90", "365", "all", "nonsense"):
        found = browser.get("/credits/", {"chart": span}).context["chart"]
        # A new member's begins with the end of the day before they came.
        assert [point.balance for point in found.rows] == [7500, 0]
        assert (found.first.balance, found.last.balance) == (0, 7500)
        assert found.ticks[0] >= found.highest
        assert found.line.startswith("M0.0 ")
    body = browser.get("/credits/").content.decode()
    assert "style=" not in body.partition("<main")[2]
    assert 'aria-labelledby="course-name course-words"' in body


def test_the_chart_looks_at_the_ends_of_local_days() -> None:
    vienna = ZoneInfo("Europe/Vienna")
    now = datetime(2026, 11, 23, 15, 40, tzinfo=vienna)

    def ends(span: str, came: datetime) -> list[str]:
        found = chart.list_moments(span, came, now, vienna)
        assert 1 <= len(found) <= chart.STEPS
        assert {(moment.hour, moment.minute) for moment in found} == {(0, 0)}
        return [f"{moment:%Y-%m-%d}" for moment in found]

    new, old = now - timedelta(days=2), now - timedelta(days=4000)
    for span in chart.SPANS:
        assert ends(span, new) == ["2026-11-21", "2026-11-22", "2026-11-23"]
        assert ends(span, now) == ["2026-11-23"]
    assert (ends("90", old)[0], ends("90", old)[-1], len(ends("90", old))) == ("2026-08-26", "2026-11-23", 90)
    weeks = [datetime.fromisoformat(day) for day in ends("365", old)]
    assert {week.weekday() for week in weeks} == {0}
    assert (weeks[0], weeks[-1]) == (datetime(2025, 11, 24), datetime(2026, 11, 23))
    assert ends("all", old)[0] < "2015-12-20"


def test_a_chart_goes_below_zero_when_the_balance_does() -> None:
    day = clock.now()
    points = [chart.Point(day + timedelta(days=n), amount) for n, amount in enumerate((0, 4200, -1250, -1250))]
    drawn = chart.draw("90", points)
    assert drawn.ticks == (5000, None, -1500)
    assert drawn.zero == pytest.approx(153.85, abs=0.01)
    assert drawn.line == "M0.0 153.8H240.0V24.6H480.0V192.3H720.0"
    assert [point.balance for point in drawn.rows] == [-1250, 4200, 0]


def test_accounts_without_a_community_choose_one_first() -> None:
    user = town.member_services.open_account(email="nobody-yet@test.example", password=None, is_adult=True)
    client = town.browser_of(user)
    for address in ("/credits/", "/credits/print/", "/credits/statement.csv", "/credits/community/"):
        answer = client.get(address)
        assert (answer.status_code, answer.headers.get("Location")) == (302, "/join/"), address
        assert client.post(address).status_code == 405


def test_dates_are_said_as_people_do() -> None:
    assert exports.say_date(date(2026, 11, 4)) == "4 November 2026"


def test_a_filtered_sheet_has_no_frame_that_does_not_add_up(browser: Client, member: Member, other: Member) -> None:
    town.new_trade(other, member, price=8)
    for query in ("kind=spent", f"partner={other.display_name}"):
        text = words(browser, f"/credits/print/?{query}")
        assert "Balance before" not in text
        assert "Balance after" not in text
        assert "held safely until the handover" in text


def test_the_file_has_a_column_of_fees(browser: Client, member: Member, other: Member) -> None:
    update_community(community_id=member.community_id, fee_fixed_buyer=50, fee_fixed_seller=100)
    town.complete(town.new_trade(other, member, price=8))
    town.complete(town.new_trade(member, other, price=6))
    rows = {row["code"]: row for row in rows_of(browser.get("/credits/statement.csv"))}
    assert (rows["hold"]["amount"], rows["hold"]["fee"]) == ("-8.50", "0.50")
    assert (rows["release"]["amount"], rows["release"]["fee"]) == ("5.00", "1.00")
    assert rows["release"]["kind"] == "Paid to you"
    assert (rows["starter_grant"]["fee"], rows["starter_grant"]["kind"]) == ("", "Given to you")


def test_only_sealed_lines_have_a_proof(browser: Client, member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()

    def seal(until: datetime) -> None:
        monkeypatch.setattr(health, "find_last_seal", lambda: health.Seal(1, until, until, b""))

    seal(now - timedelta(minutes=1))
    body = browser.get("/credits/").content.decode()
    assert "/credits/proof/" not in body
    assert re.search(r"A line without it gets its proof with the next seal, at \d\d:(00|15|30|45)\.", body)
    seal(now + timedelta(minutes=1))
    body = browser.get("/credits/").content.decode()
    assert body.count("/credits/proof/") == 1
    assert "next seal" not in body


def test_a_line_that_nobody_sealed_in_time_promises_nothing(
    browser: Client, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = clock.now()
    assert re.search(r"Each line gets its proof with the next seal, at \d\d:\d\d\.", words(browser))
    old = real - timedelta(hours=1)
    monkeypatch.setattr(health, "find_last_seal", lambda: health.Seal(1, old, old, b""))
    monkeypatch.setattr(clock, "now", lambda: real + timedelta(hours=1))
    assert "A line without it gets its proof with the next seal. What for?" in words(browser)
    assert pages.find_next_seal(datetime(2026, 11, 23, 2, 44, 59, tzinfo=UTC)).minute == 45
    assert pages.find_next_seal(datetime(2026, 11, 23, 2, 45, tzinfo=UTC)).hour == 3


def test_a_slip_in_a_filter_shows_no_lines(browser: Client, member: Member) -> None:
    hold(member, 100)
    body = browser.get("/credits/", {"since": "2026-11-20", "until": "2026-11-10"}).content.decode()
    assert "This day is before the first one." in body
    assert body.index('class="purse-days"') < body.index("This day is before the first one.")
    assert "Nothing is shown until the filter fits." in body
    assert 'class="line"' not in body
    assert "/credits/statement.csv" not in body


def test_the_lengths_of_the_chart_are_offered_when_they_differ(browser: Client, member: Member) -> None:
    assert "course-spans" not in browser.get("/credits/").content.decode()
    zone, now = member.community.zone, clock.now()

    def offered(days: int) -> list[str]:
        course = chart.Course("90", now, zone, now - timedelta(days=days), [])
        return [span["value"] for span in chart.list_spans(course)]

    assert [offered(days) for days in (10, 91, 400)] == [[], ["90", "all"], ["90", "365", "all"]]


def test_the_ways_on_are_said_twice_for_two_widths(browser: Client) -> None:
    """What a phone shows below the lines is below them for the keyboard, too."""
    body = browser.get("/credits/").content.decode()
    assert body.index("purse-beside") < body.index('class="purse-days"') < body.index("purse-below")
