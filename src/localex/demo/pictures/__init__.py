"""Pictures for the demo town, composed from emoji art like photographs that neighbours took at home.

    from localex.demo.pictures import Motif, paint
    picture = paint(Motif("garden/3", ("pottedplant",)), shot=0)

The same motif and shot always give the same bytes with the same libvips.
"""

from dataclasses import dataclass
from random import Random

from localex.demo.pictures.arranging import arrange
from localex.demo.pictures.camera import photograph
from localex.demo.pictures.grounds import HEIGHT, WIDTH
from localex.demo.pictures.staging import dye_of, furnish, stands

__all__ = ["HEIGHT", "WIDTH", "Motif", "Picture", "paint"]

QUALITY = 84


@dataclass(frozen=True)
class Motif:
    """What a listing's pictures show: a seed, the main object and its companions, how many of the main one."""

    seed: str
    names: tuple[str, ...]
    count: int = 1


@dataclass(frozen=True)
class Picture:
    """An upload as a member's telephone would send it."""

    content: bytes
    filename: str
    width: int
    height: int


def paint(motif: Motif, *, shot: int) -> Picture:
    """Take shot number `shot` (0 is the cover) of a motif: JPEG, 960 wide, mostly 4:5.

    Raises KeyError for an object that `art.toml` does not name.
    """
    dye = dye_of(motif.names[0], Random(motif.seed))  # noqa: S311 - pictures repeat on purpose
    corner = f"{motif.seed}/{shot // 2}"  # two shots in one corner of the flat, the next two in another
    room = furnish(motif.names[0], dye, Random(corner))  # noqa: S311
    chance = Random(f"{motif.seed}#{shot}")  # noqa: S311
    places = arrange(motif.names, motif.count, room, shot, chance)
    image = photograph(room, places, chance)
    middles = [place.y - (place.size_px / 2 if stands(place.name, room) else 0) for place in places]
    centre = sum(middles) / len(middles)
    tall = HEIGHT if shot == 1 or room.kind == "peg" else chance.choices((HEIGHT, WIDTH, 720), (76, 14, 10))[0]
    top = min(max(round(centre - tall / 2), 0), HEIGHT - tall)
    image = image.crop(0, top, WIDTH, tall)
    return Picture(image.jpegsave_buffer(Q=QUALITY, keep="none"), f"{motif.names[0]}-{shot + 1}.jpg", WIDTH, tall)
