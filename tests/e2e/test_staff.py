"""The staff pages work in a real browser: their theme needs JavaScript that the other pages' policy forbids."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from tests.e2e.conftest import DESKTOP, Town


def test_a_coordinator_looks_at_trades_and_the_ledger(town: Town, new_context: Callable[..., BrowserContext]) -> None:
    page = new_context(viewport=DESKTOP).new_page()
    page.goto("/demo/")
    page.locator("li, article", has_text="oordinator").last.get_by_role("button").click()
    for path, words in [
        ("/staff/", "LocalEx staff"),
        ("/staff/trading/trade/", "trade"),
        ("/staff/members/member/", "member"),
        ("/staff/communities/community/", "Krems"),
        ("/staff/places/safeplace/", "place"),
        ("/staff/credits/account/", "account"),
        ("/staff/operations/", "Last proven restore"),
    ]:
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        expect(page.locator("body")).to_contain_text(words)
        # The search palette stays shut until Alpine, which the strict policy would block, has run.
        page.wait_for_function("() => typeof Alpine !== 'undefined'")
