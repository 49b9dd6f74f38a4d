"""Calm colours of walls and surfaces, and the choice of one that an object stands out from."""

from math import dist
from random import Random

from localex.demo.pictures.art import lab_of

Colour = tuple[float, float, float]

WALLS: tuple[Colour, ...] = (
    (236, 229, 217),  # oat
    (241, 239, 234),  # chalk
    (201, 211, 193),  # sage
    (189, 204, 213),  # dusty blue
    (229, 205, 190),  # rose clay
    (224, 208, 182),  # sand
    (213, 216, 214),  # mist
    (209, 204, 217),  # lavender grey
    (240, 230, 205),  # butter
    (196, 141, 113),  # terracotta
    (78, 104, 90),  # fir
    (72, 90, 112),  # dusk
    (108, 82, 88),  # plum
    (166, 184, 178),  # eucalyptus
)
WOODS: tuple[Colour, ...] = (
    (200, 164, 120),  # oak
    (132, 97, 71),  # walnut
    (224, 204, 174),  # ash
    (235, 231, 224),  # painted white
    (176, 132, 92),  # cherry
    (148, 158, 146),  # painted grey-green
)
CLOTHS: tuple[Colour, ...] = (
    (226, 216, 199),  # natural linen
    (156, 174, 188),  # washed blue
    (198, 160, 140),  # faded brick
    (128, 141, 116),  # moss
    (238, 234, 226),  # bleached
    (94, 100, 112),  # slate
    (219, 190, 134),  # straw
)
PAPERS: tuple[Colour, ...] = (
    (238, 224, 208),  # shell
    (205, 219, 214),  # sea glass
    (243, 232, 205),  # cream
    (216, 206, 224),  # lilac
    (233, 199, 178),  # peach
    (190, 205, 180),  # pistachio
    (226, 226, 222),  # pearl
    (92, 116, 112),  # deep teal
    (178, 120, 98),  # brick
)
STONE: Colour = (186, 182, 172)
FOLIAGE: tuple[Colour, ...] = (
    (138, 158, 112),  # meadow
    (104, 134, 104),  # hedge
    (166, 170, 122),  # late summer
    (150, 170, 158),  # morning
    (186, 158, 112),  # autumn
)
CLEARLY_APART = 36.0  # CIELAB distance at which an object and its ground separate at a glance


def apart_from(lab: tuple[float, float, float], colours: tuple[Colour, ...], chance: Random) -> Colour:
    """A colour of `colours`, drawn by `chance`, that lies clearly apart from `lab`; else the one farthest from it."""
    drawn = chance.sample(colours, len(colours))
    for colour in drawn:
        if dist(lab, lab_of(colour)) >= CLEARLY_APART:
            return colour
    return max(drawn, key=lambda colour: dist(lab, lab_of(colour)))
