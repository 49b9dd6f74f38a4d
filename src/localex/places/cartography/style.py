"""The colours and widths of the map, as the style sheet inside the SVG.

The sheet's widths are given in pixels per zoom. An image knows how wide it is shown, so media queries on the width
tell the zoom: streets and letters keep their size on the screen while the map grows under them.
"""

from localex.places.cartography.frame import Frame
from localex.places.cartography.layers import RAIL_PX, RIVER_PX, SIDING_PX, STREAM_PX, WAYS, ZOOMS
from localex.places.cartography.naming import QUARTER_PX, STREET_PX, TOWN_PX, WET_PX, WET_SPACING

# The ground is the design system's --sunk, so that the sheet's faded edge meets the page.
LIGHT = {
    "ground": "96% .011 85",
    "works": "94% .008 70",
    "grounds": "94.4% .018 80",
    "vines": "93.6% .034 118",
    "wood": "89.8% .042 138",
    "park": "92.6% .052 128",
    "sport": "90.6% .045 148",
    "sand": "94% .035 90",
    "water": "86.5% .042 228",
    "shore": "79% .05 230",
    "square": "98% .006 85",
    "parking": "94.8% .006 250",
    "house": "90.4% .014 70",
    "wall": "84% .016 65",
    "road": "100% 0 0",
    "casing": "86% .014 80",
    "main": "95% .05 80",
    "main-casing": "81% .065 68",
    "foot": "98.4% .014 60",
    "path": "76% .045 65",
    "rail": "66% .012 250",
    "tie": "98% .004 250",
    "text": "38% .02 150",
    "town": "26% .03 155",
    "wet": "47% .075 238",
    "leaf": "43% .075 148",
}
DARK = {
    "ground": "15.5% .011 160",
    "works": "18.5% .008 120",
    "grounds": "19.5% .012 100",
    "vines": "21.5% .024 125",
    "wood": "23% .032 150",
    "park": "25.5% .038 142",
    "sport": "25% .034 158",
    "sand": "25% .025 90",
    "water": "28.5% .045 235",
    "shore": "36% .05 235",
    "square": "25% .01 150",
    "parking": "19% .01 220",
    "house": "25% .012 140",
    "wall": "32% .014 140",
    "road": "37% .012 155",
    "casing": "13% .01 160",
    "main": "41% .034 72",
    "main-casing": "14% .012 120",
    "foot": "31.5% .016 80",
    "path": "41% .03 80",
    "rail": "46% .012 220",
    "tie": "17% .008 200",
    "text": "80% .015 120",
    "town": "94% .015 110",
    "wet": "76% .065 232",
    "leaf": "75% .07 148",
}

FONT = 'Figtree,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif'

_FIXED = """
path,use{fill:none;stroke-linecap:round;stroke-linejoin:round}
.f{stroke:none}
.works{fill:var(--works)}.grounds{fill:var(--grounds)}.vines{fill:var(--vines)}.wood{fill:var(--wood)}
.park{fill:var(--park)}.sport{fill:var(--sport)}.sand{fill:var(--sand)}.square{fill:var(--square)}
.parking{fill:var(--parking)}.house{fill:var(--house);stroke:var(--wall)}
.water,.pool{fill:var(--water);stroke:var(--shore)}.stream{stroke:var(--water)}.river{stroke:var(--water)}
.c{stroke:var(--casing)}.main.c,.trunk.c{stroke:var(--main-casing)}
.r{stroke:var(--road)}.foot.r{stroke:var(--foot)}.main.r,.trunk.r{stroke:var(--main)}
.path,.track{stroke:var(--path);stroke-linecap:butt}
.rail,.siding{stroke:var(--rail);stroke-linecap:butt}.tie{stroke:var(--tie);stroke-linecap:butt}
.b.c{stroke-linecap:butt;stroke:var(--wall)}.tunnel{opacity:.35}
text{font-family:FONT;font-weight:540;text-anchor:middle;fill:var(--text);stroke:var(--ground);paint-order:stroke;
stroke-linejoin:round}
.wet,.brook{fill:var(--wet);font-style:italic;font-weight:500;letter-spacing:.06em}.wet{stroke:var(--water)}
.leaf{fill:var(--leaf);font-weight:540}
.town{fill:var(--town);font-weight:680}.quarter{font-weight:640;letter-spacing:.07em}
.h{fill:none}.n{stroke:none}
""".replace("FONT", FONT)


