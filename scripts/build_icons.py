"""Build the icon sprite from the npm package lucide-static.

Usage: python scripts/build_icons.py FOLDER

FOLDER is the unpacked package (it holds `icons/` and `LICENSE`). The names come from src/localex/web/icons.txt; the
result, icons.svg beside it, is committed, so that nobody needs npm to run LocalEx. Pages inline only the symbols that
they use.
"""

import re
import sys
from pathlib import Path

WEB = Path(__file__).resolve().parent.parent / "src" / "localex" / "web"
SHAPE = re.compile(r"<(?:path|circle|rect|line|polyline|polygon|ellipse)\b[^>]*/>")


def read_names(text: str) -> list[str]:
    """Return the icon names in `text`, each once, in the order of the alphabet."""
    lines = (line.strip() for line in text.splitlines())
    return sorted({line for line in lines if line and not line.startswith("#")})


def build_symbol(name: str, svg: str) -> str:
    """Return one icon as a `<symbol>`: its shapes only, because size and stroke come from the class `icon`."""
    shapes = "".join(re.sub(r"\s+", " ", shape).replace(" />", "/>") for shape in SHAPE.findall(svg))
    if not shapes:
        raise ValueError(f"{name}.svg has no shapes")
    return f'<symbol id="i-{name}" viewBox="0 0 24 24">{shapes}</symbol>'


def build_sprite(package: Path) -> str:
    """Return the whole sprite; a missing icon stops with its name."""
    symbols = []
    for name in read_names((WEB / "icons.txt").read_text()):
        source = package / "icons" / f"{name}.svg"
        if not source.exists():
            raise SystemExit(f"lucide-static has no icon called {name}")
        symbols.append(build_symbol(name, source.read_text()))
    head = (
        "<!-- Made by scripts/build_icons.py from icons.txt; Lucide, ISC licence: static/vendor/lucide-LICENSE.txt -->"
    )
    return "\n".join([head, '<svg xmlns="http://www.w3.org/2000/svg">', *symbols, "</svg>", ""])


def main(arguments: list[str]) -> None:
    """Write the sprite and its licence beside the other vendored files."""
    if len(arguments) != 1:
        raise SystemExit(__doc__)
    package = Path(arguments[0])
    (WEB / "icons.svg").write_text(build_sprite(package))
    (WEB / "static" / "vendor" / "lucide-LICENSE.txt").write_text((package / "LICENSE").read_text())


if __name__ == "__main__":
    main(sys.argv[1:])
