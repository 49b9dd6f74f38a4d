"""A member's statement: the postings of main and gift account as one list, newest first. Amounts are hundredths.

Every read is a walk down the primary key of `ledger.entry` (account, number) from a known place, so it costs the same
whatever the length of the history. A date becomes a number by halving, because later entries have higher numbers.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from localex.credits.reading import fetch
from localex.lib.errors import BadRequest
from localex.lib.pages import Page, decode_cursor, encode_cursor

MAX_LINES: Final = 200
BATCH: Final = 500
MAX_READ: Final = 2_000  # entries that one page looks at, whatever its filters leave over
NEWEST: Final = 2**63 - 1
KINDS: Final = ("gift", "main")
GRANT_REASONS: Final = {"starter_grant": "starter", "referral_bonus": "referral", "coordinator_grant": "coordinator"}


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One posting as its member sees it: main and gift account together.

    `amount` is signed; `balance_after` is what the member had after it, whatever a filter leaves out; `reference` is
    the trade or None; `reason` is the GrantReason of a grant, else empty.
    """

    booked_at: datetime
    kind: str
    amount: int
    balance_after: int
    reference: UUID | None
    journal_id: UUID

    @property
    def reason(self) -> str:
        return GRANT_REASONS.get(self.kind, "")


@dataclass(frozen=True, slots=True)
class Filters:
    """Which lines are wanted; None: all. `since` is included, `until` is not."""

    kinds: frozenset[str] | None = None
    references: frozenset[UUID] | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def has_to_look(self) -> bool:
        """Whether lines must be looked at to know if they are wanted."""
        return self.kinds is not None or self.references is not None

    @property
    def moments(self) -> list[datetime]:
        """The dates, of which a walk has to know the places."""
        return [moment.astimezone(UTC) for moment in (self.since, self.until) if moment]

    def accept(self, line: StatementLine) -> bool:
        """Whether the line is of a wanted kind and about something wanted; dates are the walk's business."""
        return (self.kinds is None or line.kind in self.kinds) and (
            self.references is None or line.reference in self.references
        )


EVERYTHING: Final = Filters()


@dataclass(frozen=True, slots=True)
class StatementPage(Page[StatementLine]):
    """A page of lines. `closing` and `opening` are the member's balance after and before all that was looked at.

    `paused_at`: how far back it looked when it stopped at MAX_READ entries with lines still to find; else None.
    """

    opening: int = 0
    closing: int = 0
    paused_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Leg:
    seq: int
    amount: int
    balance_after: int
    booked_at: datetime
    journal_id: UUID
    kind: str
    reference: UUID | None


@dataclass(slots=True)
class _Account:
    """Where the walk stands in one account: entries above `top` were taken, those up to `bottom` are not wanted."""

    kind: str
    top: int = NEWEST
    bottom: int = 0
    balance: int | None = None  # after entry `top`; None as long as nothing was read
    legs: deque[_Leg] = field(default_factory=deque)

    @property
    def has_to_read(self) -> bool:
        return not self.legs and self.top > self.bottom

    def fill(self, legs: Sequence[_Leg]) -> None:
        self.legs.extend(legs)
        if not legs:
            self.top = self.bottom
        if self.balance is None:
            self.balance = legs[0].balance_after if legs else 0

    def take(self) -> _Leg:
        leg = self.legs.popleft()
        self.top, self.balance = leg.seq - 1, leg.balance_after - leg.amount
        return leg


