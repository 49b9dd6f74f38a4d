"""The handoff code against the published test values and the clock."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localex.trading import codes

RFC_SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    # RFC 6238, appendix B, SHA-1, the last six of eight digits.
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_code_equals_the_values_of_rfc_6238(seconds: int, code: str) -> None:
    assert codes.code_at(RFC_SECRET, datetime.fromtimestamp(seconds, UTC)) == code


@given(secret=st.binary(min_size=20, max_size=20), age=st.integers(0, 600), at=st.integers(90, 2**32))
def test_code_is_good_for_90_seconds_at_most(secret: bytes, age: int, at: int) -> None:
    shown = datetime.fromtimestamp(at, UTC)
    code = codes.code_at(secret, shown)
    typed = shown + timedelta(seconds=age)
    if age < 60:
        assert codes.is_code(secret, code, typed)
    if age >= 90:
        good = {codes.code_at(secret, typed - timedelta(seconds=back)) for back in (0, 30, 60)}
        assert codes.is_code(secret, code, typed) == (code in good)


@given(digits=st.text(max_size=8))
def test_anything_else_is_no_code(digits: str) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    good = {codes.code_at(RFC_SECRET, now - timedelta(seconds=back)) for back in (0, 30, 60)}
    assert codes.is_code(RFC_SECRET, digits, now) == (digits in good)


def test_the_next_code_comes_within_30_seconds() -> None:
    assert codes.seconds_left(datetime.fromtimestamp(60, UTC)) == 30
    assert codes.seconds_left(datetime.fromtimestamp(89, UTC)) == 1
