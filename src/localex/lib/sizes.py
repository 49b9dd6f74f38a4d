"""Sizes as people say them."""

UNITS = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))


def spell_bytes(count: int) -> str:
    """A number of bytes as people say it: `4.2 MB`, by powers of a thousand."""
    for size, unit in UNITS:
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
