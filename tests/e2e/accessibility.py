"""axe-core on the page that is open: no violation, neither light nor dark."""

from functools import cache
from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@cache
def _script() -> str:
    (path,) = Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")
    return path.read_text()


def check_page(page: Page) -> None:
    """AssertionError naming each rule and where it is broken."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        # Evaluated by the browser's debugger, so that the page's own Content-Security-Policy stays as strict as it is.
        page.evaluate(_script())
        result = page.evaluate("rules => axe.run(document, rules)", RULES)
        for violation in result["violations"]:
            places = [node["html"][:160] for node in violation["nodes"][:3]]
            found.append(f"{page.url} ({scheme}): {violation['id']}: {violation['help']}: {places}")
    page.emulate_media(color_scheme="light")
    assert found == [], "\n".join(found)
