"""What came from elsewhere and is printed."""

import pytest

from localex.lib.plain import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Gemüse, 90 %\nund 名前", "Gemüse, 90 %\nund 名前"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\rb\tc\x00", "a\\rb\\tc\\x00"),
        ("\udcff", "\\udcff"),
        # Turns the direction of what follows.
        ("\u202eexe", "\\u202eexe"),
    ],
)
def test_nothing_of_it_is_a_command(text: str, shown: str) -> None:
    assert plain(text) == shown
    plain(text).encode()
