"""The icons: Lucide shapes from icons.svg, inlined into a page only when the page uses them."""

import re
from functools import lru_cache
from pathlib import Path

_SYMBOL = re.compile(r'<symbol id="i-([a-z0-9-]+)" viewBox="0 0 24 24">(.*?)</symbol>')


@lru_cache(maxsize=1)
def list_icons() -> dict[str, str]:
    """Return the shapes of every icon, keyed by its Lucide name."""
    return dict(_SYMBOL.findall((Path(__file__).parent / "icons.svg").read_text()))


def get_shapes(name: str) -> str:
    """Return the shapes of one icon; LookupError says how to add one that is missing."""
    try:
        return list_icons()[name]
    except KeyError:
        raise LookupError(f"no icon called {name}: add it to web/icons.txt and run scripts/build_icons.py") from None


def build_sprite(names: set[str]) -> str:
    """Return an invisible `<svg>` with one `<symbol>` for each of `names`."""
    symbols = (f'<symbol id="i-{name}" viewBox="0 0 24 24">{get_shapes(name)}</symbol>' for name in sorted(names))
    return f'<svg class="sprite" width="0" height="0" aria-hidden="true">{"".join(symbols)}</svg>'
