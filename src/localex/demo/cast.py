"""Who lives in the demo town: sixty neighbours, six of whom have something interesting on their pages right now."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

from localex.demo.reading import Home, read_homes

SLUG = "krems"


class Role(StrEnum):
    """The neighbours whom visitors of the demo can be first of all."""

    NEWCOMER = "newcomer"
    SELLER = "seller"
    BUYER = "buyer"
    PARTNER = "partner"
    RECEIVER = "receiver"
    GIVER = "giver"
    COORDINATOR = "coordinator"


@dataclass(frozen=True, slots=True)
class Invitation:
    """How /demo introduces a role."""

    role: Role
    title: str
    words: str


INVITATIONS = (
    Invitation(
        Role.BUYER,
        "Somebody on the way to a meetup",
        "Place and time are agreed, the credits are held safely. Only meeting is left, and looking at the thing.",
    ),
    Invitation(
        Role.PARTNER,
        "The neighbour at the other end",
        "The other side of the same trade. Be both of them in two browsers, and hand the thing over with the code.",
    ),
    Invitation(
        Role.SELLER,
        "A busy seller",
        "Offers to answer, a place to choose, a review to write, and a long history of credits.",
    ),
    Invitation(
        Role.NEWCOMER,
        "Somebody who joined yesterday",
        "A starter grant, a first draft and everything still to discover.",
    ),
    Invitation(
        Role.RECEIVER,
        "A buyer at the meeting point",
        "Both are there. The code is on the screen, to be given once the thing has been looked at.",
    ),
    Invitation(
        Role.COORDINATOR,
        "A coordinator",
        "Trades like everybody else and also sees the staff pages: members, listings, trades and the ledger.",
    ),
)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One member to be: when they join, and from when on they list and offer."""

    number: int
    role: Role | None
    home: Home
    joins_at: datetime
    settled_at: datetime

    def email_in(self, slug: str) -> str:
        """Their address, which tells them apart. `.invalid` never resolves: nothing is sent there by mistake."""
        return f"{self.role or f'neighbour-{self.number:02}'}@{slug}.invalid"


@dataclass(frozen=True, slots=True)
class Wave:
    """Neighbours who came together: after the founding evening, the street festival, the school's notice board..."""

    days_ago: float
    share: float


# Pictures are prepared wave by wave, which is why people come in few of them.
WAVES = (Wave(116, 0.40), Wave(91, 0.20), Wave(63, 0.16), Wave(37, 0.14), Wave(13, 0.10))
WAVE_LASTS = timedelta(hours=30)
WAVE_OF_ROLE = {Role.COORDINATOR: 0, Role.SELLER: 0, Role.PARTNER: 0, Role.GIVER: 1, Role.BUYER: 1, Role.RECEIVER: 2}
NEWCOMER_SINCE = timedelta(hours=20)


def cast(anchor: datetime, count: int, chance: Random) -> tuple[Neighbour, ...]:
    """The neighbours of a town that is filled at `anchor`, in the order of their numbers; the roles come first."""
    homes = chance.sample(read_homes(), count)
    roles = list(Role)
    neighbours = []
    for number, home in enumerate(homes):
        role = roles[number] if number < len(roles) else None
        if role is Role.NEWCOMER:
            joins = settles = anchor - NEWCOMER_SINCE
        else:
            wave = WAVES[_wave_of(role, number, count)]
            begins = anchor - timedelta(days=wave.days_ago)
            joins, settles = begins + WAVE_LASTS * chance.random(), begins + WAVE_LASTS
        neighbours.append(Neighbour(number, role, home, joins, settles))
    return tuple(neighbours)


def _wave_of(role: Role | None, number: int, count: int) -> int:
    if role in WAVE_OF_ROLE:
        return WAVE_OF_ROLE[role]
    reached, place = 0.0, (number - len(Role)) / max(count - len(Role), 1)
    for wave, each in enumerate(WAVES):
        reached += each.share
        if place < reached:
            return wave
    return len(WAVES) - 1
