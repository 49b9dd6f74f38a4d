"""Display names: how members know each other. Drawn by chance, so that a name says nothing about its owner."""

import re

from localex.lib import randomness
from localex.members.words import FIRST_WORDS, SECOND_WORDS

NAME_PATTERN = r"^[A-Z][a-z]+[A-Z][a-z]+_\d{4}$"
NAME_LENGTH = 40

_SHAPE = re.compile(NAME_PATTERN + r"\Z", re.ASCII)
_WORDS = re.compile(r"[A-Z][a-z]+", re.ASCII)


def draw_name() -> str:
    """A name such as `BlueBird_7432`: two words and four digits, one of more than 200 million. It may be taken."""
    return f"{randomness.choice(FIRST_WORDS)}{randomness.choice(SECOND_WORDS)}_{randomness.digits(4)}"


def is_name(text: str) -> bool:
    """Whether `text` has the shape of a display name, whatever its words."""
    return len(text) <= NAME_LENGTH and _SHAPE.match(text) is not None


def words_of(name: str) -> tuple[str, str]:
    """The two words of a display name; ValueError when it is none."""
    if not is_name(name):
        raise ValueError(f"{name!r} is not a display name")
    first, second = _WORDS.findall(name)[:2]
    return first, second
