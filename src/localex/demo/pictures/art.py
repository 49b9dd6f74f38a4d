"""The objects that demo pictures show: emoji art, enlarged, calmed and, where it suits, dyed."""

import tomllib
from cmath import rect
from dataclasses import dataclass
from functools import lru_cache
from math import radians
from pathlib import Path
from typing import Literal

import pyvips

CONTENT = Path(__file__).resolve().parent.parent / "content"
MASTER_PX = 540
CHROMA, FADING = 0.92, 0.0019  # the art is as bright as sweets; a room's light is not
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


@lru_cache(maxsize=24)
def master(name: str, dye_degrees: int = 0) -> pyvips.Image:
    """The object as 8-bit premultiplied RGBA, trimmed to its outline, its longer side `MASTER_PX`.

    The source has 256 px. Sharpening before enlarging keeps the shading crisp, and a steeper edge of the alpha takes
    away the haze that enlarging leaves round the outline.
    """
    image = _source(name)
    colour = _dyed(image.extract_band(0, n=3), dye_degrees).cast("uchar").conv(_SHARPEN).cast("uchar")
    without_rim = image[3].rank(3, 3, 1)  # the art's outermost pixel is lit from behind: white on our grounds
    large = colour.bandjoin(without_rim).premultiply().cast("uchar")
    large = large.resize(MASTER_PX / max(large.width, large.height), kernel="lanczos3").cast("uchar").copy_memory()
    alpha = large[3]
    steeper = alpha.linear(1.5, -64, uchar=True)
    gain = steeper / (alpha > 0).ifthenelse(alpha, 1)
    whole = (large.extract_band(0, n=3) * gain).cast("uchar").bandjoin(steeper)
    return whole.embed(2, 2, whole.width + 4, whole.height + 4).copy_memory()


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
    scale = size_px / MASTER_PX
    return image.similarity(scale=scale, angle=turn_degrees, background=[0]).copy_memory()


def _dyed(colour: pyvips.Image, degrees: int) -> pyvips.Image:
    lch = colour.copy(interpretation="srgb").colourspace("lch")
    chroma = lch[1] * (lch[1].linear(-FADING, CHROMA))
    dyed = lch[0].bandjoin([chroma, lch[2] + degrees])
    return dyed.copy(interpretation="lch").colourspace("srgb")


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
