"""Where things stand in a demo picture: the room of a listing and the camera of each of its shots."""

from dataclasses import dataclass
from random import Random

from localex.demo.pictures import palette
from localex.demo.pictures.art import all_objects, mean_lab
from localex.demo.pictures.grounds import HEIGHT, WIDTH
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


@dataclass(frozen=True)
class Place:
    """One thing in the frame: its object, the centre of its foot or of itself, size of the longer side, turn."""

    name: str
    dye: int
    x: float
    y: float
    size_px: float
    turn_degrees: float
    mirrored: bool


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


def arrange(names: tuple[str, ...], count: int, room: Room, shot: int, chance: Random) -> list[Place]:
    """Who stands where in one shot, the farthest first.

    Shot 0 shows everything, shot 1 the thing itself from nearer, shot 2 another side of it, shot 3 the whole scene.
    """
    lying = not stands(names[0], room)
    size = {0: chance.uniform(530, 610), 1: chance.uniform(700, 790), 2: chance.uniform(490, 600)}.get(
        shot, chance.uniform(385, 445)
    )
    if room.kind == "floor":
        size *= 1.14
    middle = WIDTH / 2 + chance.uniform(-44, 44) * (2.6 if shot == 1 else 1)
    level = HEIGHT * (chance.uniform(0.46, 0.55) if lying else chance.uniform(0.78, 0.84))
    if shot == 1 and not lying:
        level += 80
    crowd = count if shot != 1 else 1
    others = names[1:] if shot != 1 else ()
    if others or crowd > 1:
        size *= 0.84
    if room.kind == "peg":
        level = room.rail_px + 10 + size * 0.47
    spread = _lying if lying else _standing
    return spread(names[0], others, crowd, room, shot, (middle, level, size), chance)


def _standing(
    name: str,
    others: tuple[str, ...],
    crowd: int,
    room: Room,
    shot: int,
    at: tuple[float, float, float],
    chance: Random,
) -> list[Place]:
    middle, level, size = at
    side = 1 if chance.random() < 0.5 else -1
    mirrored = _mirrored(name, shot, chance)
    placed = []
    for number in range(crowd - 1, 0, -1):
        aside = side * (-1) ** number * size * chance.uniform(0.40, 0.50)
        dye = room.dye + (chance.choice((0, 40, -50)) if all_objects()[name].takes_dye else 0)
        placed.append(
            Place(
                name,
                dye,
                middle + aside,
                level - size * chance.uniform(0.10, 0.18),
                size * chance.uniform(0.80, 0.90),
                chance.uniform(-3, 3),
                mirrored,
            )
        )
    shift = -side * size * 0.16 if others else 0
    placed.append(Place(name, room.dye, middle + shift, level, size, chance.uniform(-2.5, 2.5), mirrored))
    for number, other in enumerate(others):
        aside = side * size * (0.50 - number * 0.88)
        placed.append(
            Place(
                other,
                0,
                middle + aside,
                level + size * chance.uniform(0.07, 0.12),
                size * chance.uniform(0.50, 0.58),
                chance.uniform(-4, 4),
                False,
            )
        )
    return placed


def _lying(
    name: str,
    others: tuple[str, ...],
    crowd: int,
    room: Room,
    shot: int,
    at: tuple[float, float, float],
    chance: Random,
) -> list[Place]:
    middle, level, size = at
    hanging = room.kind in {"hang", "peg"}
    mirrored = _mirrored(name, shot, chance)
    turn = chance.uniform(-3, 3) if hanging else chance.choice((-1, 1)) * chance.uniform(4, 19)
    placed = []
    for number in range(1, crowd):
        dye = room.dye + (chance.choice((0, 40, -50)) if all_objects()[name].takes_dye else 0)
        placed.append(
            Place(
                name,
                dye,
                middle + (-1) ** number * size * 0.36,
                level - size * (0.46 - number * 0.30),
                size * 0.86,
                turn + chance.uniform(-28, 28),
                mirrored,
            )
        )
    shift = size * (0.14 if others or crowd > 1 else 0)
    placed.append(
        Place(
            name,
            room.dye,
            middle - shift,
            level - shift * 0.9 + (size * 0.22 if crowd > 1 else 0),
            size,
            turn,
            mirrored,
        )
    )
    for number, other in enumerate(others):
        placed.append(
            Place(
                other,
                0,
                middle + size * (0.42 - 0.70 * number),
                level + size * (0.46 + 0.06 * number),
                size * 0.56,
                chance.uniform(-30, 30),
                False,
            )
        )
    return placed


def _mirrored(name: str, shot: int, chance: Random) -> bool:
    if not all_objects()[name].may_be_mirrored:
        return False
    return chance.random() < 0.4 if shot != 2 else chance.random() < 0.75
