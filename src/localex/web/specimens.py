"""Made-up things for /design."""

from typing import Any


def build_specimens() -> dict[str, Any]:
    return {}
