"""axe-core on the page that is open: no violation, neither light nor dark."""

from functools import cache
from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}

LOOKS = 3
SETTLED_MS = 60  # a change of the colour scheme is drawn, transitions of 1 ms included


@cache
def _script() -> str:
    (path,) = Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")
    return path.read_text()


def _find_violations(page: Page, scheme: str) -> list[str]:
    """What is broken and stays so: a page that is half-way between two colour schemes is looked at again."""
    found: list[str] = []
    for _ in range(LOOKS):
        result = page.evaluate("rules => axe.run(document, rules)", RULES)
        found = []
        for violation in result["violations"]:
            places = [node["html"][:160] for node in violation["nodes"][:3]]
            found.append(f"{page.url} ({scheme}): {violation['id']}: {violation['help']}: {places}")
        if not found:
            break
        page.wait_for_timeout(SETTLED_MS * 10)
    return found


def check_page(page: Page) -> None:
    """AssertionError naming each rule and where it is broken."""
    found: list[str] = []
    size = page.viewport_size
    assert size is not None
    # As tall as the page, so that the bar at the bottom covers nothing that a thumb could scroll free.
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": max(height, size["height"])})
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.evaluate("Promise.allSettled(document.getAnimations().map((one) => one.finished))")
        page.wait_for_timeout(SETTLED_MS)
        # Evaluated by the browser's debugger, so that the page's own Content-Security-Policy stays as strict as it is.
        page.evaluate(_script())
        found += _find_violations(page, scheme)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(size)
    assert found == [], "\n".join(found)
