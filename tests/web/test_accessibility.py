"""axe-core finds nothing on /design, the front page and the door, in light and dark; keyboard and maps work."""

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Browser, Page

from tests.web.conftest import show

if TYPE_CHECKING:
    from localex.members.models import Member

PHONE = {"width": 390, "height": 844}


def open_page(browser: Browser, client: Client, address: str, scheme: str = "light", *, bypass: bool = True) -> Page:
    context = browser.new_context(viewport=PHONE, color_scheme=scheme, bypass_csp=bypass)  # type: ignore[arg-type]
    page = context.new_page()
    page.problems = []  # type: ignore[attr-defined]
    page.on("console", lambda said: page.problems.append(said.text) if said.type == "error" else None)  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.problems.append(str(error)))  # type: ignore[attr-defined]
    show(page, client, address)
    return page


def explain(results: list[dict[str, object]]) -> str:
    return "\n".join(f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in results)  # type: ignore[attr-defined]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", ["/design/", "/"])
def test_nobody_is_shut_out_of_what_members_see(browser: Browser, as_staff: Client, address: str, scheme: str) -> None:
    page = open_page(browser, as_staff, address, scheme)
    found = Axe().run(page).response["violations"]
    assert not found, explain(found)
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", ["/credits/", "/credits/print/", "/credits/community/", "/help/credits/"])
def test_nobody_is_shut_out_of_their_credits(
    browser: Browser, member: "Member", as_member: Client, address: str, scheme: str
) -> None:
    from tests import town

    other = town.new_member(member.community)
    town.complete(town.new_trade(other, member, price=12))
    town.new_trade(other, member, price=8)
    page = open_page(browser, as_member, address, scheme)
    page.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")
    found = Axe().run(page).response["violations"]
    assert not found, explain(found)
    page.set_viewport_size({"width": 360, "height": 780})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.context.close()


def test_the_pages_of_credits_break_no_rule_of_their_policy(browser: Browser, as_member: Client) -> None:
    for address in ("/credits/", "/credits/print/", "/credits/community/"):
        page = open_page(browser, as_member, address, bypass=False)
        page.wait_for_timeout(100)
        assert page.problems == [], address  # type: ignore[attr-defined]
        page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", ["/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/no/"])
def test_nobody_is_shut_out_of_what_visitors_see(
    browser: Browser, client: Client, db: None, address: str, scheme: str
) -> None:
    page = open_page(browser, client, address, scheme)
    found = Axe().run(page).response["violations"]
    assert not found, explain(found)
    page.context.close()


def test_design_fits_a_small_phone_and_breaks_no_rule_of_its_policy(browser: Browser, as_staff: Client) -> None:
    page = open_page(browser, as_staff, "/design/", bypass=False)
    page.set_viewport_size({"width": 360, "height": 780})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.problems == []  # type: ignore[attr-defined]
    page.context.close()


def test_a_mistake_takes_the_focus(browser: Browser, as_staff: Client) -> None:
    page = open_page(browser, as_staff, "/design/")
    assert page.evaluate("document.activeElement.className") == "error-summary"
    page.context.close()


def test_a_dialog_opens_and_closes_by_keyboard(browser: Browser, as_staff: Client) -> None:
    page = open_page(browser, as_staff, "/design/", bypass=False)
    page.locator("[popovertarget=ask]").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#ask").is_visible()
    assert page.evaluate("document.activeElement.textContent") == "Keep it"
    page.keyboard.press("Escape")
    assert page.locator("#ask").is_hidden()
    page.context.close()


def test_a_pasted_code_is_put_in_order(browser: Browser, as_staff: Client) -> None:
    page = open_page(browser, as_staff, "/design/", bypass=False)
    field = page.locator("#code-input")
    field.fill("48-29 13")
    page.wait_for_function("document.getElementById('code-input').value === '482 913'")
    page.context.close()


def test_a_map_takes_a_point_by_keyboard(browser: Browser, as_staff: Client) -> None:
    page = open_page(browser, as_staff, "/design/", bypass=False)
    page.locator(".map-pick").scroll_into_view_if_needed()
    page.wait_for_selector(".map-pick .leaflet-control-zoom")
    page.locator(".map-pick .leaflet-container").focus()
    page.keyboard.press("Enter")
    assert float(page.locator("#lat").input_value()) == pytest.approx(48.41, abs=0.2)
    assert page.problems == []  # type: ignore[attr-defined]
    page.context.close()
