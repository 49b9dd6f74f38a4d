"""Which safe places suit two members, by product.md's formula. Pure functions: no database, no clock.

Everything here works on the centres of the members' public grid cells, never on their private points, so that neither
the distances, nor the order, nor the set of the proposals tells more than the public cell already does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from localex.lib.geo import KM_PER_MILE, Point, distance_km

FAIRNESS_WEIGHT, NEARNESS_WEIGHT, TIER_WEIGHT = 0.4, 0.3, 0.3
TIER_SHARE = {1: 1.0, 2: 0.8, 3: 0.6, 4: 0.4}
REACH_KM = 10 * KM_PER_MILE
RINGS_KM = (5 * KM_PER_MILE, 7.5 * KM_PER_MILE, REACH_KM)
CONSENT_BEYOND_KM = 5 * KM_PER_MILE
FEWEST, MOST = 3, 5
SAME_SPOT_KM = 0.15
LEG_STEP_KM = 0.5

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Candidate(Generic[T]):
    """A place that could be proposed. `is_open` None: its hours are not known."""

    place: T
    point: Point
    tier: int
    kind: str
    leg_a_km: float
    leg_b_km: float
    is_open: bool | None

    @property
    def score(self) -> float:
        """By `score`."""
        return score(self.leg_a_km, self.leg_b_km, self.tier)


def fairness(leg_a_km: float, leg_b_km: float) -> float:
    """Shorter leg by longer leg: 1 when both travel the same, towards 0 when one travels everything."""
    longer = max(leg_a_km, leg_b_km)
    return 1.0 if longer == 0 else min(leg_a_km, leg_b_km) / longer


def nearness(leg_a_km: float, leg_b_km: float) -> float:
    """1 minus the mean leg in units of ten miles, never below 0."""
    return max(0.0, 1 - (leg_a_km + leg_b_km) / 2 / REACH_KM)


def score(leg_a_km: float, leg_b_km: float, tier: int) -> float:
    """product.md, Safe places: .4 fairness + .3 nearness + .3 tier (1, .8, .6, .4); from 0 to 1, higher is better."""
    return (
        FAIRNESS_WEIGHT * fairness(leg_a_km, leg_b_km)
        + NEARNESS_WEIGHT * nearness(leg_a_km, leg_b_km)
        + TIER_WEIGHT * TIER_SHARE[tier]
    )


def choose(candidates: Sequence[Candidate[T]]) -> Sequence[Candidate[T]]:
    """At most five of `candidates`, best score first; at equal scores a place known to be open comes first.

    What is known to be shut is left out. Of two places of one kind at the same spot (150 m) only the better is
    proposed, for two doors of one hospital are no choice, unless fewer than three would remain.
    """
    usable = sorted(
        (candidate for candidate in candidates if candidate.is_open is not False),
        key=lambda candidate: (-candidate.score, candidate.is_open is None),
    )
    distinct: list[Candidate[T]] = []
    for candidate in usable:
        if len(distinct) == MOST:
            break
        if not any(_same_spot(candidate, other) for other in distinct):
            distinct.append(candidate)
    return distinct if len(distinct) >= FEWEST else usable[: max(FEWEST, len(distinct))]


def _same_spot(one: Candidate[T], other: Candidate[T]) -> bool:
    return one.kind == other.kind and distance_km(one.point, other.point) < SAME_SPOT_KM


def round_leg(leg_km: float) -> float:
    """A leg as it may be shown: to the nearest half kilometre, and never less than one half."""
    return max(LEG_STEP_KM, round(leg_km / LEG_STEP_KM) * LEG_STEP_KM)


def needs_consent(leg_km: float) -> bool:
    """Whether a member must say yes to a leg as long as this: over five miles."""
    return leg_km > CONSENT_BEYOND_KM


def explain(candidate: Candidate[T], tier_words: str) -> str:
    """Why a place is proposed, in one plain sentence."""
    parts = [tier_words]
    if candidate.is_open:
        parts.append("open at that time")
    even = fairness(candidate.leg_a_km, candidate.leg_b_km)
    mean_km = (candidate.leg_a_km + candidate.leg_b_km) / 2
    if even >= 0.75:
        parts.append("about as far for both of you")
    elif mean_km <= 2:
        parts.append("close to both of you")
    elif even >= 0.5:
        parts.append("not far out of the way for either of you")
    else:
        parts.append("worth the longer way for one of you" if candidate.tier == 1 else "a longer way for one of you")
    return ", ".join(parts) + "."
