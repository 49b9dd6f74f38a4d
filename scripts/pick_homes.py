"""Choose where the neighbours of the demo town live: points on residential streets of its OpenStreetMap extract.

Run once by a developer: `python scripts/pick_homes.py > src/localex/demo/content/homes.toml`. Points on streets, not on
houses, so that no real family's door is meant; spread out by always taking the candidate farthest from those chosen.
"""

import random
from pathlib import Path
from typing import Any

import osmium

EXTRACT = Path(__file__).resolve().parent.parent / "src/localex/demo/data/krems.osm.gz"
NOBODY_LIVES_THERE = (
    "Gewerbepark",
    "Gerwerbe",
    "Wilhelm",
    "Mierka",
    "Schütt",
    "Hafen",
    "Lasten",
    "Bahnhofplatz",
    "Zistel",
)
# quarter, south, west, north, east, how many neighbours
QUARTERS = (
    ("Old town", 48.4096, 15.5995, 48.4150, 15.6066, 14),
    ("Station quarter", 48.4040, 15.5995, 48.4096, 15.6066, 6),
    ("Mitterau", 48.4060, 15.6066, 48.4105, 15.6215, 13),
    ("Weinzierl", 48.4105, 15.6066, 48.4150, 15.6310, 13),
    ("Lerchenfeld", 48.4105, 15.6310, 48.4150, 15.6460, 10),
    ("Neustift", 48.4080, 15.6530, 48.4150, 15.6711, 2),
    ("Palt", 48.3860, 15.6050, 48.3915, 15.6150, 2),
)


class Streets(osmium.SimpleHandler):
    """Collects the corners of streets that people live in."""

    def __init__(self) -> None:
        super().__init__()
        self.corners: list[tuple[float, float]] = []

    def way(self, way: Any) -> None:
        """Keep the nodes of a residential street."""
        name = way.tags.get("name", "")
        if way.tags.get("highway") not in {"residential", "living_street"} or not name:
            return
        if any(word in name for word in NOBODY_LIVES_THERE):
            return
        self.corners += [(node.lat, node.lon) for node in way.nodes if node.location.valid()]


def spread(candidates: list[tuple[float, float]], count: int, chance: random.Random) -> list[tuple[float, float]]:
    """`count` of the candidates, each as far as possible from those before it."""
    chosen = [chance.choice(candidates)]
    while len(chosen) < count:
        chosen.append(
            max(candidates, key=lambda at: min((at[0] - c[0]) ** 2 + (at[1] - c[1]) ** 2 * 0.44 for c in chosen))
        )
    return chosen


def main() -> None:
    """Print the file."""
    streets = Streets()
    streets.apply_file(str(EXTRACT), locations=True)
    chance = random.Random("homes of Krems")
    print("# Where the neighbours live: points on residential streets, chosen by scripts/pick_homes.py.")
    print("# Derived from OpenStreetMap, © OpenStreetMap contributors, ODbL 1.0.")
    print("homes = [")
    for quarter, south, west, north, east, count in QUARTERS:
        inside = sorted({at for at in streets.corners if south <= at[0] < north and west <= at[1] < east})
        for lat, lon in spread(inside, count, chance):
            print(f'  {{ quarter = "{quarter}", lat = {lat:.5f}, lon = {lon:.5f} }},')
    print("]")


if __name__ == "__main__":
    main()
