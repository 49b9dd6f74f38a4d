"""Join the style sheets of src/localex/web/static/css into css/site.css, the one that pages load, and css/leaflet.css.

Usage: python scripts/build_css.py [--check]

The order below is the order of the file; the cascade layers decide who wins. With --check nothing is written and the
exit code is 1 when one of the two is out of date.
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


def build_leaflet() -> str:
    """Return Leaflet's own rules in the layer below our components, so that components/map.css can dress the map."""
    css = (CSS.parent / "vendor" / "leaflet" / "leaflet.css").read_text()
    return "@layer vendor {" + shrink(css.replace("url(images/", "url(../vendor/leaflet/images/")) + "}\n"


def main(arguments: list[str]) -> None:
    """Write both files, or only compare."""
    for name, built in (("site.css", build_site()), ("leaflet.css", build_leaflet())):
        target = CSS / name
        if "--check" not in arguments:
            target.write_text(built)
        elif not target.exists() or target.read_text() != built:
            raise SystemExit(f"css/{name} is out of date")


if __name__ == "__main__":
    main(sys.argv[1:])
