"""Reads the content of the demo town: what neighbours offer, where they live, what they say of each other."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from localex.lib.geo import Point
from localex.lib.money import from_whole

CONTENT = Path(__file__).resolve().parent / "content"
EXTRACT = Path(__file__).resolve().parent / "data" / "krems.osm.gz"


@dataclass(frozen=True, slots=True)
class Entry:
    """One listing as its file has it. `price` in hundredths, 0 for a gift; `names` are objects of art.toml."""

    key: str  # category file and number, such as garden/3: also the seed of its pictures
    category: str
    title: str
    description: str
    is_wanted: bool
    condition: str
    price: int
    known_issues: str
    brand: str
    size: str
    names: tuple[str, ...]
    count: int
    shots: int

    @property
    def is_gift(self) -> bool:
        """Whether it costs nothing."""
        return self.price == 0


@dataclass(frozen=True, slots=True)
class Home:
    """Where a neighbour lives."""

    quarter: str
    point: Point


@dataclass(frozen=True, slots=True)
class ReviewText:
    """What somebody says after a trade."""

    stars: int
    text: str
    tags: tuple[str, ...]


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))


def _paragraphs(text: str) -> str:
    """The files wrap their lines for the reader; in a listing only an empty line starts a new paragraph."""
    return "\n\n".join(" ".join(part.split()) for part in text.strip().split("\n\n"))


def _entry(key: str, made: dict[str, Any]) -> Entry:
    shots = made["shots"]
    return Entry(
        key=key,
        category=made["category"],
        title=made["title"],
        description=_paragraphs(made["text"]),
        is_wanted=made.get("wanted", False),
        condition=made.get("condition", ""),
        price=0 if made.get("gift") else from_whole(made["price"]),
        known_issues=made.get("issues", ""),
        brand=made.get("brand", ""),
        size=made.get("size", ""),
        names=(made["art"], *made.get("with", ())) if shots else (),
        count=made.get("count", 1),
        shots=shots,
    )


@cache
def read_entries() -> tuple[Entry, ...]:
    """All listings, category by category."""
    files = sorted((CONTENT / "listings").glob("*.toml"))
    return tuple(
        _entry(f"{path.stem}/{number}", made) for path in files for number, made in enumerate(_read(path)["listing"])
    )


@cache
def read_homes() -> tuple[Home, ...]:
    """All homes, quarter by quarter."""
    return tuple(
        Home(made["quarter"], Point(made["lat"], made["lon"])) for made in _read(CONTENT / "homes.toml")["homes"]
    )


@cache
def read_reviews(about: str) -> tuple[ReviewText, ...]:
    """What is said `about` a "seller" or a "buyer"."""
    return tuple(
        ReviewText(made["stars"], made["text"], tuple(made["tags"]))
        for made in _read(CONTENT / "reviews.toml")[f"about_{about}"]
    )
