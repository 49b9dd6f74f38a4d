"""Avatars: a picture made from nothing but the display name, the same for ever and everywhere.

The second word of the name decides what is shown, and a colour as the first word decides the colours: BlueBird is a
blue bird. Everything else (and names with other words) follows the digest of the name.
"""

import hashlib
from collections.abc import Callable

from localex.members import landscapes, pictures
from localex.members.names import words_of
from localex.members.pictures import LIGHT, Scheme
from localex.members.words import PICTURE_OF, SCHEME_OF

VERSION = "1"  # part of the ETag: change it when a picture changes

SCHEMES: dict[str, Scheme] = {
    "meadow": Scheme("#d5e5be", "#b9d5a6", "#9bc591", "#157e3c", "#00561e", "#dcf2df", "#eda839"),
    "sky": Scheme("#b8e7fa", "#9dd3f1", "#84bfe9", "#196cb3", "#004682", "#daeeff", "#fa9f4d"),
    "dusk": Scheme("#d3dcff", "#bdc8f9", "#a7b4ee", "#545fb5", "#343c84", "#e4eaff", "#e2af32"),
    "plum": Scheme("#efd3f5", "#dfbce7", "#d0a6da", "#8a4b98", "#602b6c", "#f6e4fa", "#cdb936"),
    "berry": Scheme("#fcd0e3", "#f0b8cd", "#e5a1b6", "#a6415e", "#76213c", "#ffe2e8", "#d5b633"),
    "brick": Scheme("#fad6ba", "#f1bea2", "#e7a58e", "#a9443a", "#78231d", "#ffe3de", "#7bc6ce"),
    "apricot": Scheme("#efdcb5", "#e6c498", "#dfac7e", "#bf632e", "#8f410e", "#ffe5d7", "#77c8c3"),
    "honey": Scheme("#e9deb5", "#ddc996", "#d2b377", "#b57800", "#875400", "#f9e8d2", "#ff9088"),
    "wheat": Scheme("#eedbbe", "#e0c6a2", "#d3b188", "#935a15", "#673800", "#f9e8d8", "#88ca95"),
    "pine": Scheme("#b9ebdc", "#9bdac5", "#7ec9ae", "#008055", "#005834", "#d7f3e5", "#ff9765"),
    "lagoon": Scheme("#b4eaec", "#93d9de", "#70c8cf", "#007d8d", "#005563", "#d1f3f6", "#ff9376"),
    "mist": Scheme("#d5dfeb", "#beccda", "#a8bac9", "#506d82", "#304859", "#efeae2", "#e8aa4e"),
}

PICTURES: dict[str, Callable[[Scheme, int], str]] = {
    "songbird": pictures.songbird,
    "waterbird": pictures.waterbird,
    "owl": pictures.owl,
    "fox": pictures.fox,
    "bear": pictures.bear,
    "hare": pictures.hare,
    "butterfly": landscapes.butterfly,
    "fish": landscapes.fish,
    "leaf": landscapes.leaf,
    "tree": landscapes.tree,
    "flower": landscapes.flower,
    "hills": landscapes.hills,
}

_HILLS = (
    ("M-2 44q18-16 34-6t34-4v32H-2z", "M-2 54q20-9 36-3t32-2v18H-2z"),
    ("M-2 38q14 10 30 6t38-12v34H-2z", "M-2 51q24 8 40 2t28-4v17H-2z"),
    ("M-2 48q10-20 26-12t42 4v26H-2z", "M-2 55q16-5 30-3t38-7v21H-2z"),
)
_SUNS = ((13, 14), (51, 13), (32, 9), (8, 26), (56, 27))


def draw_avatar(display_name: str) -> str:
    """The avatar as SVG of about 2 kB, square to the edge; round it off where it is shown. ValueError for no name."""
    first, second = words_of(display_name)
    digest = hashlib.sha256(display_name.encode()).digest()
    colours = SCHEMES[SCHEME_OF.get(first) or sorted(SCHEMES)[digest[0] % len(SCHEMES)]]
    draw = PICTURES[PICTURE_OF.get(second) or sorted(PICTURES)[digest[1] % len(PICTURES)]]
    turn = ' transform="matrix(-1 0 0 1 64 0)"' if digest[2] % 2 else ""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="128" height="128" role="img" '
        f'aria-label="{display_name}">{_background(colours, digest)}<g{turn}>{draw(colours, digest[3])}</g></svg>'
    )


def avatar_tag(display_name: str) -> str:
    """What changes when the picture does, for the ETag."""
    return hashlib.sha256(f"{VERSION} {display_name}".encode()).hexdigest()[:16]


def _background(c: Scheme, digest: bytes) -> str:
    far, near = _HILLS[digest[4] % len(_HILLS)]
    light = _light(c, digest)
    return (
        f'<path d="M0 0h64v64H0z" fill="{c.sky}"/>{light}'
        f'<path d="{far}" fill="{c.far}"/><path d="{near}" fill="{c.near}"/>'
    )


def _light(c: Scheme, digest: bytes) -> str:
    """A sun, a moon, a sun behind haze, or a few stars."""
    x, y = _SUNS[digest[5] % len(_SUNS)]
    kind = digest[7] % 4
    if kind == 3:
        return "".join(_disc(4 + digest[8 + i] % 57, 4 + digest[14 + i] % 26, 1 + i % 2 * 0.5) for i in range(6))
    if kind == 2:
        return _disc(x, y, 13, opacity=".35") + _disc(x, y, 8, opacity=".6")
    if kind == 1:
        return _disc(x, y, 8, opacity=".75") + _disc(x + 4, y - 2, 6.5, fill=c.sky)
    return _disc(x, y, 6 + digest[6] % 4, opacity=".75")


def _disc(x: float, y: float, radius: float, *, fill: str = LIGHT, opacity: str = "1") -> str:
    return f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{fill}" opacity="{opacity}"/>'
