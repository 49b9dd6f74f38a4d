"""The one SQL statement behind the choice of places: it scores every place of a ring and returns the best.

The score is that of choice.py (a test compares them); here it only decides which rows are worth loading, so that ten
thousand places cost ten thousand small sums inside PostgreSQL and not ten thousand rows in Python.
"""

import math
from collections.abc import Sequence
from uuid import UUID

from localex.lib.geo import EARTH_RADIUS_KM, Point, bounding_box, midpoint
from localex.places.choice import FAIRNESS_WEIGHT, NEARNESS_WEIGHT, REACH_KM, TIER_SHARE, TIER_WEIGHT
from localex.places.models import SafePlace

# Haversine, as in lib.geo.distance_km, from a named point to the row; the point's cosine comes as a parameter.
_LEG = (
    "2 * %(radius_of_earth)s * asin(sqrt(least(1, power(sin(radians(latitude - %({0}_lat)s) / 2), 2)"
    " + %({0}_cos)s * cos(radians(latitude)) * power(sin(radians(longitude - %({0}_lon)s) / 2), 2))))"
)

# The box uses the index places_active_by_point; OFFSET 0 keeps the planner from computing a leg more than once.
_SQL = f"""
SELECT * FROM (
  SELECT *,
    %(fairness)s * CASE WHEN greatest(leg_a, leg_b) = 0 THEN 1
                        ELSE least(leg_a, leg_b) / greatest(leg_a, leg_b) END
    + %(nearness)s * greatest(0, 1 - (leg_a + leg_b) / 2 / %(reach)s)
    + %(tier)s * (%(tier_shares)s::float8[])[tier] AS score
  FROM (
    SELECT *, {_LEG.format("mid")} AS leg_mid, {_LEG.format("a")} AS leg_a, {_LEG.format("b")} AS leg_b
    FROM places_safeplace
    WHERE state = 'active' AND community_id = %(community_id)s
      AND point(longitude, latitude) <@ box(point(%(west)s, %(south)s), point(%(east)s, %(north)s))
    OFFSET 0
  ) AS with_legs
  WHERE leg_mid <= %(ring)s
  OFFSET 0
) AS scored
ORDER BY score DESC, id
LIMIT %(limit)s OFFSET %(offset)s
"""  # noqa: S608 - only constants of this module are put in


def list_best(
    *, community_id: UUID, a: Point, b: Point, ring_km: float, limit: int, offset: int = 0
) -> Sequence[SafePlace]:
    """Active places within `ring_km` of the midpoint of `a` and `b`, best score first.

    Each carries `leg_a` and `leg_b` in kilometres and `score`.
    """
    middle = midpoint(a, b)
    frame = bounding_box(middle, ring_km)
    values = {
        "radius_of_earth": EARTH_RADIUS_KM,
        "fairness": FAIRNESS_WEIGHT,
        "nearness": NEARNESS_WEIGHT,
        "tier": TIER_WEIGHT,
        "tier_shares": [TIER_SHARE[tier] for tier in sorted(TIER_SHARE)],
        "reach": REACH_KM,
        "ring": ring_km,
        "community_id": community_id,
        "west": frame.west,
        "south": frame.south,
        "east": frame.east,
        "north": frame.north,
        "limit": limit,
        "offset": offset,
    }
    for name, point in (("mid", middle), ("a", a), ("b", b)):
        values |= {f"{name}_lat": point.lat, f"{name}_lon": point.lon, f"{name}_cos": math.cos(math.radians(point.lat))}
    return list(SafePlace.objects.raw(_SQL, values))
