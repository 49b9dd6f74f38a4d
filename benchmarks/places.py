"""How long the choice of safe places takes in a community with 10,000 of them: `make bench-places`.

Two members anywhere in a crowded district ask at a random moment of a week; half of the places have opening hours. A
second figure is the same question in Krems with its real places, a third the import of Krems with its map.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.servers import RunningServers, Servers  # noqa: E402

PLACES = 10_000
QUESTIONS = 300
GOAL_MS = 50.0
KREMS = ROOT / "src/localex/demo/data/krems.osm.gz"


def main() -> None:
    """Start servers of its own, measure, print, stop them."""
    running = RunningServers()
    try:
        running.start()
        servers = Servers(running.root)
        servers.clone(servers.database)
        os.environ.update(servers.environment())
        import django

        django.setup()
        measure()
    finally:
        running.stop()


def measure() -> None:
    """The figures."""
    from django.db import connection

    from localex.lib.geo import Point
    from localex.places.services import import_places

    centre = Point(48.4102, 15.6145)
    crowded = found_town("crowded", centre)
    fill(crowded.id, centre)
    real = found_town("krems", centre)
    started = time.perf_counter()
    report = import_places(community_id=real.id, path=KREMS)
    imported_s = time.perf_counter() - started
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE places_safeplace")
    print(f"{PLACES:,} places within 8 km; Krems: {report.active} places, map of {report.map_byte_count / 1000:.0f} kB")
    show("places_choice_p95", percentile(ask(crowded.id, centre), 95), "ms", GOAL_MS)
    show("places_choice_krems_p95", percentile(ask(real.id, centre), 95), "ms", GOAL_MS)
    show("places_import_krems", imported_s, "s", 10.0)


def found_town(slug: str, centre: "object") -> "object":
    """A community for the benchmark."""
    from localex.communities.services import create_community

    return create_community(
        slug=slug, name=slug, area_name=slug, country="AT", timezone="Europe/Vienna", language="de", centre=centre
    )


def fill(community_id: object, centre: object) -> None:
    """Ten thousand places around `centre`, of every kind; every second one has hours."""
    from localex.lib import randomness
    from localex.places.kinds import KINDS
    from localex.places.models import SafePlace

    hours = ["Mo-Fr 08:00-12:30, 14:00-16:30", "Mo-Sa 09:00-18:00; PH off", "24/7", "Mo-Su 10:00-22:00", "Tu-Su 17:00+"]
    with randomness.seeded("places benchmark"):
        dice = randomness.source()
        rows = []
        for number in range(PLACES):
            kind = dice.choice(KINDS)
            rows.append(
                SafePlace(
                    community_id=community_id,
                    name=f"{kind.what} {number}",
                    what=kind.what,
                    osm_kind=kind.tag,
                    osm_ref=f"node/{number}",
                    tier=kind.tier,
                    daylight_only=kind.daylight_only,
                    latitude=centre.lat + dice.uniform(-0.05, 0.05),
                    longitude=centre.lon + dice.uniform(-0.07, 0.07),
                    opening_hours=dice.choice(hours) if dice.random() < 0.5 else "",
                )
            )
    SafePlace.objects.bulk_create(rows, batch_size=1000)


def ask(community_id: object, centre: object) -> list[float]:
    """Milliseconds of each question, after ten to warm up."""
    from localex.lib import clock, randomness
    from localex.lib.geo import Point
    from localex.places.queries import list_proposals

    with randomness.seeded("places benchmark questions"):
        dice = randomness.source()

        def anywhere() -> Point:
            return Point(centre.lat + dice.uniform(-0.03, 0.03), centre.lon + dice.uniform(-0.04, 0.04))

        def question() -> None:
            when = clock.now() + timedelta(minutes=dice.randrange(7 * 24 * 60))
            list_proposals(community_id=community_id, a=anywhere(), b=anywhere(), at=when)

        for _ in range(10):
            question()
        return [timed_ms(question) for _ in range(QUESTIONS)]


def timed_ms(act: Callable[[], None]) -> float:
    """How long `act` takes."""
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000


def percentile(values: list[float], share: int) -> float:
    """The value below which `share` percent of `values` lie."""
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


def show(name: str, value: float, unit: str, goal: float) -> None:
    """One line that scripts can read; smaller is better."""
    print(f"figure {name} {value:.1f} {unit} goal <= {goal:g} {'ok' if value <= goal else 'short'}")


if __name__ == "__main__":
    main()
