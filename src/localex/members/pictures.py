"""The twelve pictures that avatars are made of: flat shapes on a field of 64 by 64, readable at 24 pixels.

Each takes the colours and a number that varies a detail, and returns SVG. The ground is at y = 52 and below.
"""

from dataclasses import dataclass

INK = "#26221d"
LIGHT = "#fffdf8"


@dataclass(frozen=True, slots=True)
class Scheme:
    """One of the twelve sets of colours, made in OKLCH so that all are equally light; hexadecimal for old viewers."""

    sky: str
    far: str  # the hill behind
    near: str  # the ground
    body: str
    wing: str  # a darker body
    belly: str  # a very light body
    accent: str


def _eye(x: float, y: float, size: float = 2) -> str:
    return (
        f'<circle cx="{x}" cy="{y}" r="{size}" fill="{INK}"/>'
        f'<circle cx="{x + size * 0.35}" cy="{y - size * 0.35}" r="{size * 0.35:.2f}" fill="{LIGHT}"/>'
    )


def songbird(c: Scheme, variant: int) -> str:
    """A small round bird that looks to the right, with a plain, a banded or a crested head."""
    crest = f'<path d="M33 18c0-6 3-10 7-12 0 4 1 6 4 9z" fill="{c.wing}"/>' if variant % 3 == 2 else ""
    cap = f'<path d="M31 22a12 12 0 0 1 23-4q-10-2-23 4z" fill="{c.wing}"/>' if variant % 3 == 1 else ""
    return (
        f'<path d="M30 49v7M37 49v7" stroke="{INK}" stroke-width="2.2" stroke-linecap="round"/>{crest}'
        f'<path d="M5 32l17 1 3 13-7 1z" fill="{c.wing}"/>'
        f'<path d="M16 36c8 1 12-3 14-11a12.4 12.4 0 0 1 24.5 0c0 15-7 26-22 26-9 0-15-6-16.5-15z" fill="{c.body}"/>'
        f'<path d="M54 28c-1 13-8 23-21 23-4 0-7-1-10-3 14 0 24-6 31-20z" fill="{c.belly}"/>{cap}'
        f'<path d="M20 34c6 0 13-1 19 3-3 8-14 10-19 4-2-2-2-5 0-7z" fill="{c.wing}"/>'
        f'<path d="M53.5 21l9 4-9 4z" fill="{c.accent}"/>{_eye(45, 22, 2.4)}'
    )


def waterbird(c: Scheme, variant: int) -> str:
    """A bird on the water with a long neck, and two waves."""
    tail = "M8 31l12 4-3 8z" if variant % 2 else "M9 27q3 8 11 9l-2 8q-9-5-9-17z"
    return (
        f'<path d="{tail}" fill="{c.wing}"/>'
        f'<path d="M11 40c4-6 14-8 24-6 5 0 6-4 5-9-2-9 1-15 7-15 5 0 8 3 8 8 0 3-2 4-4 5-2 2 0 8-1 15-1 '
        "9-8 14-18 14H26"
        f'c-9 0-15-6-15-12z" fill="{c.body}"/>'
        f'<path d="M17 39c7-2 15-1 21 1-2 7-17 9-21-1z" fill="{c.wing}"/>'
        f'<path d="M54 14l9 3.5-9 3.5z" fill="{c.accent}"/>{_eye(48.5, 16, 2.2)}'
        f'<path d="M0 49q8-4 16 0t16 0 16 0 16 0v15H0z" fill="{c.near}"/>'
        f'<path d="M10 57q5-2.5 10 0t10 0M38 57q5-2.5 10 0t10 0" stroke="{LIGHT}" stroke-width="2" fill="none" '
        'stroke-linecap="round" opacity=".8"/>'
    )


def owl(c: Scheme, variant: int) -> str:
    """An owl seen from the front, awake or content."""
    if variant % 2:
        eyes = (
            f'<path d="M20.5 27a4.5 4.5 0 0 0 9 0M34.5 27a4.5 4.5 0 0 0 9 0" stroke="{INK}" stroke-width="2.4" '
            'fill="none" stroke-linecap="round"/>'
        )
    else:
        eyes = _eye(25, 26, 3.6) + _eye(39, 26, 3.6)
    scales = "".join(
        f'<path d="M{x} {y}q3.5 5 7 0" stroke="{c.body}" stroke-width="2" fill="none" stroke-linecap="round"/>'
        for x, y in ((21.5, 41), (28.5, 41), (35.5, 41), (25, 47), (32, 47))
    )
    return (
        f'<path d="M13 8c3 4 8 5 19 5s16-1 19-5c2 8 1 12-1 16v20c0 8-7 14-18 14s-18-6-18-14V24c-2-4-3-8-1-16z" '
        f'fill="{c.body}"/><path d="M14 28c-4 8-4 18 3 26 4-8 3-18-3-26zM50 28c4 8 4 18-3 26-4-8-3-18 '
        f'3-26z" fill="{c.wing}"/>'
        f'<ellipse cx="32" cy="45" rx="13" ry="11" fill="{c.belly}"/>{scales}'
        f'<circle cx="25" cy="26" r="8.5" fill="{LIGHT}"/><circle cx="39" cy="26" r="8.5" fill="{LIGHT}"/>{eyes}'
        f'<path d="M28.5 30h7L32 37z" fill="{c.accent}"/>'
    )


