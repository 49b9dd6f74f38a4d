"""Rules for every template of every context."""

import re
from pathlib import Path

import pytest
from django.template import engines

from localex.web.drawings import list_drawings
from localex.web.icons import get_shapes, list_icons

SOURCE = Path(__file__).resolve().parents[2] / "src" / "localex"
TEMPLATES = sorted(SOURCE.glob("*/templates/**/*.html"))
PAGES = [path for path in TEMPLATES if "mail" not in path.parts]  # mail programs know no style sheets
WEB_TEMPLATES = SOURCE / "web" / "templates"


def name(path: Path) -> str:
    """The name by which a template is loaded."""
    return str(path.relative_to(next(one for one in path.parents if one.name == "templates")))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_it_compiles(path: Path) -> None:
    # By its text: the templates of the demo belong to an app that tests do not install.
    assert engines["django"].from_string(path.read_text())


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_it_needs_nothing_that_the_content_policy_forbids(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\sstyle\s*=", text), "style attribute"
    assert not re.search(r"<[^>]*\son[a-z]+\s*=", text), "inline handler"
    assert "hx-on" not in text
    assert "javascript:" not in text
    for script in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in script or "nonce=" in script


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_its_icons_and_drawings_exist(path: Path) -> None:
    text = path.read_text()
    for icon in re.findall(r'{%\s*icon "([^"]+)"', text) + re.findall(r'\bicon(?:_name)?="([^"]+)"', text):
        assert icon in list_icons(), icon
    for drawing in re.findall(r'\bdrawing(?:=| )"([^"]+)"', text):
        assert drawing in list_drawings(), drawing


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_it_fits_a_screen_or_a_few(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("path", sorted((WEB_TEMPLATES / "components").glob("*.html")), ids=name)
def test_each_component_says_what_it_takes(path: Path) -> None:
    assert "{% comment %}" in path.read_text()


def test_categories_have_icons_that_exist() -> None:
    text = (SOURCE / "listings" / "data" / "categories.json").read_text()
    for icon in re.findall(r'"icon": "([^"]+)"', text):
        assert get_shapes(icon)


def test_a_missing_icon_says_how_to_add_it() -> None:
    with pytest.raises(LookupError, match=r"icons\.txt"):
        get_shapes("no-such-thing")
