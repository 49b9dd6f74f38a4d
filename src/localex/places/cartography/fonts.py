"""The product's typeface inside the map: an SVG shown as an image may load nothing, so the letters travel with it."""

import base64
from collections.abc import Iterable
from pathlib import Path

from django.contrib.staticfiles import finders

# Figtree as the pages use it, by the range of letters that each file holds.
FILES = (
    ("vendor/figtree/figtree-latin-wght-normal.woff2", "U+0000-00FF,U+2000-206F"),
    ("vendor/figtree/figtree-latin-ext-wght-normal.woff2", "U+0100-02BA,U+1E00-1E9F"),
)
LATIN_END, EXTENDED_END = "\u00ff", "\u02ba"


def font_faces(letters: Iterable[str]) -> str:
    """The @font-face rules for the files that hold any of `letters`; empty where the typeface is not installed."""
    needed = set(letters)
    wanted = [any(letter <= LATIN_END for letter in needed)]
    wanted.append(any(LATIN_END < letter <= EXTENDED_END or "\u1e00" <= letter <= "\u1e9f" for letter in needed))
    return "".join(_face(name, span) for (name, span), is_needed in zip(FILES, wanted, strict=True) if is_needed)


def _face(name: str, span: str) -> str:
    found = finders.find(name)
    if not isinstance(found, str):
        return ""
    content = base64.b64encode(Path(found).read_bytes()).decode()
    return (
        "@font-face{font-family:Figtree;font-weight:300 900;"
        f"src:url(data:font/woff2;base64,{content}) format('woff2');unicode-range:{span}}}"
    )
