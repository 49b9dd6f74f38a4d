"""Display names: their shape, their words, and that chance is the only author."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localex.lib import randomness
from localex.members.names import NAME_LENGTH, draw_name, is_name, words_of
from localex.members.words import COLOURS, CREATURES, FIRST_WORDS, SECOND_WORDS

SHAPE = re.compile(r"[A-Z][a-z]+[A-Z][a-z]+_[0-9]{4}")


@settings(deadline=None)
@given(st.integers())
def test_every_drawn_name_has_the_shape(seed: int) -> None:
    with randomness.seeded(seed):
        name = draw_name()
    assert SHAPE.fullmatch(name)
    assert is_name(name)
    first, second = words_of(name)
    assert (first in FIRST_WORDS, second in SECOND_WORDS) == (True, True)


@given(st.text(max_size=50))
def test_only_names_are_names(text: str) -> None:
    assert is_name(text) == (SHAPE.fullmatch(text) is not None and len(text) <= NAME_LENGTH)


@pytest.mark.parametrize("text", ["", "bluebird_7432", "BlueBird_743", "BlueBird_7432\n", "BlueBird_٧٤٣٢", "Blue_7432"])
def test_near_misses(text: str) -> None:
    assert not is_name(text)
    with pytest.raises(ValueError, match="not a display name"):
        words_of(text)


def test_words_are_many_and_told_apart() -> None:
    assert min(len(FIRST_WORDS), len(SECOND_WORDS)) >= 100
    for words in (FIRST_WORDS, SECOND_WORDS):
        assert len(words) == len({word.lower() for word in words})
        assert all(re.fullmatch(r"[A-Z][a-z]+", word) for word in words)
    assert not set(FIRST_WORDS) & set(SECOND_WORDS)
    assert len(COLOURS) == len(CREATURES) == 12
