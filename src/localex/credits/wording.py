"""The lines of a statement in the words that people use."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.dateformat import format as format_date
from django.utils.timezone import localtime

from localex.credits.fates import Fate
from localex.credits.references import About
from localex.credits.statements import StatementLine
from localex.lib import money


@dataclass(frozen=True, slots=True)
class Words:
    """How a line is said: `named` has room for what it was about, `plain` is for lines about nothing that is known."""

    icon: str
    named: str
    plain: str


# By kind of posting. What became of a hold says more than its kind: see _HOLDS. A member's statement never shows the
# last two, which move credits between accounts of communities; they have words for the day when somebody shows them.
KINDS: Final[Mapping[str, Words]] = {
    "starter_grant": Words("sprout", "Welcome credits", "Welcome credits"),
    "referral_bonus": Words("users-round", "Thank you for bringing a neighbour", "Thank you for bringing a neighbour"),
    "coordinator_grant": Words("gift", "Given to you by your coordinators", "Given to you by your coordinators"),
    "hold": Words(
        "shield-check", "For “{}”, held safely until the handover", "For a trade, held safely until the handover"
    ),
    "release": Words("handshake", "Paid to you for “{}”", "Paid to you for a trade"),
    "refund": Words("undo-2", "Returned to you from “{}”", "Returned to you from a trade"),
    "expiry": Words(
        "hourglass", "Returned to you from “{}”: its time ran out", "Returned to you from a trade: its time ran out"
    ),
    "protection": Words("life-buoy", "Compensation for “{}”, from the community", "Compensation from the community"),
    "clearing_in": Words("building-2", "Paid to you by another community for “{}”", "Paid to you by another community"),
    "clearing_out": Words("building-2", "Paid to another community for “{}”", "Paid to another community"),
    "protection_funding": Words("life-buoy", "Set aside for compensation", "Set aside for compensation"),
}

_HOLDS: Final[Mapping[str, Words]] = {
    "held": KINDS["hold"],
    "paid": Words("circle-check", "Paid for “{}”", "Paid for a trade"),
    "paid in part": Words("circle-check", "Paid for “{}” in part", "Paid for a trade in part"),
    "returned": Words("undo-2", "For “{}”, returned to you since", "For a trade, returned to you since"),
    "run out": Words(
        "hourglass", "For “{}”, returned when its time ran out", "For a trade, returned when its time ran out"
    ),
}
_REST: Final = Words("undo-2", "The rest of “{}”, returned to you", "The rest of a trade, returned to you")

# What the filter offers: (value, words, kinds).
GROUPS: Final[tuple[tuple[str, str, frozenset[str]], ...]] = (
    ("earned", "Paid to you", frozenset({"release", "clearing_in"})),
    ("spent", "Held or paid for trades", frozenset({"hold"})),
    ("returned", "Returned to you", frozenset({"refund", "expiry"})),
    ("given", "Given to you", frozenset({"starter_grant", "referral_bonus", "coordinator_grant"})),
    ("protection", "Compensation", frozenset({"protection"})),
)
COMMUNITY_KINDS: Final = GROUPS[3][2] | GROUPS[4][2]


@dataclass(frozen=True, slots=True)
class Said:
    """One line in words: `note` stands beside its time, `more` are remarks of their own. Both may be empty."""

    icon: str
    words: str
    note: str
    more: tuple[str, ...]


def describe_line(line: StatementLine, about: About | None, fate: Fate | None, reason: str = "") -> Said:
    """What one line says. `about`: the trade; `reason`: what a coordinator wrote beside it."""
    words = _find_words(line, fate)
    sentence = words.named.format(about.title) if about else words.plain
    more = [*_fee_notes(line, fate), *([f"“{reason}”"] if reason else [])]
    return Said(words.icon, sentence, _note(line, about, fate), tuple(more))


def _find_words(line: StatementLine, fate: Fate | None) -> Words:
    if fate is None or not fate.is_payer:
        return KINDS[line.kind]
    if line.kind == "release":
        return _REST
    return _HOLDS[name_fate(fate)] if line.kind == "hold" else KINDS[line.kind]


def name_fate(fate: Fate) -> str:
    """One of: held, paid, paid in part, returned, run out."""
    match fate.state:
        case "held":
            return "held"
        case "refunded":
            return "run out" if fate.ended_how == "expiry" else "returned"
        case _:
            return "paid in part" if fate.returned else "paid"


def _note(line: StatementLine, about: About | None, fate: Fate | None) -> str:
    notes = []
    if about and about.partner:
        # The community pays it, not the other side.
        notes.append(f"{'after a trade ' if line.kind == 'protection' else ''}with {about.partner}")
    if fate and fate.is_payer and line.kind == "hold":
        if fate.state == "released" and fate.ended_at:
            notes.append(f"paid {_say_when(fate.ended_at, line.booked_at)}")
        if fate.returned:
            notes.append(f"{money.display(fate.returned)} came back")
    return ", ".join(notes)


def _say_when(when: datetime, since: datetime) -> str:
    """ "at 14:05" of the same day, "on 5 November", or "on 5 January 2027" of another year."""
    here, there = localtime(when), localtime(since)
    if here.date() == there.date():
        return format_date(here, r"\a\t H:i")
    return format_date(here, r"\o\n j F" if here.year == there.year else r"\o\n j F Y")


def _fee_notes(line: StatementLine, fate: Fate | None) -> list[str]:
    fee = find_fee(line, fate)
    if not fee:
        return []
    return [f"{money.display(fee)} of it fee" if line.kind == "hold" else f"after a fee of {money.display(fee)}"]


def find_fee(line: StatementLine, fate: Fate | None) -> int:
    """The fee within this line, or 0; 0 too where a payment in part took a part of it, which only the ledger knows."""
    if fate is None:
        return 0
    if line.kind == "hold" and fate.is_payer and name_fate(fate) in {"held", "paid"}:
        return fate.buyer_fee
    if line.kind == "release" and line.amount == fate.price - fate.seller_fee:
        return fate.seller_fee
    return 0


def name_kind(kind: str) -> str:
    """The words of the filter that finds this kind of line."""
    return next((words for _, words, kinds in GROUPS if kind in kinds), "Between communities")