def style_sheet(frame: Frame, faces: str) -> str:
    """The whole style sheet for a sheet of this frame; `faces` are its @font-face rules."""
    rules = [
        faces,
        f":root{{{_colours(LIGHT)}}}",
        f"@media (prefers-color-scheme:dark){{:root{{{_colours(DARK)}}}}}",
        _FIXED,
    ]
    rules.append(".l{display:none}")
    for level, zoom in enumerate(ZOOMS):
        body = _widths(frame, level) + f".l{zoom}{{display:inline}}"
        if level == 0:
            rules.append(f"@media (max-width:{_limit(frame, ZOOMS[1]) - 0.02:.2f}px){{{body}}}")
            continue
        upper = f" and (max-width:{_limit(frame, zoom + 1) - 0.02:.2f}px)" if level + 1 < len(ZOOMS) else ""
        rules.append(f"@media (min-width:{_limit(frame, zoom):.2f}px){upper}{{{body}}}")
    return "".join("".join(rules).splitlines())


def shown_width(frame: Frame, zoom: float) -> float:
    """How many CSS pixels wide the whole sheet is at `zoom`."""
    return frame.width / frame.units_per_px(zoom)


def _limit(frame: Frame, zoom: int) -> float:
    """The width from which `zoom` is nearer than the zoom below it."""
    return shown_width(frame, zoom - 0.5)


def _colours(palette: dict[str, str]) -> str:
    return "".join(f"--{name}:oklch({value});" for name, value in palette.items())


def _widths(frame: Frame, level: int) -> str:
    """Stroke widths and letter sizes at one zoom, in units."""
    px = frame.units_per_px(ZOOMS[level])
    rules = []
    for way in WAYS:
        width = way.widths_px[level]
        if width == 0:
            rules.append(f".{way.name}{{display:none}}")
            continue
        rules.append(f".{way.name}{{stroke-width:{width * px:.1f}}}")
        if way.has_casing:
            rules.append(f".{way.name}.c{{stroke-width:{(width + _casing_px(width)) * px:.1f}}}")
    for name, widths in (("stream", STREAM_PX), ("river", RIVER_PX), ("rail", RAIL_PX), ("siding", SIDING_PX)):
        shown = f"stroke-width:{widths[level] * px:.1f}" if widths[level] else "display:none"
        rules.append(f".{name}{{{shown}}}")
    rules.append(_dashes(px, level))
    rules.append(f"text{{font-size:{STREET_PX * px:.1f}px;stroke-width:{3.2 * px:.1f}}}")
    rules.append(f".town{{font-size:{TOWN_PX[level] * px:.1f}px}}.quarter{{font-size:{QUARTER_PX * px:.1f}px}}")
    rules.append(f".wet{{font-size:{WET_PX * px:.1f}px;letter-spacing:{WET_SPACING}em}}")
    return "".join(rules)


def _casing_px(width: float) -> float:
    """Both hairlines beside a street together."""
    return 0.9 if width < 2 else 1.4 if width < 8 else 1.8


def _dashes(px: float, level: int) -> str:
    tie = RAIL_PX[level] - 0.7
    ties = f"stroke-width:{tie * px:.1f};stroke-dasharray:{4 * px:.1f}" if level >= 2 else "display:none"
    house = f"stroke-width:{(0, 0.3, 0.5, 0.8, 1)[level] * px:.1f}"
    return (
        f".path{{stroke-dasharray:{2.6 * px:.1f} {1.9 * px:.1f}}}.track{{stroke-dasharray:{5 * px:.1f} {2.4 * px:.1f}}}"
        f".tie{{{ties}}}.house{{{house}}}.water,.pool{{stroke-width:{0.8 * px:.1f}}}"
    )
