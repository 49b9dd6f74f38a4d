"""The page "Our credits", the guide, and what every page says while no credits move."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse

from localex.credits import community, health, seals
from localex.credits.guide import SCRIPT, SOURCE, describe_guide
from localex.credits.models import CheckRun
from localex.credits.queries import Totals
from localex.lib import clock
from localex.members.models import Member
from tests import town
from tests.credits.visits import hold, words

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()


def test_members_see_where_all_credits_are(browser: Client, member: Member) -> None:
    town.new_member(member.community)
    hold(member, 3000)
    text = words(browser, "/credits/community/")
    assert "200 credits in circulation" in text
    assert "With members 170" in text
    assert "Held for trades 30" in text
    assert "Handed out so far 200" in text
    assert "Handed out −200 Where they are now +200 Left over 0" in text
    assert "Fees" not in text
    assert "Not checked yet" in text
    assert re.search(r"Not sealed yet\. The first seal is made at \d\d:(00|15|30|45)\.", text)


def test_another_community_is_not_counted(browser: Client) -> None:
    town.new_member(town.found_community())
    assert "100 credits in circulation" in words(browser, "/credits/community/")


def test_every_part_has_its_place_in_the_bar() -> None:
    parts = community.divide(Totals(10_000, 7_000, 1_000, 2_000, 1_500, 450, 50))
    assert [(part.name, part.percent) for part in parts] == [
        ("members", "70 %"),
        ("held", "10 %"),
        ("fees", "15 %"),
        ("protection", "4 %"),
        ("clearing", "under 1 %"),
    ]
    assert [part.start for part in parts] == [0, 700, 800, 950, 995]
    assert sum(part.length for part in parts) == 1_000
    owing = community.divide(Totals(1_000, 1_500, 0, -500, 0, 0, -500))
    assert [(part.name, part.length) for part in owing] == [("members", 1_000), ("held", 0), ("clearing", 0)]
    assert [part.percent for part in community.divide(Totals(0, 0, 0, 0))] == ["0 %", "0 %"]


def test_the_last_check_and_seal_are_named(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    monkeypatch.setattr(health, "find_last_seal", lambda: health.Seal(7, now, now, bytes(range(32))))
    text = words(browser, "/credits/community/")
    assert "number 7" in text
    body = browser.get("/credits/community/").content.decode()
    seal = body[body.index('id="seal-digest">') + 17 : body.index("</code>", body.index('id="seal-digest"'))]
    assert re.sub(r"<[^>]+>", "", seal) == bytes(range(32)).hex()
    assert seal.count("<wbr>") == 8
    assert f'value="{bytes(range(32)).hex()}"' in body
    assert 'href="/credits/seals/7.json"' in body
    assert 'href="/help/credits/#check-it-on-your-own-computer"' in body


def test_a_check_is_said_with_its_day_and_only_when_it_was_after_the_founding(
    browser: Client, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(when: datetime) -> str:
        run = CheckRun(started_at=when, finished_at=when, scope=CheckRun.FULL, ok=True)
        monkeypatch.setattr(health, "find_last_check", lambda: run)
        return words(browser, "/credits/community/")

    assert re.search(r"Everything was in order today, \d\d:\d\d\.", check(clock.now()))
    assert "Not checked yet." in check(member.community.created_at - timedelta(seconds=1))
    long_ago = clock.now() - timedelta(days=2)
    type(member.community).objects.filter(pk=member.community_id).update(created_at=long_ago - timedelta(days=1))
    assert re.search(r"Everything was in order on \w+day \d+ \w+", check(long_ago))


def test_a_stop_is_said_on_every_page_that_moves_credits(browser: Client, member: Member) -> None:
    other = town.new_member(member.community)
    offer = town.new_offer(other, town.new_listing(member, title="A blue lamp"))
    trade = town.new_trade(other, member, price=5)
    wanted = town.new_listing(other, title="A red lamp")
    pages = (
        "/credits/",
        "/credits/community/",
        f"/trades/{trade.id}/",
        f"/offers/{offer.id}/",
        reverse("trading:make_offer", args=[wanted.id]),
    )
    for address in pages:
        assert "No credits move" not in browser.get(address).content.decode(), address
    with connection.cursor() as cursor:
        words_said = "A check found one line too many."
        cursor.execute("SELECT ledger.stop_postings(%s, %s)", [member.community_id, words_said])
    for address in pages:
        assert "No credits move at the moment" in browser.get(address).content.decode(), address
    assert words_said in words(browser, "/credits/")


@pytest.mark.django_db
def test_the_guide_is_for_everybody() -> None:
    answer = Client().get("/help/credits/")
    body = answer.content.decode()
    assert answer.status_code == 200
    assert body.count("Credits are not money.") == 1
    assert "**" not in re.sub(r"<script.*?</script>", "", body)
    for section in describe_guide()["sections"]:
        assert f'id="{section.anchor}"' in body


def test_the_guide_lies_among_the_documents_word_by_word() -> None:
    assert (DOCS / "members" / "credits.md").read_text() == SOURCE.read_text()


@pytest.mark.django_db
def test_the_script_is_served_to_everybody_and_linked_from_the_guide() -> None:
    answer = Client().get("/help/verify_entry.py")
    assert answer.status_code == 200
    assert answer["Content-Disposition"] == 'attachment; filename="verify_entry.py"'
    assert answer.content == SCRIPT.read_bytes() == (DOCS / "verify_entry.py").read_bytes()
    body = Client().get("/help/credits/").content.decode()
    assert '<a href="../verify_entry.py" download>verify_entry.py</a>' in body
    assert '<code class="guide-command"><span>python3</span> <span>verify_entry.py</span>' in body
    assert 'id="check-it-on-your-own-computer"' in body
    assert '<li><span><strong>Keep a seal.</strong> <a href="/credits/community/">“Our credits”</a>' in body


def test_a_number_that_no_seal_has_is_not_found(browser: Client) -> None:
    for number in ("0", "1", "99999999999999999999999"):
        assert browser.get(f"/credits/seals/{number}.json").status_code == 404


def test_a_seal_is_taken_as_it_was_published(browser: Client, settings: Any, tmp_path: Path) -> None:
    settings.LOCALEX = settings.LOCALEX.model_copy(update={"data_dir": tmp_path})
    seals.publisher().publish(4, "{}\n")
    answer = browser.get("/credits/seals/4.json")
    assert (answer.content, answer["Content-Disposition"]) == (b"{}\n", 'attachment; filename="seal-4.json"')
