"""The category tree as it is written in data/categories.json."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True)
class Branch:
    """One category of the file; `parent` is the slug above it, empty at the top."""

    slug: str
    name: str
    icon: str
    parent: str
    position: int


def read_branches() -> Iterator[Branch]:
    """Every category of the file, each parent before its children. A child without an icon has its parent's."""
    text = resources.files("localex.listings").joinpath("data/categories.json").read_text(encoding="utf-8")
    for position, top in enumerate(json.loads(text)):
        yield Branch(top["slug"], top["name"], top["icon"], "", position)
        for below, child in enumerate(top["children"]):
            yield Branch(child["slug"], child["name"], child.get("icon", top["icon"]), top["slug"], below)
