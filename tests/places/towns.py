"""Towns and places for tests, made through the services."""

import uuid
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from localex.communities.models import Community
from localex.communities.services import create_community
from localex.lib.geo import Point
from localex.places.models import SafePlace

ROOT = Path(__file__).parents[2]
KREMS = ROOT / "src/localex/demo/data/krems.osm.gz"
MONACO = ROOT / "tests/data/monaco.osm.gz"
VIENNA = ZoneInfo("Europe/Vienna")
CENTRE = Point(48.4102, 15.6145)


def found_town() -> Community:
    """A town in Austria without any places yet."""
    return create_community(
        slug=f"town-{uuid.uuid4().hex[:8]}",
        name="Krems",
        area_name="Krems an der Donau",
        country="AT",
        timezone="Europe/Vienna",
        language="de",
        centre=CENTRE,
    )


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2026 by Vienna's clock; the 24th is a Tuesday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=VIENNA)


def add_place(community: Community, **changes: object) -> SafePlace:
    """A café at the centre, with `changes`."""
    fields: dict[str, object] = {
        "name": "Café Zentral",
        "what": "Café",
        "osm_kind": "amenity=cafe",
        "tier": 3,
        "latitude": CENTRE.lat,
        "longitude": CENTRE.lon,
    }
    return SafePlace.objects.create(community=community, **(fields | changes))