class _Walk:
    """Goes back through both accounts at once."""

    def __init__(
        self,
        whose: tuple[UUID, UUID],
        filters: Filters,
        cursor: str | None,
        batch: int,
        places: "Sequence[Place] | None" = None,
    ) -> None:
        self.whose = whose
        self.batch = batch
        self.read = 0
        self.last_at: datetime | None = None
        self.accounts = [_Account(kind, place) for kind, place in zip(KINDS, _places(cursor), strict=True)]
        if filters.moments:
            self._set_bounds(filters, find_places(*self.whose, filters.moments) if places is None else places)

    def _set_bounds(self, filters: Filters, places: "Sequence[Place]") -> None:
        since, until = (moment and moment.astimezone(UTC) for moment in (filters.since, filters.until))
        found = {(one.kind, one.moment): one for one in places}
        for account in self.accounts:
            if until is not None and (account.kind, until) in found:
                account.top = min(account.top, found[account.kind, until].seq)
            if since is not None and (account.kind, since) in found:
                start = found[account.kind, since]
                account.bottom = start.seq
                account.balance = start.balance if account.top <= start.seq else None

    @property
    def balance(self) -> int:
        """The member's balance after what is still to be taken."""
        return sum(account.balance or 0 for account in self.accounts)

    @property
    def is_over(self) -> bool:
        return not any(account.legs or account.has_to_read for account in self.accounts)

    @property
    def may_go_on(self) -> bool:
        """Whether the next line is at hand, or can be read without looking at too much."""
        reads = sum(self.batch for account in self.accounts if account.has_to_read)
        return not self.is_over and (not self.read or self.read + reads <= MAX_READ)

    def take(self) -> StatementLine | None:
        """The newest line that was not taken yet, or None at the end. Reads when an account has nothing at hand."""
        if any(account.has_to_read for account in self.accounts):
            self._fill()
        heads = [account for account in self.accounts if account.legs]
        if not heads:
            return None
        newest = max((account.legs[0] for account in heads), key=lambda leg: (leg.booked_at, leg.journal_id))
        balance_after = self.balance
        taken = [account.take() for account in heads if account.legs[0].journal_id == newest.journal_id]
        self.last_at = newest.booked_at
        return StatementLine(
            booked_at=newest.booked_at,
            kind=newest.kind,
            amount=sum(leg.amount for leg in taken),
            balance_after=balance_after,
            reference=newest.reference,
            journal_id=newest.journal_id,
        )

    def _fill(self) -> None:
        empty = {account.kind: account for account in self.accounts if account.has_to_read}
        tops = [empty[kind].top if kind in empty else 0 for kind in KINDS]
        bottoms = [empty[kind].bottom if kind in empty else 0 for kind in KINDS]
        rows = fetch(_LEGS, [*self.whose, tops, bottoms, self.batch])
        for kind, account in empty.items():
            account.fill([_Leg(*row[1:]) for row in rows if row[0] == kind])
        self.read += len(rows)


def list_statement(
    *,
    community_id: UUID,
    owner: UUID,
    cursor: str | None,
    limit: int,
    filters: Filters = EVERYTHING,
    places: "Sequence[Place] | None" = None,
) -> StatementPage:
    """The member's postings that the filters leave, newest first, at most `limit` (1 to 200) of them.

    `places`: those of `filters.moments` when somebody has found them already, among others; None: they are looked up.

    One query, with dates one more, with other filters one for each 500 entries and at most MAX_READ entries: then the
    page ends early and says so. Raises BadRequest for a damaged cursor.
    """
    limit = max(1, min(limit, MAX_LINES))
    walk = _Walk((community_id, owner), filters, cursor, BATCH if filters.has_to_look else limit, places)
    lines: list[StatementLine] = []
    closing: int | None = None
    while len(lines) < limit and walk.may_go_on:
        line = walk.take()
        if line is None:
            break
        closing = line.balance_after if closing is None else closing
        if filters.accept(line):
            lines.append(line)
    opening = walk.balance
    return StatementPage(
        lines,
        None if walk.is_over else encode_cursor([account.top for account in walk.accounts]),
        opening=opening,
        closing=opening if closing is None else closing,
        paused_at=walk.last_at if len(lines) < limit and not walk.is_over else None,
    )


def iterate_statement(*, community_id: UUID, owner: UUID, filters: Filters = EVERYTHING) -> Iterator[StatementLine]:
    """All lines that the filters leave, newest first, read 500 entries at a time while they are asked for."""
    walk = _Walk((community_id, owner), filters, None, BATCH)
    while (line := walk.take()) is not None:
        if filters.accept(line):
            yield line


