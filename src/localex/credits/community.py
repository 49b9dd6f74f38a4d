"""The page "Our credits": where the credits of a community are, and how members know that none is missing."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.core.cache import cache

from localex.credits import health, queries
from localex.credits.pages import find_next_seal
from localex.credits.queries import Totals
from localex.lib import clock

# Adding up every balance takes longer the larger the community; nobody needs it by the second.
KEEP_SECONDS: Final = 60
BAR: Final = 1_000  # the bar's own units
GROUP: Final = 8  # digits of a digest that stand together


@dataclass(frozen=True, slots=True)
class Part:
    """One part of all credits: its name in styles, words, amount, share in percent, and its place in the bar."""

    name: str
    label: str
    why: str
    amount: int
    percent: str
    start: float
    length: float


def describe_community(community_id: UUID) -> dict[str, Any]:
    """The context of community.html. At most seven queries: sums (once a minute), checks, seal."""
    totals = _find_totals(community_id)
    seal = health.find_last_seal()
    whole = totals.with_members + totals.held + totals.with_community
    return {
        "totals": totals,
        "circulating": totals.with_members + totals.held,
        "parts": divide(totals),
        "minus_issued": -totals.issued,
        "whole": whole,
        "left_over": whole - totals.issued,
        # A failure of the night counts until a check that looks as far holds, also when the last one found nothing.
        "check": next(iter(health.list_open_failures()), None) or health.find_last_check(),
        "seal": seal,
        "next_seal": find_next_seal(clock.now()),
        "digest": seal.digest.hex() if seal else "",
        "digest_groups": [seal.digest.hex()[start : start + GROUP] for start in range(0, 64, GROUP)] if seal else [],
    }


def _find_totals(community_id: UUID) -> Totals:
    key = f"credits.totals.{community_id}"
    totals: Totals | None = cache.get(key)
    if totals is None:
        totals = queries.find_totals(community_id=community_id) or Totals(0, 0, 0, 0)
        cache.set(key, totals, KEEP_SECONDS)
    return totals


def divide(totals: Totals) -> list[Part]:
    """The parts of what was issued, in a fixed order; those that nobody uses are left out, but never the first two."""
    parts = [
        ("members", "With members", "To spend on what neighbours offer.", totals.with_members),
        ("held", "Held for trades", "Set aside until both sides have met.", totals.held),
        ("fees", "Fees", "Taken from trades, for what the community decides together.", totals.fees),
        ("protection", "Protection", "For members whom a trade has harmed.", totals.protection),
        ("clearing", "Between communities", "Paid to and by members of other communities.", totals.clearing),
    ]
    whole = sum(max(amount, 0) for *_, amount in parts)
    found, start = [], 0.0
    for name, label, why, amount in parts:
        if not amount and name not in {"members", "held"}:
            continue
        share = max(amount, 0) / whole if whole else 0
        found.append(Part(name, label, why, amount, _say_percent(share), round(start, 1), round(share * BAR, 1)))
        start += share * BAR
    return found


def _say_percent(share: float) -> str:
    return "under 1 %" if 0 < share < 0.01 else f"{share:.0%}".replace("%", " %")
