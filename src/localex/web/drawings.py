"""Our own small drawings: one ink line, and colour laid a little beside it, as in a two-colour print."""

from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent / "drawings"


@lru_cache(maxsize=64)
def get_drawing(name: str) -> str:
    """Return the SVG of one drawing; its colours come from the classes of css/components/drawings.css."""
    path = FOLDER / f"{name}.svg"
    if not path.exists():
        raise LookupError(f"no drawing called {name}")
    return path.read_text().strip()


def list_drawings() -> list[str]:
    """Return the names of all drawings."""
    return sorted(path.stem for path in FOLDER.glob("*.svg"))
