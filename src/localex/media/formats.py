"""What a picture may be: formats, limits, and the sizes it is kept in. Imported by the child: standard library only."""

from typing import Final

MAX_BYTES: Final = 10 * 1024 * 1024
MAX_PIXELS: Final = 40_000_000
MAX_SIDE: Final = 30_000
MIN_SIDE: Final = 32
SIZES: Final = (200, 600, 1200)  # pixels at the longer edge

# Enough of the beginning to tell the formats apart.
SNIFF_BYTES: Final = 16


def sniff(beginning: bytes) -> str | None:
    """`jpeg`, `png`, `webp`, or None: by the first bytes, because names and declared types are the sender's word."""
    if beginning.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if beginning.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if beginning[:4] == b"RIFF" and beginning[8:12] == b"WEBP":
        return "webp"
    return None
