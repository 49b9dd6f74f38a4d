"""Join the style sheets of src/localex/web/static/css into css/site.css, the one that pages load.

Usage: python scripts/build_css.py [--check]

The order below is the order of the file; the cascade layers decide who wins. With --check nothing is written and the
exit code is 1 when css/site.css is out of date.
"""

import re
import sys
from pathlib import Path

CSS = Path(__file__).resolve().parent.parent / "src" / "localex" / "web" / "static" / "css"
LAYERS = "@layer tokens, reset, base, vendor, layout, components, pages, utilities;\n"


def list_parts() -> list[Path]:
    """Return the sources in order: tokens, base, layout, then the components by name."""
    return [CSS / "tokens.css", CSS / "base.css", CSS / "layout.css", *sorted((CSS / "components").glob("*.css"))]


def shrink(css: str) -> str:
    """Return `css` without comments and needless space; strings and selectors keep their meaning."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    css = re.sub(r"\s+", " ", css)
    css = re.sub(r"\s*([{};])\s*", r"\1", css)
    css = re.sub(r"([:,]) ", r"\1", css)
    return css.replace(";}", "}").replace("}}", "}}\n").strip() + "\n"


def build_site() -> str:
    """Return the text of css/site.css; addresses become relative to css/, as in tokens.css."""
    parts = []
    for path in list_parts():
        css = path.read_text()
        parts.append(css.replace('url("../../', 'url("../') if path.parent != CSS else css)
    return LAYERS + "".join(shrink(css) for css in parts)


def main(arguments: list[str]) -> None:
    """Write css/site.css, or only compare."""
    target = CSS / "site.css"
    built = build_site()
    if "--check" in arguments:
        raise SystemExit(0 if target.exists() and target.read_text() == built else "css/site.css is out of date")
    target.write_text(built)


if __name__ == "__main__":
    main(sys.argv[1:])
