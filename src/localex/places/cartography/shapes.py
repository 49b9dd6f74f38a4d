"""Cuts lines and rings to the sheet, leaves out vertices that nobody sees, and writes SVG path commands."""

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from localex.places.cartography.frame import Spot

Edges = tuple[float, float, float, float]  # left, top, right, bottom


def clip_line(line: Sequence[Spot], edges: Edges) -> list[list[Spot]]:
    """The parts of `line` inside `edges` (Liang and Barsky, 1984, segment by segment)."""
    parts: list[list[Spot]] = []
    for start, end in pairwise(line):
        cut = _clip_segment(start, end, edges)
        if cut is None:
            continue
        if parts and parts[-1][-1] == cut[0]:
            parts[-1].append(cut[1])
        else:
            parts.append(list(cut))
    return parts


def _clip_segment(start: Spot, end: Spot, edges: Edges) -> tuple[Spot, Spot] | None:
    (x, y), dx, dy = start, end[0] - start[0], end[1] - start[1]
    left, top, right, bottom = edges
    enter, leave = 0.0, 1.0
    for step, room in ((-dx, x - left), (dx, right - x), (-dy, y - top), (dy, bottom - y)):
        if step == 0:
            if room < 0:
                return None
        elif step < 0:
            enter = max(enter, room / step)
        else:
            leave = min(leave, room / step)
    if enter > leave:
        return None
    first = start if enter == 0 else (x + enter * dx, y + enter * dy)
    last = end if leave == 1 else (x + leave * dx, y + leave * dy)
    return first, last


def clip_ring(ring: Sequence[Spot], edges: Edges) -> list[Spot]:
    """The part of a closed ring inside `edges`, closed again along them (Sutherland and Hodgman, 1974)."""
    left, top, right, bottom = edges
    corners = list(ring[:-1]) if ring[0] == ring[-1] else list(ring)
    for axis, bound, sign in ((0, left, 1), (0, right, -1), (1, top, 1), (1, bottom, -1)):
        corners = _clip_side(corners, axis, bound, sign)
        if not corners:
            return []
    return [*corners, corners[0]]


def _clip_side(corners: Sequence[Spot], axis: int, bound: float, sign: int) -> list[Spot]:
    kept: list[Spot] = []
    for start, end in zip(corners, [*corners[1:], corners[0]], strict=True):
        start_in, end_in = sign * (start[axis] - bound) >= 0, sign * (end[axis] - bound) >= 0
        if start_in:
            kept.append(start)
        if start_in != end_in:
            share = (bound - start[axis]) / (end[axis] - start[axis])
            kept.append((start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])))
    return kept


def simplify(line: Sequence[Spot], tolerance: float) -> list[Spot]:
    """Without the vertices nearer than `tolerance` to the line of the rest (Douglas and Peucker, 1973).

    Vertices that lie close together go first: what is left then is short, where the exact method alone is quadratic.
    """
    line = _thinned(line, tolerance / 6)
    tolerance *= 0.75
    if len(line) < 3:
        return list(line)
    keep = {0, len(line) - 1}
    todo = [(0, len(line) - 1)]
    while todo:
        first, last = todo.pop()
        worst, distance = first, tolerance
        for number in range(first + 1, last):
            away = distance_to_segment(line[number], line[first], line[last])
            if away > distance:
                worst, distance = number, away
        if worst != first:
            keep.add(worst)
            todo += [(first, worst), (worst, last)]
    return [line[number] for number in sorted(keep)]


def _thinned(line: Sequence[Spot], step: float) -> Sequence[Spot]:
    """`line` without the vertices within `step` of the last one kept; the ends stay."""
    kept = [line[0]]
    for spot in line[1:-1]:
        if abs(spot[0] - kept[-1][0]) > step or abs(spot[1] - kept[-1][1]) > step:
            kept.append(spot)
    return [*kept, line[-1]] if len(line) > 1 else kept


def distance_to_segment(spot: Spot, start: Spot, end: Spot) -> float:
    """From `spot` to the nearest point of a segment."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = dx * dx + dy * dy
    if length == 0:
        return math.dist(spot, start)
    share = max(0.0, min(1.0, ((spot[0] - start[0]) * dx + (spot[1] - start[1]) * dy) / length))
    return math.hypot(spot[0] - start[0] - share * dx, spot[1] - start[1] - share * dy)


def area_of(ring: Sequence[Spot]) -> float:
    """The area that a closed ring encloses, always positive (the surveyor's formula)."""
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring))) / 2


def is_inside(spot: Spot, ring: Sequence[Spot]) -> bool:
    """Whether a closed ring goes round `spot` (the even-odd rule)."""
    x, y = spot
    return bool(
        sum((y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1 for (x1, y1), (x2, y2) in pairwise(ring))
        % 2
    )


def length_of(line: Iterable[Spot]) -> float:
    """The length of a line."""
    return sum(math.dist(start, end) for start, end in pairwise(line))


def smooth(line: Sequence[Spot], rounds: int = 2) -> list[Spot]:
    """`line` with its corners cut (Chaikin, 1974), ends kept: a baseline that letters can walk along."""
    for _ in range(rounds):
        cut = [line[0]]
        for (x1, y1), (x2, y2) in pairwise(line):
            cut += [(0.75 * x1 + 0.25 * x2, 0.75 * y1 + 0.25 * y2), (0.25 * x1 + 0.75 * x2, 0.25 * y1 + 0.75 * y2)]
        line = [*cut, line[-1]]
    return list(line)


def path_of(lines: Iterable[Sequence[Spot]], *, closed: bool = False) -> str:
    """SVG path commands for `lines`, in whole units and steps relative to the last point: a third of the bytes."""
    return "".join(_commands(line, closed=closed) for line in lines)


def _commands(line: Sequence[Spot], *, closed: bool) -> str:
    spots = _distinct(line)
    if closed and len(spots) > 1 and spots[0] == spots[-1]:
        spots.pop()
    if len(spots) < (3 if closed else 2):
        return ""
    steps = [_number(x2 - x1, y2 - y1) for (x1, y1), (x2, y2) in pairwise(spots)]
    return f"M{spots[0][0]} {spots[0][1]}l{_joined(steps)}{'z' if closed else ''}"


def _distinct(line: Sequence[Spot]) -> list[tuple[int, int]]:
    spots: list[tuple[int, int]] = []
    for x, y in line:
        spot = (round(x), round(y))
        if not spots or spots[-1] != spot:
            spots.append(spot)
    return spots


def _number(dx: int, dy: int) -> str:
    return f"{dx}{dy}" if dy < 0 else f"{dx} {dy}"


def _joined(steps: Iterable[str]) -> str:
    """Steps in a row; a minus sign parts numbers as well as a space does."""
    text = ""
    for step in steps:
        text += step if not text or step.startswith("-") else f" {step}"
    return text


def project(line: Iterable[tuple[float, float]], place: Callable[[float, float], Spot]) -> list[Spot]:
    """Longitudes and latitudes laid on the sheet."""
    return [place(lon, lat) for lon, lat in line]
