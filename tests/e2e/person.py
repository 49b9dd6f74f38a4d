"""What a person does on the pages of LocalEx, by the words on the screen."""

import re
import time
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.e2e.accessibility import check_page
from tests.e2e.conftest import Town

PASSWORD = "three warm winter evenings"


class Person:
    """Somebody with a browser. Every page that they land on is checked for accessibility, light and dark."""

    def __init__(self, page: Page, town: Town, address: str) -> None:
        self.page = page
        self.town = town
        self.address = address
        self.name = ""

    def visit(self, path: str) -> None:
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"
        self.look()

    def look(self) -> None:
        """Take in the page that is open."""
        self.page.wait_for_load_state()
        check_page(self.page)

    def button(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("main").get_by_role("button", name=name)

    def press(self, name: str | re.Pattern[str]) -> None:
        self.button(name).first.click()
        self.look()

    def follow(self, name: str | re.Pattern[str]) -> None:
        self.page.get_by_role("main").get_by_role("link", name=name).first.click()
        self.look()

    def sign_up(self) -> None:
        """Join, confirm the e-mail by the link in the mail, and say where they are."""
        self.visit("/accounts/signup/")
        self.page.get_by_label("E-mail").fill(self.address)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_label("I am 18 or older").check()
        asked_at = time.time()
        self.press("Join")
        link = self.town.find_link(self.address, "confirm", after=asked_at)
        self.visit(link)
        self.press("Confirm my e-mail")
        if "login" in self.page.url:
            self.sign_in()
        self.visit("/me/")
        self.name = self.page.get_by_role("heading", level=1).inner_text()
        assert re.fullmatch(r"[A-Z][a-z]+[A-Z][a-z]+_\d{4}", self.name)
        self.visit("/me/location/")
        self.page.get_by_label("Postcode").fill("3500")
        self.press("Use this postcode")

    def sign_in(self) -> None:
        self.page.goto("/accounts/login/")
        self.page.get_by_label("E-mail").fill(self.address)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.press("Sign in")

    def available(self) -> str:
        """The balance as the page of credits shows it."""
        self.visit("/credits/")
        return self.page.locator(".purse-figure").inner_text()

    def list_item(self, title: str, pictures: list[Path], *, price: int) -> str:
        """Go through the steps of listing; the address of the published listing."""
        self.visit("/listings/new/")
        self.page.locator("input[type=file]").set_input_files(pictures)
        expect(self.page.locator("[data-tiles] img")).to_have_count(len(pictures), timeout=30_000)
        self.press("Continue")
        self.page.get_by_label("Title").fill(title)
        self.page.get_by_label("Category").select_option(index=3)
        self.press("Continue")
        self.page.get_by_label(re.compile(r"^\s*Good")).check()
        self.press("Continue")
        self.page.get_by_label("Description").fill(
            "Bought three years ago and used on Sundays only. It comes with everything that belongs to it."
        )
        self.press("Continue")
        self.page.get_by_label("For credits").check()
        self.page.get_by_label("Price").fill(str(price))
        self.press("Continue")
        self.press("Continue")
        self.press("Publish")
        return re.sub(r"[?#].*", "", self.page.url)
