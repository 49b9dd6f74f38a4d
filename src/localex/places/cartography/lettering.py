"""Sets the names on the map at one zoom: no two collide, and letters run along their street."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from localex.places.cartography.frame import Frame, Spot
from localex.places.cartography.layers import ZOOMS
from localex.places.cartography.naming import QUARTER_SPACING, WET_SPACING, Name
from localex.places.cartography.shapes import distance_to_segment, length_of, path_of, smooth

NARROW, WIDE = frozenset("ijltfrI.,'’-/()| "), frozenset("mwMWÄÖÜ@%")
REPEAT_PX = 460  # the same street is named again after this much of it
STRAIGHT_PX = 2.2  # a line that strays less than this from straight gets straight letters
MAX_TURN = math.radians(24)
MAX_BEND = math.radians(75)
MARGIN = 0.035  # of the sheet: nothing is written where it fades out
GAP_PX = 7
SPACING = {"wet": WET_SPACING, "brook": 0.06, "quarter": QUARTER_SPACING}


@dataclass(frozen=True, slots=True)
class _Fit:
    """Where a name could stand: middle, line under it, that line with room to spare, and its stray from straight."""

    middle: Spot
    baseline: Sequence[Spot]
    run_up: Sequence[Spot]
    stray: float


class Lettering:
    """The names of one zoom as SVG elements; `paths` are the curved baselines that some of them refer to."""

    def __init__(self, frame: Frame, level: int) -> None:
        self.elements: list[str] = []
        self.paths: list[str] = []
        self._frame = frame
        self._level = level
        self._px = frame.units_per_px(ZOOMS[level])
        self._taken: dict[tuple[int, int], list[tuple[float, float, float]]] = defaultdict(list)
        self._cell = 40 * self._px

    def set_all(self, names: Iterable[Name]) -> "Lettering":
        """Set as many of `names` as fit, in their order."""
        for name in names:
            size = name.px[self._level] * self._px
            if size and name.spot:
                self._set_at(name, name.spot, size)
            elif size and name.line:
                self._set_along(name, name.line, size)
        return self

    def _set_at(self, name: Name, spot: Spot, size: float) -> None:
        width = text_width(name.text, name.style) * size
        if name.room is not None and width > name.room:
            return
        x, y = self._drawn_in(spot, width / 2 + size) if name.is_movable else spot
        dots = self._dots([(x - width / 2, y), (x + width / 2, y)], size)
        if self._is_inside((x - width / 2, y)) and self._is_inside((x + width / 2, y)) and self._take(dots):
            self.elements.append(
                f'<text class="{name.style}" x="{x:.0f}" y="{y:.0f}" dy=".35em">{escape(name.text)}</text>'
            )

    def _set_along(self, name: Name, line: Sequence[Spot], size: float) -> None:
        width = text_width(name.text, name.style) * size
        placed: list[Spot] = []
        for fit in self._fits(line, width):
            if any(math.dist(fit.middle, other) < REPEAT_PX * self._px for other in placed):
                continue
            ends_inside = all(self._is_inside(spot) for spot in (fit.baseline[0], fit.baseline[-1]))
            if ends_inside and self._take(self._dots(fit.baseline, size)):
                self._write(name, fit)
                placed.append(fit.middle)

    def _write(self, name: Name, fit: _Fit) -> None:
        baseline = _left_to_right(fit.baseline)
        text = escape(name.text)
        if fit.stray <= STRAIGHT_PX * self._px:
            (x1, y1), (x2, y2) = baseline[0], baseline[-1]
            turn = math.degrees(math.atan2(y2 - y1, x2 - x1))
            x, y = fit.middle
            move = f"translate({x:.0f} {y:.0f})" + (f"rotate({turn:.1f})" if abs(turn) > 0.5 else "")
            self.elements.append(f'<text class="{name.style}" transform="{move}" dy=".35em">{text}</text>')
            return
        ref = f"p{ZOOMS[self._level]}-{len(self.paths)}"
        self.paths.append(f'<path id="{ref}" d="{path_of([smooth(_left_to_right(fit.run_up))])}"/>')
        # Letters on a curve are painted one by one: the halo of each would cut into the one before, so it comes first.
        walk = f'dy=".35em"><textPath href="#{ref}" startOffset="50%">{text}</textPath></text>'
        self.elements.append(f'<text class="{name.style} h" {walk}<text class="{name.style} n" {walk}')

    def _fits(self, line: Sequence[Spot], width: float) -> Sequence[_Fit]:
        """The stretches of `line` that a text of this width can stand on, the straightest and most central first."""
        total = length_of(line)
        room = width + 2 * GAP_PX * self._px
        if total < room:
            return []
        step = max(room / 4, 12 * self._px)
        fits = []
        for number in range(int((total - room) / step) + 1):
            start = number * step
            baseline = _stretch(line, start + GAP_PX * self._px, start + room - GAP_PX * self._px)
            if len(baseline) < 2 or _bends_too_much(baseline):
                continue
            stray = max(distance_to_segment(spot, baseline[0], baseline[-1]) for spot in baseline)
            off_centre = abs(start + room / 2 - total / 2) / total
            run_up = _stretch(line, start, start + room)
            fits.append((stray / self._px / 4 + off_centre, _fit(baseline, run_up, stray)))
        return [fit for _, fit in sorted(fits, key=lambda pair: pair[0])]

    def _dots(self, baseline: Sequence[Spot], size: float) -> list[tuple[float, float, float]]:
        """Circles that cover the text on `baseline`."""
        total = length_of(baseline)
        count = max(2, math.ceil(total / size))
        spots = [_at(baseline, total * number / count) for number in range(count + 1)]
        return [(x, y, size * 0.75) for x, y in spots]

    def _take(self, dots: Sequence[tuple[float, float, float]]) -> bool:
        """Claim the room under `dots`, unless some of it is taken."""
        if any(math.hypot(x - x2, y - y2) < r + r2 for x, y, r in dots for x2, y2, r2 in self._near(x, y)):
            return False
        for dot in dots:
            self._taken[self._cell_of(dot[0], dot[1])].append(dot)
        return True

    def _near(self, x: float, y: float) -> Iterable[tuple[float, float, float]]:
        column, row = self._cell_of(x, y)
        return (dot for i in (-1, 0, 1) for j in (-1, 0, 1) for dot in self._taken.get((column + i, row + j), ()))

    def _cell_of(self, x: float, y: float) -> tuple[int, int]:
        return math.floor(x / self._cell), math.floor(y / self._cell)

    def _drawn_in(self, spot: Spot, half: float) -> Spot:
        """`spot` moved so far into the sheet that `half` on either side is inside: a town may lie at the very edge."""
        wide, high = self._frame.width, self._frame.height
        margin = MARGIN * min(wide, high)
        x = min(max(spot[0], margin + half), wide - margin - half)
        return x, min(max(spot[1], margin + half / 4), high - margin - half / 4)

    def _is_inside(self, spot: Spot) -> bool:
        wide, high = self._frame.width, self._frame.height
        margin = MARGIN * min(wide, high)
        return margin < spot[0] < wide - margin and margin < spot[1] < high - margin


def text_width(text: str, style: str) -> float:
    """The width of `text` in units of its letter size, by three sorts of letters: near enough for Figtree and Arial."""
    letters = sum(
        0.3 if c in NARROW else 0.88 if c in WIDE else 0.68 if c.isupper() or c.isdigit() else 0.55 for c in text
    )
    spacing = SPACING.get(style, 0.0)
    return letters * (1.06 if style in ("town", "quarter") else 1.0) + spacing * len(text)


def _fit(baseline: Sequence[Spot], run_up: Sequence[Spot], stray: float) -> _Fit:
    (x1, y1), (x2, y2) = baseline[0], baseline[-1]
    x, y = _at(baseline, length_of(baseline) / 2)
    # Straight letters stand on the chord, moved half-way to the line where it bends.
    return _Fit((((x1 + x2) / 2 + x) / 2, ((y1 + y2) / 2 + y) / 2), baseline, run_up, stray)


def _at(line: Sequence[Spot], distance: float) -> Spot:
    """The spot `distance` along `line`."""
    for start, end in pairwise(line):
        step = math.dist(start, end)
        if step > 0 and distance <= step:
            share = distance / step
            return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
        distance -= step
    return line[-1]


def _stretch(line: Sequence[Spot], first: float, last: float) -> list[Spot]:
    """The part of `line` between two distances along it."""
    spots, walked = [_at(line, first)], 0.0
    for start, end in pairwise(line):
        walked += math.dist(start, end)
        if first < walked < last:
            spots.append(end)
    return [*spots, _at(line, last)]


def _bends_too_much(line: Sequence[Spot]) -> bool:
    """Whether letters would stumble: over one corner, or over all of the bends together."""
    directions = [math.atan2(y2 - y1, x2 - x1) for (x1, y1), (x2, y2) in pairwise(line) if (x1, y1) != (x2, y2)]
    turns = [abs(math.remainder(after - before, math.tau)) for before, after in pairwise(directions)]
    return max(turns, default=0.0) > MAX_TURN or sum(turns) > MAX_BEND


def _left_to_right(line: Sequence[Spot]) -> Sequence[Spot]:
    return line if line[0][0] <= line[-1][0] else line[::-1]
