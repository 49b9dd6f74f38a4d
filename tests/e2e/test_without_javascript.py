"""Reading, searching, signing in, listing and offering, with JavaScript switched off."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pyvips
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.conftest import PHONE, Town
from tests.e2e.person import PASSWORD


def press(page: Page, name: str | re.Pattern[str]) -> None:
    page.get_by_role("main").get_by_role("button", name=name).first.click()


def sign_up(page: Page, town: Town, address: str) -> None:
    page.goto("/accounts/signup/")
    page.get_by_label("E-mail").fill(address)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("I am 18 or older").check()
    asked_at = time.time()
    press(page, "Join")
    page.goto(town.find_link(address, "confirm", after=asked_at))
    press(page, "Confirm my e-mail")
    page.goto("/me/location/")
    page.get_by_label("Postcode").fill("3500")
    press(page, "Use this postcode")


def test_browse_search_sign_in_list_and_offer(
    town: Town, new_context: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    page = new_context(viewport=PHONE, java_script_enabled=False).new_page()
    page.goto("/browse/")
    assert page.locator(".card").count() == 24
    page.get_by_role("main").get_by_role("link", name=re.compile("more|next|older", re.IGNORECASE)).last.click()
    assert page.locator(".card").count() > 0
    page.goto("/search/?q=book")
    page.locator(".card a").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()

    address = f"plain-{time.time_ns()}@krems.invalid"
    sign_up(page, town, address)
    press_sign_out(page)
    page.goto("/trades/")
    page.get_by_label("E-mail").fill(address)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    press(page, "Sign in")
    assert page.url.endswith("/trades/")

    list_without_script(page, tmp_path)
    offer_without_script(page)


def press_sign_out(page: Page) -> None:
    page.goto("/accounts/logout/")
    press(page, "Sign out")


def list_without_script(page: Page, folder: Path) -> None:
    picture = folder / "picture.png"
    pyvips.Image.black(300, 400, bands=3).linear(1, [90, 140, 110]).cast("uchar").pngsave(str(picture))
    page.goto("/listings/new/")
    page.locator("input[type=file]").set_input_files(picture)
    press(page, "Continue")
    page.get_by_label("Title").fill("A kettle without a script")
    page.get_by_label("Category").select_option(index=2)
    press(page, "Continue")
    page.get_by_label(re.compile(r"^\s*Fair")).check()
    press(page, "Continue")
    page.get_by_label("Description").fill("It boils a litre in four minutes and has a small dent beside the handle.")
    press(page, "Continue")
    page.get_by_label("For credits").check()
    page.get_by_label("Price").fill("7")
    press(page, "Continue")
    press(page, "Continue")
    press_until_published(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("A kettle without a script")


def press_until_published(page: Page) -> None:
    """The picture may still be in preparation for a moment; the page says so and keeps everything."""
    for _ in range(20):
        press(page, "Publish")
        if page.get_by_role("button", name="Publish").count() == 0:
            return
        page.wait_for_timeout(500)
    raise AssertionError("the listing could not be published")


def offer_without_script(page: Page) -> None:
    page.goto("/search/?q=book&kind=sale")
    for path in [card.get_attribute("href") for card in page.locator(".card a.card-link").all()]:
        assert path is not None
        page.goto(path)
        if page.get_by_role("link", name="Make an offer").count():  # not on a wanted, which says "I have one"
            break
    page.get_by_role("link", name="Make an offer").click()
    page.get_by_label("Your offer").fill("2")
    press(page, "Send the offer")
    expect(page.get_by_role("main")).to_contain_text("You offered 2 credits")
    press(page, "Withdraw the offer")
    expect(page.get_by_role("main")).to_contain_text("You withdrew this offer")