def fox(c: Scheme, variant: int) -> str:
    """A pointed face with pointed ears."""
    blaze = f'<path d="M32 18l4 16h-8z" fill="{c.belly}"/>' if variant % 2 else ""
    return (
        f'<path d="M9 6l21 12-17 18zM55 6L34 18l17 18z" fill="{c.body}"/>'
        f'<path d="M13.5 12l10 6-8 9zM50.5 12l-10 6 8 9z" fill="{c.accent}"/>'
        f'<path d="M8 34c4-12 13-18 24-18s20 6 24 18L43 50l-11 7-11-7z" fill="{c.body}"/>{blaze}'
        f'<path d="M8 34c12 0 20 7 24 23l-11-7zM56 34c-12 0-20 7-24 23l11-7z" fill="{c.belly}"/>'
        f'<path d="M27.5 52.5q4.5-3 9 0L32 58z" fill="{INK}"/>{_eye(23, 34, 2.8)}{_eye(41, 34, 2.8)}'
    )


def bear(c: Scheme, variant: int) -> str:
    """A round face with round ears, with or without patches round the eyes."""
    patches = (
        f'<ellipse cx="22.5" cy="33" rx="6" ry="7.5" fill="{c.wing}" transform="rotate(20 22.5 33)"/>'
        f'<ellipse cx="41.5" cy="33" rx="6" ry="7.5" fill="{c.wing}" transform="rotate(-20 41.5 33)"/>'
        if variant % 2
        else ""
    )
    glint = _eye(24, 33, 2.6) + _eye(40, 33, 2.6)
    return (
        f'<circle cx="15" cy="19" r="9" fill="{c.body}"/><circle cx="49" cy="19" r="9" fill="{c.body}"/>'
        f'<circle cx="15" cy="19" r="4.5" fill="{c.accent}"/><circle cx="49" cy="19" r="4.5" fill="{c.accent}"/>'
        f'<path d="M32 12c14 0 23 9 23 23S45 58 32 58 9 49 9 35s9-23 23-23z" fill="{c.body}"/>{patches}'
        f'<ellipse cx="32" cy="45" rx="12" ry="9.5" fill="{c.belly}"/>{glint}'
        f'<path d="M27.5 40.5h9q0 5-4.5 5t-4.5-5z" fill="{INK}"/>'
        f'<path d="M32 45v2.5m-4 1.5q2 2 4-1.5 2 3.5 4 1.5" stroke="{INK}" stroke-width="1.8" fill="none" '
        'stroke-linecap="round"/>'
    )


def hare(c: Scheme, variant: int) -> str:
    """A long-eared face; one ear may hang."""
    right = "rotate(62 41 24)" if variant % 2 else "rotate(14 41 24)"
    ear = '<ellipse cx="{x}" cy="15" rx="6.5" ry="15" fill="{fill}" transform="{turn}"/>'
    inner = '<ellipse cx="{x}" cy="15" rx="3" ry="10.5" fill="{fill}" transform="{turn}"/>'
    left = "rotate(-14 23 24)"
    return (
        ear.format(x=23, fill=c.body, turn=left)
        + inner.format(x=23, fill=c.accent, turn=left)
        + ear.format(x=41, fill=c.wing if variant % 2 else c.body, turn=right)
        + inner.format(x=41, fill=c.accent, turn=right)
        + f'<path d="M32 22c12 0 19 8 19 18s-8 18-19 18-19-8-19-18 7-18 19-18z" fill="{c.body}"/>'
        f'<path d="M32 44c7 0 12 4 12 8-3 4-7 6-12 6s-9-2-12-6c0-4 5-8 12-8z" fill="{c.belly}"/>'
        f'<path d="M28.5 43.5h7L32 48z" fill="{INK}"/>'
        f'<path d="M32 47.5v3" stroke="{INK}" stroke-width="1.8" stroke-linecap="round"/>'
        f"{_eye(24, 38, 2.7)}{_eye(40, 38, 2.7)}"
    )
