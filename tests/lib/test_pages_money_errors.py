"""Cursors, words for credits, the tree of errors, the clock."""

import base64
import contextlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localex.lib import clock, errors, money
from localex.lib.pages import decode_cursor, encode_cursor

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
bigints = st.integers(-(2**63), 2**63 - 1)
values = st.lists(st.none() | bigints | words | st.floats(allow_nan=False, allow_infinity=False), max_size=4)


@given(values)
def test_a_cursor_comes_back_as_it_was(sorted_by: list[object]) -> None:
    assert decode_cursor(encode_cursor(sorted_by), length=len(sorted_by)) == sorted_by


@given(st.text(max_size=600))
def test_any_other_cursor_is_a_bad_request_and_nothing_else(text: str) -> None:
    with contextlib.suppress(errors.BadRequest):
        assert len(decode_cursor(text, length=2)) == 2


@pytest.mark.parametrize(
    "value",
    ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", str(2**63), str(-(2**63) - 1), '"\\u0000"', '"\\ud800"', "[]"],
)
def test_a_cursor_holds_nothing_that_the_database_would_refuse(value: str) -> None:
    with pytest.raises(errors.BadRequest):
        decode_cursor(base64.urlsafe_b64encode(f'["mark",{value},"id"]'.encode()).decode(), length=3)


@pytest.mark.parametrize(
    ("amount", "words"),
    [(0, "0"), (3000, "30"), (1250, "12.50"), (1205, "12.05"), (10_000_000, "100,000"), (-750, "−7.50")],
)
def test_credits_are_shown_without_decimals_when_whole(amount: int, words: str) -> None:
    assert money.display(amount) == words


def test_errors_have_code_status_and_words() -> None:
    error = errors.Unprocessable("Too long.", kept="Your draft is safe.", fields={"title": ["Too long."]})
    assert (error.status, error.code, str(error)) == (422, "unprocessable", "Too long.")
    assert error.fields == {"title": ["Too long."]}
    kinds = (errors.BadRequest, errors.Forbidden, errors.NotFound, errors.Conflict)
    assert [kind.status for kind in kinds] == [400, 403, 404, 409]
    assert (errors.Unprocessable.status, errors.TooManyRequests.status) == (422, 429)


def test_shifts_of_the_clock_add_up_and_end() -> None:
    before = clock.now()
    with clock.shifted(timedelta(days=1)), clock.shifted(timedelta(days=1)):
        assert clock.now() - before > timedelta(days=1, hours=23)
    assert clock.now() - before < timedelta(hours=1)
