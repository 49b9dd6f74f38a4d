"""Takes the picture: surfaces, light, shadows and things become one image."""

from functools import lru_cache
from random import Random

import pyvips

from localex.demo.pictures import light
from localex.demo.pictures.arranging import Place
from localex.demo.pictures.art import placed
from localex.demo.pictures.grounds import HEIGHT, WIDTH, surface
from localex.demo.pictures.light import STEP, TALL, WIDE
from localex.demo.pictures.palette import Colour
from localex.demo.pictures.staging import Room, stands

SKIRTING_PX = 92
RAIL_PX = 76
FILM_PX = 1300  # more than the diagonal of the biggest object
_BRIGHTEST = 16_384


def photograph(room: Room, places: list[Place], chance: Random) -> pyvips.Image:
    """The finished picture as 8-bit sRGB of `WIDTH` by `HEIGHT`."""
    exposure = chance.uniform(0.98, 1.05)
    gains = [exposure * (1 + room.warmth), exposure, exposure * (1 - room.warmth * 1.3)]
    seed = chance.randrange(10_000)
    horizon = round(HEIGHT * (chance.uniform(0.60, 0.66) if room.kind == "floor" else chance.uniform(0.54, 0.64)))
    things = [(place, *_thing(place, room, exposure, seed)) for place in places]
    shadows = light.Shadows(from_left=room.from_left)
    slant = chance.uniform(0.35, 0.75)
    for place, thing, left, top in things:
        if stands(place.name, room):
            shadows.behind(thing[3], left, top, slant)
        else:
            shadows.below(thing[3], left, top, 26 if room.kind in {"hang", "peg"} else 12)
    day = light.daylight(room.light, from_left=room.from_left, moved=(seed, seed // 7))
    shade = shadows.darken(day * _depth(room.kind, horizon), 0.86).linear(8000 / 128, 0).copy_memory()
    picture = _scene(room, shade.resize(STEP, kernel="linear"), horizon, seed, gains)
    for _, thing, left, top in things:
        picture = _laid_over(picture, thing, left, top)
    return picture.copy(interpretation="srgb")


def _depth(kind: str, horizon: int) -> pyvips.Image:
    """How a wall darkens towards what stands before it, and a table from its far edge to the viewer; quarter size."""
    down = pyvips.Image.xyz(WIDE, TALL)[1]
    if kind == "sweep":
        down = down * (1 / TALL)
        return down.linear(-0.10, 1.05) + (((down - 0.63) * 14) ** 2 * -1).exp() * -0.05
    if kind in {"lay", "hang", "peg"}:
        return down.linear(0, 1)
    edge = horizon / STEP
    beyond = down - edge
    table = (beyond * (-1 / 7)).exp() * -0.20 + beyond.linear(0.16 / TALL, 0.97)
    return (beyond >= 0).ifthenelse(table, down.linear(-0.10 / TALL, 1.03))


def _scene(room: Room, shade: pyvips.Image, horizon: int, seed: int, gains: list[float]) -> pyvips.Image:
    """The empty room in its light, as 8-bit RGB in memory."""
    shade = shade.crop(0, 0, WIDTH, HEIGHT)
    if room.kind in {"table", "floor", "outside"}:
        whole = _coloured(room.back, shade.crop(0, 0, WIDTH, horizon), seed, gains)
        below = shade.crop(0, horizon, WIDTH, HEIGHT - horizon)
        whole = whole.join(_coloured(room.front, below, seed, gains), "vertical")
    else:
        whole = _coloured(room.back, shade, seed, gains)
    if room.kind == "floor":
        lit = shade.crop(0, horizon - SKIRTING_PX, WIDTH, SKIRTING_PX)
        whole = whole.insert(_tinted(_skirting() * lit, (234, 231, 224), gains), 0, horizon - SKIRTING_PX)
    if room.kind == "peg":
        lit = shade.crop(0, room.rail_px, WIDTH, RAIL_PX)
        whole = whole.insert(_coloured(room.front, _rail() * lit, seed, gains), 0, room.rail_px)
    return whole.copy_memory()


def _coloured(ground: tuple[str, Colour], shade: pyvips.Image, seed: int, gains: list[float]) -> pyvips.Image:
    material, colour = ground
    if material == "bokeh":
        return _tinted(_bokeh(seed).crop(0, 0, WIDTH, shade.height) * shade, colour, gains)
    relief = surface(material, seed, 0 if material == "floor" else seed // 3).crop(0, 0, WIDTH, shade.height)
    strength = _strength(material, colour)
    if strength < 1:
        relief = relief.linear(strength, 128 * (1 - strength), uchar=True)
    return _tinted(relief * shade, colour, gains)


def _strength(material: str, colour: Colour) -> float:
    """Painted wood shows less of its grain than oiled wood."""
    if material == "linen":
        return 0.62
    if material not in {"boards", "table", "floor"}:
        return 1.0
    is_painted = max(colour) - min(colour) < 30
    return 0.34 if is_painted else 0.80


def _tinted(brightness: pyvips.Image, colour: Colour, gains: list[float]) -> pyvips.Image:
    """A colour in light; `brightness` of 8000 means the colour itself. A table is 4 times as fast as arithmetic."""
    table = pyvips.Image.identity(ushort=True, size=_BRIGHTEST)
    slopes = [value * gain / 8000 for value, gain in zip(colour, gains, strict=True)]
    return brightness.cast("ushort").maplut(table.linear(slopes, [0, 0, 0], uchar=True))


@lru_cache(maxsize=1)
def _skirting() -> pyvips.Image:
    """The profile of a painted board along the foot of a wall."""
    rows = pyvips.Image.xyz(WIDTH, SKIRTING_PX)[1]
    return (rows < 8).ifthenelse(rows * 1.5 + 125, rows * -0.1 + 128).copy_memory()


@lru_cache(maxsize=1)
def _rail() -> pyvips.Image:
    """The profile of a peg rail: a board with a lit upper edge, a dark lower one, and round pegs."""
    places = pyvips.Image.xyz(WIDTH, RAIL_PX)
    across, down = (places[0] % 240) - 120, places[1] - RAIL_PX / 2
    board = 1.0 + (places[1] < 6) * (0.10 / 255) - (places[1] > RAIL_PX - 6) * (0.22 / 255)
    out = (across**2 + down**2) ** 0.5
    shadow = ((across - 5) ** 2 + (down - 7) ** 2) ** 0.5
    peg = (out < 22).ifthenelse(down * -0.006 + 1.12, board - (shadow < 26) * (0.16 / 255))
    return peg.gaussblur(1.3).copy_memory()


def _bokeh(seed: int) -> pyvips.Image:
    """A garden out of focus, 128 meaning 1.0 like any relief."""
    wide, tall = WIDTH // 12, HEIGHT // 12 + 1
    leaves = pyvips.Image.perlin(wide, tall, cell_size=22, seed=seed)
    spots = (pyvips.Image.worley(wide, tall, cell_size=26, seed=seed + 1) < 7).cast("float").gaussblur(1.6)
    tone = leaves * 0.22 + spots * (0.16 / 255) + pyvips.Image.xyz(wide, tall)[1].linear(-0.22 / tall, 1.16)
    return tone.linear(128, 0).copy_memory().resize(12, kernel="cubic").crop(0, 0, WIDTH, HEIGHT)


def _thing(place: Place, room: Room, exposure: float, seed: int) -> tuple[pyvips.Image, int, int]:
    """The lit object as premultiplied RGBA and the corner it goes to: its foot or its middle at the place's point."""
    image = placed(place.name, place.dye, place.size_px, place.turn_degrees, place.mirrored)
    standing = stands(place.name, room)
    image = _lit(image, room, standing, exposure, seed)
    left = round(place.x - image.width / 2)
    top = round(place.y - image.height) if standing else round(place.y - image.height / 2)
    return image, left, top


def _lit(image: pyvips.Image, room: Room, standing: bool, exposure: float, seed: int) -> pyvips.Image:
    """Brighter towards the window, a breath of the ground's colour from below, and the grain of the film."""
    places = pyvips.Image.xyz(image.width, image.height)
    near, far = (1.07 * exposure, 0.90 * exposure) if room.from_left else (0.90 * exposure, 1.07 * exposure)
    shade = places[0].linear((far - near) / image.width, near)
    shade = shade * _grain(image.width, image.height, seed).linear(1 / 2000, 1)
    colour, alpha = image.extract_band(0, n=3), image[3]
    if not standing:
        return (colour * shade).cast("uchar").bandjoin(alpha).copy_memory()
    bounce = places[1].linear(0.34 / image.height, -0.20)
    bounce = (bounce > 0).ifthenelse(bounce, 0)
    ground = (alpha * bounce).linear([value / 255 * 0.92 for value in room.front[1]], [0, 0, 0])
    lit = colour * (shade * bounce.linear(-1, 1)) + ground
    return lit.cast("uchar").bandjoin(alpha).copy_memory()


@lru_cache(maxsize=1)
def _film() -> pyvips.Image:
    noise = pyvips.Image.gaussnoise(FILM_PX, FILM_PX, mean=0, sigma=60, seed=3)
    return noise.gaussblur(0.7).cast("char").copy_memory()


def _grain(width: int, height: int, seed: int) -> pyvips.Image:
    return _film().crop(seed % (FILM_PX - width), seed % (FILM_PX - height), width, height)


def _laid_over(picture: pyvips.Image, thing: pyvips.Image, left: int, top: int) -> pyvips.Image:
    x, y = max(left, 0), max(top, 0)
    width, height = min(left + thing.width, WIDTH) - x, min(top + thing.height, HEIGHT) - y
    if width <= 0 or height <= 0:
        return picture
    seen = thing.crop(x - left, y - top, width, height)
    under = picture.crop(x, y, width, height)
    blended = under * seen[3].linear(-1 / 255, 1) + seen.extract_band(0, n=3)
    return picture.insert(blended.cast("uchar"), x, y)
