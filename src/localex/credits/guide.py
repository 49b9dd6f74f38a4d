"""How credits and escrow work, for members: one text, shown at /help/credits/ and copied to docs/members/credits.md.

It is written in a small part of Markdown: headings, paragraphs, lists, bold words, `code`, and links to files beside
the page, which are downloads. That is all this reads.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.text import slugify

SOURCE: Final = Path(__file__).parent / "guide.md"
# Text to Python: it is served as it is, and docs/verify_entry.py is the same file.
SCRIPT: Final = Path(__file__).parent / "verify_entry.txt"
_ITEM = re.compile(r"(?:-|\d+\.) ")
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_CODE = re.compile(r"`(.+?)`")
# Pages that the text names; a link of Markdown would lead nowhere in the copy among the documents.
_PAGES: Final = {"“Our credits”": "credits:community"}
_FILE = re.compile(r"\[([^\]]+)\]\((\.\./[a-z_]+\.py)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph (`kind` "p", one item) or a list ("ul" or "ol")."""

    kind: str
    items: list[SafeString]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, the address of it on the page, and what stands below it."""

    title: str
    anchor: str
    blocks: list[Block]


@cache
def describe_guide() -> dict[str, Any]:
    """The context of guide.html: `title`, `lead` (blocks before the first section) and `sections`."""
    title, _, text = SOURCE.read_text(encoding="utf-8").removeprefix("# ").partition("\n")
    lead, *rest = text.split("\n## ")
    sections = []
    for part in rest:
        heading, _, body = part.partition("\n")
        sections.append(Section(heading, slugify(heading), _read_blocks(body)))
    return {"title": title, "lead": _read_blocks(lead), "sections": sections}


def _read_blocks(text: str) -> list[Block]:
    return [_read_block(part.strip()) for part in text.split("\n\n") if part.strip()]


def _read_block(text: str) -> Block:
    if not _ITEM.match(text):
        return Block("p", [_read_words(text)])
    kind = "ul" if text.startswith("-") else "ol"
    return Block(kind, [_read_words(item) for item in re.split(r"^(?:-|\d+\.) ", text, flags=re.MULTILINE)[1:]])


def _read_words(text: str) -> SafeString:
    """One line of escaped text with its bold words, code and files."""
    # Escaped first, so that the only tags are those that are put in below.
    line = str(escape(" ".join(text.split())))
    line = _FILE.sub(r'<a href="\2" download>\1</a>', line)
    for words, page in _PAGES.items():
        line = line.replace(words, f'<a href="{reverse(page)}">{words}</a>')
    return SafeString(_CODE.sub(_show_code, _BOLD.sub(r"<strong>\1</strong>", line)))


def _show_code(found: re.Match[str]) -> str:
    """A command stands on lines of its own, and breaks between its words only; a single word stays in its sentence."""
    parts = found[1].split()
    if len(parts) == 1:
        return f"<code>{found[1]}</code>"
    return f'<code class="guide-command">{" ".join(f"<span>{part}</span>" for part in parts)}</code>'
