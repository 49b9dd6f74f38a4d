"""Budgets and rules of style sheets and scripts: small, ours, and coloured by tokens only."""

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.processes import run_python

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "src" / "localex" / "web"
CSS = WEB / "static" / "css"
JS = WEB / "static" / "js"
COLOUR = re.compile(r"#[0-9a-f]{3,8}\b(?!.*url)|\b(?:rgba?|hsla?|oklch|oklab|lab|lch|color)\(", re.I)
WRITTEN = sorted(path for path in CSS.rglob("*.css") if path.name not in {"tokens.css", "site.css", "leaflet.css"})
KILOBYTE = 1000


def packed(*paths: Path) -> int:
    """Bytes of the files, each compressed as a server would."""
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths)


def test_the_joined_style_sheet_is_up_to_date() -> None:
    script = ROOT / "scripts" / "build_css.py"
    done = run_python(script, "--check")
    assert done.returncode == 0, f"run scripts/build_css.py: {done.stderr}"


def test_a_page_needs_at_most_30_kb_of_style() -> None:
    largest_page = max(packed(path) for path in (CSS / "pages").glob("*.css"))
    assert packed(CSS / "site.css") + largest_page <= 30 * KILOBYTE


def test_a_page_needs_at_most_60_kb_of_script() -> None:
    every_module_of_ours = packed(*JS.glob("*.js"))
    htmx = packed(WEB / "static" / "vendor" / "htmx-4.0.1.min.js")
    assert packed(JS / "app.js") + htmx <= 20 * KILOBYTE
    assert every_module_of_ours + htmx <= 60 * KILOBYTE


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(CSS)))
def test_colours_come_from_tokens(path: Path) -> None:
    css = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    found = [match.group(0) for match in COLOUR.finditer(css) if match.group(0) != "color("]
    assert not found, f"{path.name} has raw colours: {found}"


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(CSS)))
def test_only_known_tokens_are_named(path: Path) -> None:
    defined = set(re.findall(r"(--[a-z0-9-]+)\s*:", "".join(one.read_text() for one in CSS.rglob("*.css"))))
    used = set(re.findall(r"var\((--[a-z0-9-]+)\s*\)", path.read_text()))
    by_script = {"--share", "--number"}
    assert used - defined - by_script == set()


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(CSS)))
def test_styles_say_start_and_end_not_left_and_right(path: Path) -> None:
    css = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    physical = re.findall(
        r"(?:^|[;{\s])((?:margin|padding|border)-(?:left|right|top|bottom)|(?:left|right|top|bottom))\s*:", css
    )
    assert not physical


def test_both_dark_sets_are_the_same() -> None:
    css = (CSS / "tokens.css").read_text()
    sets = re.findall(r"color-scheme: dark;(.*?)\n\s*}", css, flags=re.S)
    assert len(sets) == 2
    first, second = ([line.strip() for line in one.strip().splitlines()] for one in sets)
    assert first == second


def test_scripts_are_modules_that_make_no_code_and_ask_no_third_party() -> None:
    for path in JS.glob("*.js"):
        text = path.read_text()
        assert not re.search(r"\beval\(|new Function|setAttribute\(\s*[\"']style|https?://", text), path.name
        assert "export" in text or path.name == "app.js", path.name
        assert len(text.splitlines()) <= 400


def test_hashed_names_hold_together(tmp_path: Path, settings: Any) -> None:
    """What a real server does: every address inside a style sheet and every import of a module is hashed too."""
    storage = {"BACKEND": "localex.config.static.HashedStaticFilesStorage", "OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": storage}
    settings.STATIC_ROOT = tmp_path
    call_command("collectstatic", verbosity=0, interactive=False)
    site = next(tmp_path.glob("css/site.*.css")).read_text()
    assert re.search(r"figtree-latin-wght-normal\.[0-9a-f]{12}\.woff2", site)
    leaflet = next(tmp_path.glob("css/leaflet.*.css")).read_text()
    assert re.search(r"vendor/leaflet/images/layers\.[0-9a-f]{12}\.png", leaflet)


def test_vendored_things_come_with_their_licences() -> None:
    vendor = WEB / "static" / "vendor"
    for licence in ("htmx-LICENSE.txt", "lucide-LICENSE.txt", "figtree/LICENSE.txt", "leaflet/LICENSE.txt"):
        assert (vendor / licence).stat().st_size > 100
