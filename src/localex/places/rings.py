"""Joins pieces of line end to end: broken outlines into closed rings, split streets into one."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

Spot = TypeVar("Spot", bound=tuple[float, float])
Line = tuple[Spot, ...]


def join_lines(pieces: Sequence[Line[Spot]], *, may_turn: bool = True) -> list[Line[Spot]]:
    """The fewest lines that hold all `pieces`, joined where ends meet; with `may_turn` a piece may be reversed."""
    ends: dict[Spot, list[int]] = defaultdict(list)
    for number, piece in enumerate(pieces):
        ends[piece[0]].append(number)
        if may_turn:
            ends[piece[-1]].append(number)
    free = set(range(len(pieces)))
    lines = []
    for number in range(len(pieces)):
        if number not in free:
            continue
        free.discard(number)
        line = list(pieces[number])
        _extend(line, pieces, ends, free)
        if may_turn and line[0] != line[-1]:
            line.reverse()
            _extend(line, pieces, ends, free)
        lines.append(tuple(line))
    return lines


def _extend(line: list[Spot], pieces: Sequence[Line[Spot]], ends: dict[Spot, list[int]], free: set[int]) -> None:
    """Lengthen `line` at its end with free pieces until none fits or it closes."""
    while len(line) < 3 or line[0] != line[-1]:
        following = next((number for number in ends[line[-1]] if number in free), None)
        if following is None:
            return
        free.discard(following)
        piece = pieces[following]
        line.extend(piece[1:] if piece[0] == line[-1] else piece[-2::-1])


def join_rings(pieces: Sequence[Line[Spot]]) -> list[Line[Spot]]:
    """The closed rings among the joined `pieces`; what does not close (its rest is outside the extract) is left out."""
    return [line for line in join_lines(pieces) if len(line) > 3 and line[0] == line[-1]]
