"""Daylight for demo pictures: where a window throws its panes and how shadows fall.

Light is soft, so all of it is computed at a quarter of the picture's size and enlarged once.
"""

from collections.abc import Callable
from functools import lru_cache

import pyvips

from localex.demo.pictures.grounds import HEIGHT, WIDTH

STEP = 4
WIDE, TALL = WIDTH // STEP, -(-HEIGHT // STEP)
_MARGIN = 90  # how far a pattern may be moved, in quarter pixels


def _places() -> pyvips.Image:
    return pyvips.Image.xyz(WIDE + _MARGIN, TALL + _MARGIN)


def _panes() -> pyvips.Image:
    """Sun through a window with two by three panes, thrown aslant."""
    across = _places()[0] + _places()[1] * 0.34 - 85
    down = _places()[1] - _places()[0] * 0.16 - 35
    glass = (across % 82 < 71) & (down % 100 < 88)
    inside = (across > 0) & (across < 164) & (down > 0) & (down < 300)
    return (glass & inside).cast("float").gaussblur(3.2)


def _blind() -> pyvips.Image:
    return ((_places()[1] + _places()[0] * 0.22) % 23 < 12).cast("float").gaussblur(3.8)


def _leaves() -> pyvips.Image:
    """Sun through a tree in front of the window."""
    wide, tall = WIDE + _MARGIN, TALL + _MARGIN
    branches = pyvips.Image.perlin(wide, tall, cell_size=62, seed=7)
    leaves = pyvips.Image.perlin(wide, tall, cell_size=27, seed=8)
    return ((branches + leaves * 0.6) > 0.05).cast("float").gaussblur(6.5)


def _open_sky() -> pyvips.Image:
    return pyvips.Image.black(WIDE + _MARGIN, TALL + _MARGIN).cast("float").linear(0, 128)


_KINDS: dict[str, tuple[Callable[[], pyvips.Image], float]] = {
    # kind: (pattern of 0 to 255, how much of the brightness it carries)
    "panes": (_panes, 0.25),
    "blind": (_blind, 0.12),
    "leaves": (_leaves, 0.13),
    "sky": (_open_sky, 0.0),
}


@lru_cache(maxsize=len(_KINDS))
def _pattern(kind: str) -> pyvips.Image:
    made, weight = _KINDS[kind]
    return made().linear(weight / 255, -weight / 2).copy_memory()


@lru_cache(maxsize=1)
def _fall_off() -> pyvips.Image:
    """Less light away from a window on the upper left, and a little less in the corners."""
    places = pyvips.Image.xyz(WIDE, TALL)
    across, down = places[0] * (1 / WIDE), places[1] * (1 / TALL)
    away = (across**2 + (down * 0.75) ** 2) ** 0.5
    corner = (across * 2 - 1) ** 2 + (down * 2 - 1) ** 2
    return (away.linear(-0.20, 1.10) - corner * 0.045 + 0.02).copy_memory()


def daylight(kind: str, *, from_left: bool, moved: tuple[int, int]) -> pyvips.Image:
    """Brightness of each point round 1.0 at a quarter of the picture's size, the pattern moved by `moved`."""
    pattern = _pattern(kind).crop(moved[0] % _MARGIN, moved[1] % _MARGIN, WIDE, TALL)
    light = _fall_off() + pattern
    return light if from_left else light.fliphor()


class Shadows:
    """Collects the shadows of one picture, to darken its light once."""

    def __init__(self, *, from_left: bool) -> None:
        self._away = 1 if from_left else -1
        self._wide = self._tight = pyvips.Image.black(WIDE, TALL).cast("float")

    def below(self, alpha: pyvips.Image, left: int, top: int, lift_px: float) -> None:
        """The shadow of a thing lying on or hanging before a surface, `lift_px` above it."""
        small = alpha.shrink(STEP, STEP)
        step = lift_px / STEP
        left, top = left // STEP, top // STEP
        self._wide = _added(self._wide, small, left + self._away * step * 1.5, top + step * 2.0, 0.9)
        self._tight = _added(self._tight, small, left + self._away * step * 0.4, top + step * 0.6, 0.75)

    def behind(self, alpha: pyvips.Image, left: int, top: int, slant: float) -> None:
        """The shadow of a thing that stands: it lies on the table, slanting away from the window."""
        small = alpha.shrink(STEP, STEP).copy_memory()
        lean = -slant * self._away
        cast = small.affine([1, lean, 0, 0.24], background=[0])
        start, foot = left / STEP - max(lean, 0) * small.height, top / STEP + small.height
        self._wide = _added(self._wide, cast, start, foot - cast.height, 0.8)
        sole = max(small.height // 10, 1)
        strip = small.crop(0, small.height - sole, small.width, sole)
        contact = strip.resize(1, vscale=max(9 / sole, 0.2), kernel="linear")
        self._tight = _added(self._tight, contact, left / STEP + self._away, foot - contact.height * 0.62, 1.0)
        self._wide = _added(self._wide, contact, left / STEP + self._away * 3, foot - contact.height * 0.4, 0.6)

    def darken(self, daylight: pyvips.Image, depth: float) -> pyvips.Image:
        """`daylight` with all shadows in it; `depth` 0 to 1 is how dark the darkest becomes."""
        wide = self._wide.gaussblur(8.5, precision="approximate").linear(0.50 * depth / 255, 0)
        tight = self._tight.gaussblur(2.4).linear(0.62 * depth / 255, 0)
        light = (wide + tight).linear(-1, 1)
        return daylight * (light > 0.22).ifthenelse(light, 0.22)


def _added(buffer: pyvips.Image, mask: pyvips.Image, left: float, top: float, strength: float) -> pyvips.Image:
    placed = mask.embed(round(left), round(top), buffer.width, buffer.height)
    return buffer + placed.linear(strength, 0)
