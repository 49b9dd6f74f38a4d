"""The room that the pictures of a listing are taken in: its surfaces, its light, and how things rest there."""

from dataclasses import dataclass
from random import Random

from localex.demo.pictures import palette
from localex.demo.pictures.art import all_objects, mean_lab
from localex.demo.pictures.palette import Colour

DYES = (0, 0, 25, -30, 70, 140, -70, 180, -110)


@dataclass(frozen=True)
class Room:
    """What all shots of one listing share: the surfaces, the light and the colours of the things."""

    kind: str  # table | sweep | lay | hang | peg | floor | outside
    back: tuple[str, Colour]
    front: tuple[str, Colour]
    light: str
    from_left: bool
    warmth: float
    dye: int
    rail_px: int


def dye_of(name: str, chance: Random) -> int:
    """The colour a listing's main object comes in, as a turn of its hue in degrees."""
    return chance.choice(DYES) if all_objects()[name].takes_dye else 0


def furnish(name: str, dye: int, chance: Random) -> Room:
    """The room for pictures of the object `name` dyed by `dye` degrees."""
    main = all_objects()[name]
    lab = mean_lab(main.name, dye)
    kind = {
        "stand": _of(chance, table=62, sweep=38),
        "lie": _of(chance, lay=82, sweep=18),
        "hang": "hang",
        "peg": _of(chance, peg=75, lay=25),
        "floor": "floor",
        "outside": _of(chance, outside=70, table=30),
    }[main.rests]
    back, front = _surfaces(kind, lab, chance)
    light = _of(chance, leaves=45, sky=55) if kind == "outside" else _of(chance, panes=27, blind=6, leaves=18, sky=49)
    return Room(
        kind, back, front, light, chance.random() < 0.66, chance.uniform(-0.022, 0.034), dye, chance.randrange(120, 170)
    )


def _of(chance: Random, **weights: int) -> str:
    return chance.choices(list(weights), list(weights.values()))[0]


def _surfaces(
    kind: str, lab: tuple[float, float, float], chance: Random
) -> tuple[tuple[str, Colour], tuple[str, Colour]]:
    """What is behind and what is below: a material and a colour each, the same one where there is no edge."""
    wall = (chance.choice(("plaster", "plaster", "trowelled", "paper")), palette.apart_from(lab, palette.WALLS, chance))
    wood = palette.apart_from(lab, palette.WOODS, chance)
    cloth = palette.apart_from(lab, palette.CLOTHS, chance)
    paper = palette.apart_from(lab, palette.PAPERS, chance)
    lying = (("linen", cloth), ("boards", wood), ("felt", cloth), ("paper", paper), ("table", wood))
    on_top = (("table", wood), ("table", wood), ("linen", cloth), ("boards", wood), ("plaster", cloth))
    ground = chance.choice((*lying, lying[0], lying[3]))
    tiled = ("tiles", wall[1]) if chance.random() < 0.18 else wall
    return {
        "table": (tiled, chance.choice(on_top)),
        "floor": (("plaster", wall[1]), ("floor", wood)),
        "outside": (
            ("bokeh", chance.choice(palette.FOLIAGE)),
            chance.choice((("boards", wood), ("trowelled", palette.STONE), ("table", wood))),
        ),
        "lay": (ground, ground),
        "peg": (wall, ("table", wood)),
        "sweep": (("paper", paper), ("paper", paper)),
        "hang": (wall, wall),
    }[kind]


def stands(name: str, room: Room) -> bool:
    """Whether the object rests on its foot in this room: then a place's point is its foot, else its middle."""
    if room.kind == "sweep":
        return all_objects()[name].rests != "lie"
    return room.kind in {"table", "floor", "outside"}
