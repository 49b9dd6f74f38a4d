"""Makes the pictures of the README from the demo town: phone and desktop, light and dark, in docs/screenshots."""

import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from pyvips import Image

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

from running_town import Visitor, running_town  # noqa: E402

OUT = ROOT / "docs" / "screenshots"
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 800}}


def find_pages() -> tuple[object, dict[str, str]]:
    """A member in the middle of trades, and the addresses worth showing."""
    from localex.trading.models import Trade

    meeting = Trade.objects.filter(community__slug="krems", state="meeting").order_by("id").first()
    agreeing = Trade.objects.filter(community__slug="krems", state="accepted", buyer_pick__isnull=True).first()
    assert meeting is not None
    pages = {
        "front": "/",
        "browse": "/browse/",
        "listing": f"/listings/{meeting.listing_id}/",
        "code": f"/trades/{meeting.id}/#handover",
        "credits": "/credits/",
        "list-an-item": "/listings/new/",
        "trades": "/trades/",
    }
    if agreeing is not None and meeting.buyer_id in {agreeing.buyer_id, agreeing.seller_id}:
        pages["places"] = f"/trades/{agreeing.id}/"
    return meeting.buyer.user_id, pages


def take(browser: Browser, home: str, cookie: dict[str, str], pages: dict[str, str]) -> None:
    """One picture for each page, size and colour scheme."""
    for size, viewport in SIZES.items():
        for scheme in ("light", "dark"):
            context = browser.new_context(
                base_url=home,
                viewport=viewport,
                color_scheme=scheme,
                device_scale_factor=2 if size == "phone" else 1,
            )
            context.add_cookies([{**cookie, "url": home}])
            page = context.new_page()
            for name, path in pages.items():
                page.goto(path)
                page.wait_for_load_state("networkidle")
                shot = page.screenshot()
                # As WebP, a third of the size; no other picture of the repository is bigger than these.
                Image.new_from_buffer(shot, "").webpsave(str(OUT / f"{name}-{size}-{scheme}.webp"), Q=82)
                print(f"docs/screenshots/{name}-{size}-{scheme}.webp", flush=True)
            context.close()


def main() -> None:
    """Start the town, find the pages, take the pictures."""
    OUT.mkdir(parents=True, exist_ok=True)
    with running_town() as town:
        from django.conf import settings

        # Everything that asks the database comes before Playwright, whose loop Django takes for asynchronous code.
        user_id, pages = find_pages()
        name = settings.SESSION_COOKIE_NAME
        cookie = {"name": name, "value": Visitor(town.port, user_id).cookies[name]}
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            take(browser, f"http://127.0.0.1:{town.port}", cookie, pages)
            browser.close()


if __name__ == "__main__":
    main()
