"""What happens in the demo town, decided before anything is written: who lists what, who trades with whom, and how.

Everything follows from the seed and from `anchor`, the moment that the town is to look like. Prices are hundredths.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

from localex.demo.cast import Neighbour, Role, cast
from localex.demo.reading import Entry, read_entries
from localex.lib.money import from_whole

SEED = "Krems an der Donau"
STARTER = from_whole(100)
THANKS = from_whole(40)
LATEST_DEAL = timedelta(days=5)


class Outcome(StrEnum):
    """How an offer, and the trade that it may become, goes."""

    COMPLETED = "completed"  # and both have reviewed
    REVIEWED_ONCE = "reviewed_once"  # seven days ago and more, published by the clock
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    CANCELLED_LATE = "cancelled_late"
    NOT_AGREED = "not_agreed"  # 72 hours went by
    ITEM_DECLINED = "item_declined"
    NOBODY_CAME = "nobody_came"
    OPEN = "open"
    AGREED = "agreed"
    PLACE_PICKED = "place_picked"
    TIME_PROPOSED = "time_proposed"
    PLANNED = "planned"
    ON_THE_WAY = "on_the_way"
    ARRIVED = "arrived"
    MEETING = "meeting"
    UNREVIEWED = "unreviewed"
    HALF_REVIEWED = "half_reviewed"


SOLD = frozenset({Outcome.COMPLETED, Outcome.REVIEWED_ONCE, Outcome.UNREVIEWED, Outcome.HALF_REVIEWED})
NEVER_A_TRADE = frozenset({Outcome.DECLINED, Outcome.WITHDRAWN, Outcome.EXPIRED, Outcome.OPEN})
UNDER_WAY = frozenset(
    {Outcome.AGREED, Outcome.PLACE_PICKED, Outcome.TIME_PROPOSED, Outcome.PLANNED, Outcome.ON_THE_WAY}
    | {Outcome.ARRIVED, Outcome.MEETING}
)


@dataclass(frozen=True, slots=True)
class Size:
    """How big a town: tests make a small one."""

    neighbours: int = 60
    listings: int = 300
    completed: int = 50
    most_shots: int = 12


@dataclass(frozen=True, slots=True)
class Showing:
    """A listing and its owner; `published_at` None stays a draft."""

    entry: Entry
    owner: Neighbour
    published_at: datetime | None
    is_paused: bool = False
    expires: bool = False


@dataclass(frozen=True, slots=True)
class Deal:
    """An offer by `maker` on the listing of `entry_key` and what becomes of it."""

    key: str
    entry_key: str
    owner: Neighbour
    maker: Neighbour
    price: int
    offered_at: datetime
    outcome: Outcome
    is_wanted: bool

    @property
    def buyer(self) -> Neighbour:
        """Who pays."""
        return self.owner if self.is_wanted else self.maker

    @property
    def seller(self) -> Neighbour:
        """Who is paid."""
        return self.maker if self.is_wanted else self.owner


@dataclass(frozen=True, slots=True)
class Plot:
    """The whole story."""

    anchor: datetime
    neighbours: tuple[Neighbour, ...]
    showings: tuple[Showing, ...]
    deals: tuple[Deal, ...]
    thanks: tuple[tuple[Neighbour, datetime], ...]


# The past that did not end well: outcome and how many days ago the offer was made.
MISHAPS = (
    *((Outcome.DECLINED, days) for days in (44, 33, 21, 14, 9, 5.5)),
    *((Outcome.WITHDRAWN, days) for days in (38, 17, 6.5)),
    *((Outcome.EXPIRED, days) for days in (41, 26, 12, 5.2)),
    *((Outcome.CANCELLED, days) for days in (30, 8)),
    (Outcome.CANCELLED_LATE, 19),
    (Outcome.NOT_AGREED, 23),
    (Outcome.ITEM_DECLINED, 16),
    (Outcome.NOBODY_CAME, 28),
)
# What is going on now: outcome, hours since the offer, owner's and maker's role where it matters.
PRESENT: tuple[tuple[Outcome, float, Role | None, Role | None], ...] = (
    (Outcome.ON_THE_WAY, 51, Role.PARTNER, Role.BUYER),
    (Outcome.MEETING, 56, Role.GIVER, Role.RECEIVER),
    (Outcome.ARRIVED, 60, None, None),
    (Outcome.PLACE_PICKED, 31, Role.SELLER, None),
    (Outcome.AGREED, 26, None, Role.SELLER),
    (Outcome.AGREED, 9, None, None),
    (Outcome.TIME_PROPOSED, 44, None, Role.BUYER),
    (Outcome.PLANNED, 47, None, None),
    (Outcome.PLANNED, 38, None, Role.COORDINATOR),
    (Outcome.UNREVIEWED, 75, Role.SELLER, None),
    (Outcome.UNREVIEWED, 84, None, None),
    (Outcome.HALF_REVIEWED, 98, None, Role.SELLER),
    (Outcome.HALF_REVIEWED, 110, None, None),
    (Outcome.OPEN, 1.2, Role.SELLER, None),
    (Outcome.OPEN, 8, Role.SELLER, None),
    (Outcome.OPEN, 20, Role.SELLER, None),
    (Outcome.OPEN, 5, Role.COORDINATOR, None),
    (Outcome.OPEN, 3, None, Role.BUYER),
    (Outcome.OPEN, 14, None, None),
    (Outcome.OPEN, 27, None, None),
    (Outcome.OPEN, 33, None, None),
    (Outcome.OPEN, 41, None, None),
)
PRESENT_OUTCOMES = frozenset(row[0] for row in PRESENT)


def plan(anchor: datetime, size: Size | None = None) -> Plot:
    """The story of a town that is to look as at `anchor`."""
    return _Author(anchor, size or Size()).write()


@dataclass
class _Author:
    anchor: datetime
    size: Size
    chance: Random = field(default_factory=lambda: Random(SEED))  # noqa: S311 - the town repeats on purpose
    deals: list[Deal] = field(default_factory=list)

    def write(self) -> Plot:
        self.neighbours = cast(self.anchor, self.size.neighbours, self.chance)
        self.entries = self._choose_entries()
        self.owners = self._share_out()
        self.free = {entry.key: entry for entry in self.entries if self.owners[entry.key].role is not Role.NEWCOMER}
        self.purse = {neighbour.number: STARTER for neighbour in self.neighbours}
        self.income: list[tuple[datetime, int, int]] = []
        self.thanks = self._thank()
        self.kept = self._keep_for_present()
        self._write_deals()
        showings = tuple(self._show(entry) for entry in self.entries)
        return Plot(self.anchor, self.neighbours, self._let_time_pass(showings), tuple(self.deals), self.thanks)

    def _choose_entries(self) -> list[Entry]:
        """All of them, or every n-th so that a small town has something of everything."""
        entries = list(read_entries())
        step = len(entries) / self.size.listings
        chosen = [entries[int(number * step)] for number in range(self.size.listings)]
        return [replace(entry, shots=min(entry.shots, self.size.most_shots)) for entry in chosen]

    def _share_out(self) -> dict[str, Neighbour]:
        """An owner for each entry: the busy seller has many, the newcomer one draft."""
        others = [each for each in self.neighbours if each.role is not Role.NEWCOMER]
        weights = [16 if each.role is Role.SELLER else self.chance.choice((2, 3, 4, 5, 6, 7)) for each in others]
        shared = {entry.key: self.chance.choices(others, weights)[0] for entry in self.entries}
        first = next(entry for entry in reversed(self.entries) if entry.shots and not entry.is_wanted)
        shared[first.key] = self._of(Role.NEWCOMER)
        return shared

    def _keep_for_present(self) -> dict[int, str]:
        """Something inexpensive of the right owner for each row of PRESENT that asks for one."""
        kept: dict[int, str] = {}
        for row, (_, _, role, _) in enumerate(PRESENT):
            if role is None:
                continue
            fitting = [
                entry
                for entry in self.free.values()
                if not entry.is_wanted and from_whole(12) <= entry.price <= from_whole(40) and entry.shots
            ]
            own = [entry for entry in fitting if self.owners[entry.key].role is role]
            entry = self.chance.choice(own or fitting)
            self.owners[entry.key] = self._of(role)
            kept[row] = entry.key
            del self.free[entry.key]
        return kept

    def _of(self, role: Role) -> Neighbour:
        return next(each for each in self.neighbours if each.role is role)

    def _thank(self) -> tuple[tuple[Neighbour, datetime], ...]:
        """Coordinator's grants, for those who helped at the repair café and the book market."""
        helpers = [
            self._of(Role.SELLER),
            self._of(Role.BUYER),
            *self.chance.sample(self.neighbours[7:], 6 if self.size.neighbours > 20 else 1),
        ]
        days = (70, 49, 28, 26, 25, 24, 12, 11)
        given = []
        for neighbour, ago in zip(helpers, days, strict=False):
            at = max(self.anchor - timedelta(days=ago), neighbour.settled_at + timedelta(hours=2))
            self.income.append((at, neighbour.number, THANKS))
            given.append((neighbour, at))
        return tuple(given)

    def _write_deals(self) -> None:
        """In the order of their times, so that nobody spends what they have not got yet."""
        share = self.size.completed / Size().completed
        mishaps = MISHAPS if share >= 1 else MISHAPS[::4]
        planned: list[tuple[datetime, Outcome, Role | None, Role | None, str]] = []
        for number in range(self.size.completed):
            days = 104 - number * (104 - LATEST_DEAL.days - 6) / self.size.completed - self.chance.random()
            outcome = Outcome.REVIEWED_ONCE if number % 9 == 4 and days > 17 else Outcome.COMPLETED
            owner = Role.SELLER if number % 5 == 0 else None
            maker = {3: Role.BUYER, 8: Role.COORDINATOR, 13: Role.PARTNER}.get(number % 16)
            planned.append((self.anchor - timedelta(days=days), outcome, owner, maker, ""))
        planned += [(self.anchor - timedelta(days=days), outcome, None, None, "") for outcome, days in mishaps]
        for row, (outcome, hours, owner, maker) in enumerate(PRESENT):
            planned.append((self.anchor - timedelta(hours=hours), outcome, owner, maker, self.kept.get(row, "")))
        for at, outcome, owner, maker, kept in sorted(planned, key=lambda each: each[0]):
            self._deal(at, outcome, owner, maker, kept)

    def _deal(self, at: datetime, outcome: Outcome, owner: Role | None, maker: Role | None, kept: str) -> None:
        if outcome not in PRESENT_OUTCOMES:
            at = _waking(at, self.chance)
        self._pay_out(until=at)
        if kept:
            self.free[kept] = next(entry for entry in self.entries if entry.key == kept)
            candidates = [self.free[kept]]
        else:
            candidates = self._candidates(at, outcome, owner, maker)
        for entry in candidates:
            other = self._find_maker(entry, at, maker)
            if other is not None:
                self._close(entry, other, at, outcome)
                return

    def _candidates(self, at: datetime, outcome: Outcome, owner: Role | None, maker: Role | None) -> list[Entry]:
        candidates = [entry for entry in self.free.values() if self._suits(entry, at, outcome, owner)]
        if maker is not None:  # who has a part in the present needs credits left for it
            candidates = [entry for entry in candidates if entry.price <= from_whole(25) and not entry.is_wanted]
        self.chance.shuffle(candidates)
        return candidates

    def _suits(self, entry: Entry, at: datetime, outcome: Outcome, role: Role | None) -> bool:
        owner = self.owners[entry.key]
        if role is not None and owner.role is not role:
            return False
        if role is None and owner.role in {Role.GIVER, Role.PARTNER} and outcome not in SOLD:
            return False
        if entry.is_wanted and (outcome in UNDER_WAY or self.purse[owner.number] < entry.price):
            return False
        return owner.settled_at + timedelta(hours=8) < at

    def _find_maker(self, entry: Entry, at: datetime, role: Role | None) -> Neighbour | None:
        owner = self.owners[entry.key]
        able = [
            each
            for each in self.neighbours
            if each is not owner
            and each.settled_at < at
            and each.role is not Role.NEWCOMER
            and (role is None or each.role is role)
            and (entry.is_wanted or self.purse[each.number] >= entry.price)
        ]
        return self.chance.choice(able) if able else None

    def _close(self, entry: Entry, maker: Neighbour, at: datetime, outcome: Outcome) -> None:
        owner = self.owners[entry.key]
        price = self._price(entry)
        deal = Deal(f"deal-{len(self.deals)}", entry.key, owner, maker, price, at, outcome, entry.is_wanted)
        self.deals.append(deal)
        del self.free[entry.key]
        if outcome in SOLD or outcome in UNDER_WAY or outcome is Outcome.OPEN:
            self.purse[deal.buyer.number] -= price
        elif outcome not in NEVER_A_TRADE:
            self.purse[deal.buyer.number] -= price
            self.income.append((at + timedelta(days=6), deal.buyer.number, price))
        if outcome in SOLD:
            self.income.append((at + timedelta(days=6), deal.seller.number, price))

    def _price(self, entry: Entry) -> int:
        """Most offer what is asked, some a little less, in whole credits."""
        if entry.is_gift or self.chance.random() < 0.68:
            return entry.price
        return max(from_whole(1), round(entry.price * self.chance.choice((0.8, 0.85, 0.9)) / 100) * 100)

    def _pay_out(self, until: datetime) -> None:
        for due in [each for each in self.income if each[0] <= until]:
            self.purse[due[1]] += due[2]
            self.income.remove(due)

    def _show(self, entry: Entry) -> Showing:
        owner = self.owners[entry.key]
        if owner.role is Role.NEWCOMER:
            return Showing(entry, owner, None)
        deal = next((deal for deal in self.deals if deal.entry_key == entry.key), None)
        earliest = owner.settled_at + timedelta(minutes=self.chance.randrange(20, 300))
        if deal is not None:
            before = deal.offered_at - timedelta(hours=self.chance.uniform(3, 150))
            return Showing(entry, owner, min(max(before, earliest), deal.offered_at - timedelta(minutes=40)))
        ago = self.chance.choices((2, 7, 20, 52), (7, 21, 34, 38))[0] * self.chance.random()
        recent = self.anchor - timedelta(days=ago, minutes=12)
        return Showing(entry, owner, max(_waking(recent, self.chance, latest=self.anchor), earliest))

    def _let_time_pass(self, showings: tuple[Showing, ...]) -> tuple[Showing, ...]:
        """Three listings are paused, four ran out after their 60 days."""
        changed = list(showings)
        early = [
            place
            for place, each in enumerate(changed)
            if each.entry.key in self.free and _joined_early(each, self.anchor)
        ]
        few = 1 if self.size.listings < 100 else 4
        for place in self.chance.sample(early, min(few, len(early))):
            each = changed[place]
            published = self.anchor - timedelta(days=self.chance.uniform(63, 80))
            changed[place] = Showing(each.entry, each.owner, published, expires=True)
        quiet = [place for place, each in enumerate(changed) if each.entry.key in self.free and not each.expires]
        for place in self.chance.sample(quiet, min(few - 1, len(quiet))):
            each = changed[place]
            changed[place] = Showing(each.entry, each.owner, each.published_at, is_paused=True)
        return tuple(changed)


def _joined_early(showing: Showing, anchor: datetime) -> bool:
    return showing.owner.settled_at < anchor - timedelta(days=85)


def _waking(at: datetime, chance: Random, latest: datetime | None = None) -> datetime:
    """The same day between seven in the morning and ten in the evening (UTC is near enough)."""
    moved = at.replace(hour=chance.randrange(6, 21), minute=chance.randrange(60))
    return moved if latest is None or moved < latest else at
