"""Makes the pictures of the README from the demo town: phone and desktop, light and dark, in docs/screenshots."""

import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

from running_town import RunningTown, Visitor, running_town  # noqa: E402

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
        "code": f"/trades/{meeting.id}/",
        "credits": "/credits/",
        "list-an-item": "/listings/new/",
        "trades": "/trades/",
    }
    if agreeing is not None and meeting.buyer_id in {agreeing.buyer_id, agreeing.seller_id}:
        pages["places"] = f"/trades/{agreeing.id}/"
    return meeting.buyer.user_id, pages


def take(browser: Browser, town: RunningTown, user_id: object, pages: dict[str, str]) -> None:
    """One picture for each page, size and colour scheme."""
    from django.conf import settings

    for size, viewport in SIZES.items():
        for scheme in ("light", "dark"):
            context = browser.new_context(
                base_url=f"http://127.0.0.1:{town.port}",
                viewport=viewport,
                color_scheme=scheme,
                device_scale_factor=2 if size == "phone" else 1,
            )
            session = Visitor(town.port, user_id).cookies[settings.SESSION_COOKIE_NAME]
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": f"http://127.0.0.1:{town.port}"}]
            )
            page = context.new_page()
            for name, path in pages.items():
                page.goto(path)
                page.wait_for_load_state("networkidle")
                page.screenshot(path=OUT / f"{name}-{size}-{scheme}.png")
                print(f"docs/screenshots/{name}-{size}-{scheme}.png", flush=True)
            context.close()


def main() -> None:
    """Start the town, find the pages, take the pictures."""
    OUT.mkdir(parents=True, exist_ok=True)
    with running_town() as town, sync_playwright() as playwright:
        user_id, pages = find_pages()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        take(browser, town, user_id, pages)
        browser.close()


if __name__ == "__main__":
    main()
