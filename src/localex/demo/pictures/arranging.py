"""Who stands where in one shot: a thing alone or several of it, with what belongs to it."""

from dataclasses import dataclass
from random import Random

from localex.demo.pictures.art import all_objects
from localex.demo.pictures.grounds import HEIGHT, WIDTH
from localex.demo.pictures.staging import Room, stands

CLOSE_UP = 1
SIZES = {0: (530, 610), CLOSE_UP: (700, 790), 2: (490, 600), 3: (385, 445)}  # of the main thing, by shot
SHADES = (0, 40, -50)  # how the dyes of several things of one kind differ


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


def arrange(names: tuple[str, ...], count: int, room: Room, shot: int, chance: Random) -> list[Place]:
    """The things of one shot, the farthest first.

    Shot 0 shows everything, shot 1 the thing itself from nearer, shot 2 another side of it, shot 3 the whole scene.
    """
    is_alone = shot == CLOSE_UP
    table = _Table(names[0], () if is_alone else names[1:], 1 if is_alone else count, room, shot, chance)
    return table.stand() if stands(names[0], room) else table.lie()


class _Table:
    """One arrangement in the making. Distances are in sizes of the main thing."""

    def __init__(self, name: str, others: tuple[str, ...], count: int, room: Room, shot: int, chance: Random) -> None:
        self.name, self.others, self.count, self.room, self.chance = name, others, count, room, chance
        is_standing = stands(name, room)
        size = chance.uniform(*SIZES[min(shot, max(SIZES))]) * (1.14 if room.kind == "floor" else 1)
        self.size = size * (0.84 if others or count > 1 else 1)
        self.middle = WIDTH / 2 + chance.uniform(-44, 44) * (2.6 if shot == CLOSE_UP else 1)
        self.level = HEIGHT * (chance.uniform(0.78, 0.84) if is_standing else chance.uniform(0.46, 0.55))
        if shot == CLOSE_UP and is_standing:
            self.level += 80
        if room.kind == "peg":
            self.level = room.rail_px + 10 + self.size * 0.47
        turns = all_objects()[name].may_be_mirrored
        self.mirrored = turns and chance.random() < (0.75 if shot == 2 else 0.4)

    def stand(self) -> list[Place]:
        """Side by side: more of it behind to the left and right, what belongs to it smaller in front."""
        chance, side = self.chance, self.chance.choice((1, -1))
        placed = [
            self._more(side * (-1) ** number * chance.uniform(0.40, 0.50), -chance.uniform(0.10, 0.18), 3)
            for number in range(self.count - 1, 0, -1)
        ]
        placed.append(self._main(-side * 0.16 if self.others else 0, 0, chance.uniform(-2.5, 2.5)))
        for number, other in enumerate(self.others):
            aside = side * (0.50 - number * 0.88)
            placed.append(self._other(other, aside, chance.uniform(0.07, 0.12), chance.uniform(-4, 4)))
        return placed

    def lie(self) -> list[Place]:
        """Laid out loosely, the main thing up to the left, what belongs to it down to the right."""
        chance = self.chance
        is_hanging = self.room.kind in {"hang", "peg"}
        turn = chance.uniform(-3, 3) if is_hanging else chance.choice((-1, 1)) * chance.uniform(4, 19)
        placed = [self._more((-1) ** number * 0.36, -0.46 + number * 0.30, 28, turn) for number in range(1, self.count)]
        aside = 0.14 if self.others or self.count > 1 else 0
        placed.append(self._main(-aside, -aside * 0.9 + (0.22 if self.count > 1 else 0), turn))
        for number, other in enumerate(self.others):
            placed.append(self._other(other, 0.42 - 0.70 * number, 0.46 + 0.06 * number, chance.uniform(-30, 30)))
        return placed

    def _main(self, across: float, down: float, turn: float) -> Place:
        return self._at(self.name, self.room.dye, across, down, 1, turn, self.mirrored)

    def _more(self, across: float, down: float, loose_degrees: float, turn: float = 0) -> Place:
        shade = self.chance.choice(SHADES) if all_objects()[self.name].takes_dye else 0
        tilt = turn + self.chance.uniform(-loose_degrees, loose_degrees)
        return self._at(self.name, self.room.dye + shade, across, down, 0.86, tilt, self.mirrored)

    def _other(self, name: str, across: float, down: float, turn: float) -> Place:
        return self._at(name, 0, across, down, self.chance.uniform(0.50, 0.58), turn, False)

    def _at(self, name: str, dye: int, across: float, down: float, scale: float, turn: float, mirrored: bool) -> Place:
        x, y = self.middle + across * self.size, self.level + down * self.size
        return Place(name, dye, x, y, self.size * scale, turn, mirrored)
