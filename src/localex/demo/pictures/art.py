"""The objects that demo pictures show: emoji art, enlarged, calmed and, where it suits, dyed."""

import tomllib
from cmath import rect
from dataclasses import dataclass
from functools import lru_cache
from math import cos, radians, sin
from pathlib import Path
from typing import Literal

import pyvips

CONTENT = Path(__file__).resolve().parent.parent / "content"
GREY = (0.213, 0.715, 0.072)
SATURATION = 0.79  # the art is as bright as sweets; a room's light is not
_SHARPEN = pyvips.Image.new_from_array([[-1, -2, -1], [-2, 28, -2], [-1, -2, -1]], scale=16)


@dataclass(frozen=True)
class ArtObject:
    """One object of `art.toml`: its file, how it rests and whether it may change its colour or face the other way."""

    name: str
    code: str
    rests: Literal["stand", "lie", "hang", "floor", "outside"]
    takes_dye: bool
    may_be_mirrored: bool


@lru_cache(maxsize=1)
def all_objects() -> dict[str, ArtObject]:
    """Every object by its name."""
    source = tomllib.loads((CONTENT / "art.toml").read_text("utf-8"))
    fixed = set(source["never_mirrored"])
    return {
        name: ArtObject(name, made["code"], made["rests"], made.get("dye", False), name not in fixed)
        for name, made in source["objects"].items()
    }


@lru_cache(maxsize=64)
def master(name: str, dye_degrees: int = 0) -> pyvips.Image:
    """The object as 8-bit premultiplied RGBA at its own size, dyed, calmed and sharpened so that it may be enlarged.

    The art's outermost pixel is lit from behind, which would be a white rim on our grounds: it is taken away.
    """
    image = _source(name)
    colour = image.extract_band(0, n=3).recomb(_dye(dye_degrees)).cast("uchar").conv(_SHARPEN).cast("uchar")
    without_rim = image[3].rank(3, 3, 1).linear(1.25, -32, uchar=True)
    whole = colour.bandjoin(without_rim).premultiply().cast("uchar")
    return whole.embed(2, 2, whole.width + 4, whole.height + 4).copy_memory()


@lru_cache(maxsize=48)
def _source(name: str) -> pyvips.Image:
    image = pyvips.Image.new_from_file(str(CONTENT / "art" / f"{all_objects()[name].code}.webp"))
    if not image.hasalpha():
        image = image.addalpha()
    return image.crop(*image[3].find_trim(threshold=24, background=[0])).copy_memory()


def placed(name: str, dye_degrees: int, size_px: float, turn_degrees: float, mirrored: bool) -> pyvips.Image:
    """The object with its longer side at `size_px`, turned, as 8-bit premultiplied RGBA."""
    image = master(name, dye_degrees)
    if mirrored:
        image = image.fliphor()
    scale = size_px / (max(image.width, image.height) - 4)
    across, down = scale * cos(radians(turn_degrees)), scale * sin(radians(turn_degrees))
    bicubic = pyvips.Interpolate.new("bicubic")
    # Said to be premultiplied, or libvips does it a second time and the outline turns white.
    turned = image.affine([across, -down, down, across], interpolate=bicubic, background=[0], premultiplied=True)
    return turned.copy_memory()


@lru_cache(maxsize=64)
def _dye(degrees: int) -> pyvips.Image:
    """The matrix that turns the hue and takes some of the saturation, keeping the lightness.

    Source: the feColorMatrix types hueRotate and saturate of SVG 1.1, multiplied.
    """
    turn, wave = cos(radians(degrees)), sin(radians(degrees))
    hue = (
        (0.213 + turn * 0.787 - wave * 0.213, 0.715 - turn * 0.715 - wave * 0.715, 0.072 - turn * 0.072 + wave * 0.928),
        (0.213 - turn * 0.213 + wave * 0.143, 0.715 + turn * 0.285 + wave * 0.140, 0.072 - turn * 0.072 - wave * 0.283),
        (0.213 - turn * 0.213 - wave * 0.787, 0.715 - turn * 0.715 + wave * 0.715, 0.072 + turn * 0.928 + wave * 0.072),
    )
    grey = [sum(part * share for part, share in zip(column, GREY, strict=True)) for column in zip(*hue, strict=True)]
    calm = [
        [SATURATION * part + (1 - SATURATION) * share for part, share in zip(row, grey, strict=True)] for row in hue
    ]
    return pyvips.Image.new_from_array(calm)


@lru_cache(maxsize=512)
def mean_lab(name: str, dye_degrees: int = 0) -> tuple[float, float, float]:
    """The object's average colour in CIELAB, used to choose a ground that it stands out from."""
    small = _source(name).shrink(4, 4)
    weight = max(small[3].avg(), 1.0)
    lightness, a, b = lab_of(tuple((small[band] * small[3]).avg() / weight for band in range(3)))
    turned = complex(a, b) * rect(1, radians(dye_degrees))
    return lightness, turned.real, turned.imag


@lru_cache(maxsize=256)
def lab_of(rgb: tuple[float, ...]) -> tuple[float, float, float]:
    """CIELAB of an sRGB colour of 0 to 255."""
    pixel = pyvips.Image.black(1, 1, bands=3).linear(1, list(rgb)).cast("uchar").copy(interpretation="srgb")
    lightness, a, b = pixel.colourspace("lab").getpoint(0, 0)
    return lightness, a, b
