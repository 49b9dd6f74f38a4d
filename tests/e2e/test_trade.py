"""Two people who have never seen LocalEx complete a trade: one on a phone, one on a desktop."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import pyvips
from playwright.sync_api import BrowserContext, expect

from tests.e2e.conftest import DESKTOP, PHONE, Town
from tests.e2e.person import Person


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Two photos as a phone would make them."""
    paths = []
    for number, colour in enumerate(([190, 120, 70], [80, 130, 160])):
        path = tmp_path / f"picture-{number}.jpg"
        noise = pyvips.Image.gaussnoise(900, 1200, mean=0, sigma=14)
        noise.bandjoin([noise, noise]).linear(1, colour).cast("uchar").jpegsave(str(path), Q=88)
        paths.append(path)
    return paths


def test_a_whole_trade_from_sign_up_to_review(
    town: Town, new_context: Callable[..., BrowserContext], pictures: list[Path]
) -> None:
    stamp = time.time_ns()
    seller = Person(new_context(viewport=PHONE, has_touch=True).new_page(), town, f"seller-{stamp}@krems.invalid")
    buyer = Person(new_context(viewport=DESKTOP).new_page(), town, f"buyer-{stamp}@krems.invalid")
    seller.sign_up()
    buyer.sign_up()

    title = f"Wooden garden bench {stamp % 100_000}"
    listing = seller.list_item(title, pictures, price=45)
    find_and_offer(buyer, title, price=40)
    accept(seller, title)
    assert buyer.available() == "60"

    agree_on_place_and_time(seller, buyer, title)
    for person in (seller, buyer):
        open_trade(person, title)
        person.press("I have arrived")

    hand_over(seller, buyer, title)
    assert seller.available() == "140"
    review(buyer, title, "Kind, on time, and the bench is as described.")
    seller.visit(f"/members/{seller.name}/")
    assert "as described" not in seller.page.content()
    review(seller, title, "Came on time and was very friendly.")
    buyer.visit(f"/members/{seller.name}/")
    expect(buyer.page.get_by_role("main")).to_contain_text("the bench is as described")
    buyer.visit(listing)
    buyer.visit("/inbox/")
    expect(buyer.page.get_by_role("main")).to_contain_text(title)


def open_trade(person: Person, title: str) -> None:
    """From the list of trades to the trade about `title`."""
    person.visit("/trades/")
    row = person.page.locator(".item", has_text=title).first
    row.get_by_role("link").click()
    person.look()


def find_and_offer(buyer: Person, title: str, *, price: int) -> None:
    """Search for the thing, open it, offer."""
    buyer.visit("/search/")
    buyer.page.get_by_role("main").get_by_role("searchbox").first.fill(title)
    buyer.page.get_by_role("main").get_by_role("searchbox").first.press("Enter")
    buyer.look()
    buyer.follow(title)
    buyer.follow("Make an offer")
    buyer.page.get_by_label("Your offer").fill("4000")
    buyer.press("Send the offer")
    expect(buyer.page.get_by_role("alert")).to_contain_text("less than you offer")
    buyer.page.get_by_label("Your offer").fill(str(price))
    buyer.press("Send the offer")
    expect(buyer.page.get_by_role("main")).to_contain_text(f"You offered {price} credits")


def accept(seller: Person, title: str) -> None:
    """Answer the offer that waits on the front page."""
    seller.visit("/")
    expect(seller.page.get_by_role("main")).to_contain_text(title)
    seller.visit("/trades/")
    seller.page.locator(".item", has_text=title).get_by_role("link").click()
    seller.look()
    seller.press(re.compile("^Accept"))
    expect(seller.page.get_by_role("main")).to_contain_text("40 credits are held safely")


def agree_on_place_and_time(seller: Person, buyer: Person, title: str) -> None:
    """The seller chooses and proposes first; the buyer agrees to both."""
    seller.press(re.compile("^Choose this place"))
    seller.page.locator("input[name=choice]").first.check(force=True)
    seller.press("Propose this time")
    open_trade(buyer, title)
    buyer.press(re.compile("^Agree to this place"))
    buyer.press(re.compile("^Agree to"))
    expect(buyer.page.get_by_role("main")).to_contain_text("Where and when")


def hand_over(seller: Person, buyer: Person, title: str) -> None:
    """A wrong code first, then what the buyer's screen shows."""
    open_trade(seller, title)
    seller.page.get_by_label("The buyer's code").fill("000 000")
    seller.press(re.compile("^Receive"))
    expect(seller.page.get_by_role("alert")).to_contain_text("4 tries left")
    open_trade(buyer, title)
    digits = re.sub(r"\D", "", buyer.page.locator(".code-digits .visually-hidden").inner_text())
    assert len(digits) == 6
    assert buyer.page.locator(".code-qr svg").is_visible()
    seller.page.get_by_label("The buyer's code").fill(digits)
    seller.press(re.compile("^Receive"))
    expect(seller.page.get_by_role("main")).to_contain_text("40 credits were released to you")


def review(person: Person, title: str, words: str) -> None:
    """Five stars and a sentence."""
    open_trade(person, title)
    person.page.get_by_label(re.compile(r"^\s*5")).check(force=True)
    person.page.get_by_label("Friendly").check(force=True)
    person.page.get_by_label("Your words").fill(words)
    person.press("Send the review")
