"""Surfaces for demo pictures, woven and grained from seeded noise.

A relief is one band of the size of a sheet: how much lighter or darker the material is at a point. Multiplied with a
colour it becomes a wall, a table, a cloth. Reliefs are made once per process and cropped anew for each picture.
"""

from collections.abc import Callable
from functools import lru_cache

import pyvips

WIDTH, HEIGHT = 960, 1200
SHEET_WIDTH, SHEET_HEIGHT = 1200, 1400


def _noise(width: int, height: int, seed: int, strength: float) -> pyvips.Image:
    return pyvips.Image.gaussnoise(width, height, mean=0, sigma=strength, seed=seed)


def _clouds(cell_px: int, seed: int, strength: float) -> pyvips.Image:
    small = pyvips.Image.perlin(SHEET_WIDTH // 4, SHEET_HEIGHT // 4, cell_size=cell_px // 4, seed=seed)
    return small.resize(4, kernel="cubic").linear(strength, 0)


def _stretched(across: int, down: int, seed: int, strength: float) -> pyvips.Image:
    """Noise pulled long: `across` and `down` say how many pixels of the sheet one grain covers."""
    small = _noise(SHEET_WIDTH // across + 2, SHEET_HEIGHT // down + 2, seed, strength)
    return small.resize(across, vscale=down, kernel="cubic").crop(0, 0, SHEET_WIDTH, SHEET_HEIGHT)


def _plaster() -> pyvips.Image:
    fine = _noise(SHEET_WIDTH, SHEET_HEIGHT, 11, 0.05).gaussblur(1.6)
    return _clouds(360, 12, 0.030) + _clouds(96, 13, 0.018) + fine + 1


def _trowelled() -> pyvips.Image:
    broad = _stretched(150, 60, 21, 0.03).gaussblur(9) + _stretched(46, 30, 24, 0.018).gaussblur(5)
    return broad + _clouds(280, 22, 0.03) + _noise(SHEET_WIDTH, SHEET_HEIGHT, 23, 0.04).gaussblur(1.2) + 1


def _linen() -> pyvips.Image:
    warp, weft = _stretched(4, 150, 31, 0.03), _stretched(150, 4, 32, 0.03)
    thread = pyvips.Image.sines(SHEET_WIDTH, SHEET_HEIGHT, hfreq=SHEET_WIDTH / 5).linear(0.018, 0)
    cross = pyvips.Image.sines(SHEET_WIDTH, SHEET_HEIGHT, hfreq=0, vfreq=SHEET_HEIGHT / 5).linear(0.018, 0)
    return (warp + weft + thread + cross).gaussblur(0.7) + _folds() + 1


def _folds() -> pyvips.Image:
    """Broad, soft waves of a cloth that was not ironed."""
    return _clouds(560, 33, 0.06) + _clouds(240, 34, 0.025)


def _felt() -> pyvips.Image:
    fibres = _stretched(9, 3, 41, 0.026) + _stretched(3, 9, 42, 0.026)
    return fibres.gaussblur(0.8) + _clouds(200, 43, 0.03) + 1


def _paper() -> pyvips.Image:
    return _noise(SHEET_WIDTH, SHEET_HEIGHT, 51, 0.035).gaussblur(1.1) + _clouds(420, 52, 0.02) + 1


def _grain(seed: int) -> pyvips.Image:
    return _stretched(230, 3, seed, 0.055) + _stretched(120, 14, seed + 1, 0.035) + _stretched(420, 40, seed + 2, 0.04)


def _boards() -> pyvips.Image:
    """Boards side by side, each with its own tone, a thin dark joint between them."""
    board_px = 268
    rows = pyvips.Image.xyz(SHEET_WIDTH, SHEET_HEIGHT)[1]
    tones = _noise(1, SHEET_HEIGHT // board_px + 1, 63, 0.05)
    tone = tones.resize(SHEET_WIDTH, vscale=board_px, kernel="nearest").crop(0, 0, SHEET_WIDTH, SHEET_HEIGHT)
    joint = (rows % board_px < 5).linear(-0.5 / 255, 0).gaussblur(1.4)
    glint = ((rows % board_px >= 5) & (rows % board_px < 9)).linear(0.10 / 255, 0).gaussblur(1.2)
    return _warped(_grain(60)) + tone + joint + glint + 1


def _tiles() -> pyvips.Image:
    """Small glazed tiles, joints a little deeper, every tile a little different."""
    tile_px = 172
    places = pyvips.Image.xyz(SHEET_WIDTH, SHEET_HEIGHT)
    across, down = places[0] % tile_px, places[1] % tile_px
    joint = ((across < 7) | (down < 7)).linear(-0.16 / 255, 0).gaussblur(1.6)
    glaze = (across * -0.00025) + (down * -0.0003)
    tones = _noise(SHEET_WIDTH // tile_px + 1, SHEET_HEIGHT // tile_px + 1, 91, 0.028)
    tone = tones.resize(tile_px, kernel="nearest").crop(0, 0, SHEET_WIDTH, SHEET_HEIGHT)
    return joint + glaze + tone + _clouds(240, 92, 0.02) + 1.03


def _table_top() -> pyvips.Image:
    return _warped(_grain(70)) + _clouds(500, 74, 0.03) + 1


def _warped(grain: pyvips.Image) -> pyvips.Image:
    """Grain that wanders as it does round the heart of a tree."""
    places = pyvips.Image.xyz(SHEET_WIDTH, SHEET_HEIGHT)
    drift = _clouds(700, 81, 26)
    return grain.mapim(places[0].bandjoin(places[1] + drift), extend="mirror")


def _floor() -> pyvips.Image:
    """Floor boards that run away from the viewer towards a point above the sheet."""
    places = pyvips.Image.xyz(SHEET_WIDTH, SHEET_HEIGHT)
    depth = (places[1] + 420) ** -1.0
    across = (places[0] - SHEET_WIDTH / 2) * depth * 980 + SHEET_HEIGHT / 2
    along = depth * (SHEET_WIDTH * 400.0)
    five_boards_px = 5 * 268
    boards = relief("boards").linear(1 / 128, 0)
    return boards.mapim((along % SHEET_WIDTH).bandjoin(across % five_boards_px), extend="mirror")


_MAKERS: dict[str, Callable[[], pyvips.Image]] = {
    "plaster": _plaster,
    "trowelled": _trowelled,
    "linen": _linen,
    "felt": _felt,
    "paper": _paper,
    "boards": _boards,
    "floor": _floor,
    "table": _table_top,
    "tiles": _tiles,
}


@lru_cache(maxsize=len(_MAKERS))
def relief(material: str) -> pyvips.Image:
    """The relief of a material as 8 bits, 128 meaning 1.0, so that all of them fit in 20 MB."""
    made = _MAKERS[material]().linear(128, 0).cast("uchar")
    return made.copy_memory()


def surface(material: str, left: int, top: int) -> pyvips.Image:
    """A full-size piece of a material's relief (one band, 128 meaning 1.0), cropped at `left`, `top` of its sheet."""
    return relief(material).crop(left % (SHEET_WIDTH - WIDTH), top % (SHEET_HEIGHT - HEIGHT), WIDTH, HEIGHT)