def _places(cursor: str | None) -> tuple[int, int]:
    """The highest numbers of the gift and the main entries that still are to be shown."""
    if not cursor:
        return NEWEST, NEWEST
    gift, main = decode_cursor(cursor, length=2)
    if type(gift) is not int or type(main) is not int or not (0 <= gift <= NEWEST and 0 <= main <= NEWEST):
        raise BadRequest("This page link is damaged. Start again from the first page.", code="bad_cursor")
    return gift, main


# A function, because a query of its own would be planned anew at every call, for every month of a ledger that is cut.
_LEGS: Final = """
    SELECT account_kind::text, seq, amount, balance_after, booked_at, journal_id, kind::text, reference
    FROM ledger.list_legs(%s, %s, %s::bigint[], %s::bigint[], %s)
"""


@dataclass(frozen=True, slots=True)
class Place:
    """How far an account had come at a moment: `seq` entries were booked before it and left `balance`.

    `came_at`: when its first entry was booked, or None for an account without any.
    """

    kind: str
    moment: datetime
    seq: int
    balance: int
    came_at: datetime | None


def find_places(community_id: UUID, owner: UUID, moments: Sequence[datetime]) -> list[Place]:
    """Where both accounts of the member stood at each moment; nothing for somebody without accounts.

    One query of about log2(entries) look-ups in entry_pkey for each moment and account. At most 200 moments, each of
    them counts once.
    """
    wanted = list(dict.fromkeys(moment.astimezone(UTC) for moment in moments))[:MAX_LINES]
    rows = fetch(_PLACES, [wanted, community_id, owner])
    return [Place(*row) for row in rows]


# `low` entries are known to be before the moment, those above `high` are known not to be.
_PLACES: Final = """
    WITH RECURSIVE search AS (
        SELECT account.account_id, account.kind, wanted.moment, 0::bigint AS low, account.entry_count AS high
        FROM ledger.accounts account CROSS JOIN unnest(%s::timestamptz[]) AS wanted (moment)
        WHERE account.community_id = %s AND account.owner = %s AND account.kind IN ('gift', 'main')
      UNION ALL
        SELECT search.account_id, search.kind, search.moment,
               CASE WHEN middle.booked_at < search.moment THEN middle.seq ELSE search.low END,
               CASE WHEN middle.booked_at < search.moment THEN search.high ELSE middle.seq - 1 END
        FROM search
        JOIN ledger.entries middle
            ON middle.account_id = search.account_id AND middle.seq = (search.low + search.high + 1) / 2
        WHERE search.low < search.high
    )
    SELECT search.kind::text, search.moment, search.low, coalesce(entry.balance_after, 0), opening.booked_at
    FROM search
    LEFT JOIN ledger.entries entry ON entry.account_id = search.account_id AND entry.seq = search.low
    LEFT JOIN ledger.entries opening ON opening.account_id = search.account_id AND opening.seq = 1
    WHERE search.low >= search.high
    ORDER BY search.moment
"""


def add_up(places: Sequence[Place], moments: Sequence[datetime]) -> list[int]:
    """What the member had at each of the moments, whose places are among those."""
    sums = dict.fromkeys((place.moment for place in places), 0)
    for place in places:
        sums[place.moment] += place.balance
    return [sums.get(moment, 0) for moment in moments]


def find_balances(*, community_id: UUID, owner: UUID, moments: Sequence[datetime]) -> list[tuple[datetime, int]]:
    """What the member had at each of the moments, in their order; for at most 200 of them, in one query."""
    wanted = sorted({moment.astimezone(UTC) for moment in moments})
    return list(zip(wanted, add_up(find_places(community_id, owner, wanted), wanted), strict=True))


def find_first_moment(*, community_id: UUID, owner: UUID) -> datetime | None:
    """When the member's first entry was booked, or None. One query, two look-ups."""
    ((first,),) = fetch(
        """
        SELECT min(entry.booked_at) FROM ledger.accounts account
        JOIN ledger.entries entry ON entry.account_id = account.account_id AND entry.seq = 1
        WHERE account.community_id = %s AND account.owner = %s AND account.kind IN ('gift', 'main')
        """,
        [community_id, owner],
    )
    return first  # type: ignore[no-any-return]
