"""The ledger in plain Python, as its documents describe it: what each request comes to, and what everybody then has.

Nothing here asks the real ledger. Amounts are hundredths. A rejection is raised; a refusal is answered, as the class of
the error that the services raise for it.
"""

import uuid
from dataclasses import dataclass, field
from fractions import Fraction

from localex.credits import errors
from localex.lib.errors import LocalExError

Refusal = type[LocalExError] | None
Name = tuple[uuid.UUID, str, uuid.UUID | None]


@dataclass
class Account:
    """One account: what is in it and between what it may lie; None: no bound."""

    posted: int = 0
    floor: int | None = 0
    ceiling: int | None = None
    is_open: bool = True

    def as_row(self) -> tuple[int, int | None, int | None, bool]:
        return self.posted, self.floor, self.ceiling, self.is_open


@dataclass
class Hold:
    """Credits set aside for a trade."""

    community: uuid.UUID
    payer: uuid.UUID
    payee: uuid.UUID | None
    from_gift: int
    from_main: int
    buyer_fee: int
    seller_fee: int
    is_expired: bool
    is_held: bool = True

    @property
    def held(self) -> int:
        return self.from_gift + self.from_main

    @property
    def price(self) -> int:
        return self.held - self.buyer_fee


@dataclass
class Model:
    """Several communities and everything in them."""

    accounts: dict[Name, Account] = field(default_factory=dict)
    holds: dict[uuid.UUID, Hold] = field(default_factory=dict)
    had_starter: set[Name] = field(default_factory=set)
    bonuses: set[tuple[uuid.UUID, uuid.UUID, uuid.UUID]] = field(default_factory=set)
    stopped: set[uuid.UUID] = field(default_factory=set)

    def open_community(self, community: uuid.UUID) -> None:
        for kind in ("fees", "protection"):
            self.accounts[community, kind, None] = Account()
        self.accounts[community, "issuer", None] = Account(floor=None)

    def open_member(self, community: uuid.UUID, owner: uuid.UUID) -> None:
        for kind in ("gift", "main"):
            self.accounts[community, kind, owner] = Account()

    def get(self, community: uuid.UUID, kind: str, owner: uuid.UUID | None) -> Name:
        if (community, kind, owner) not in self.accounts:
            raise errors.UnknownAccount("")
        return community, kind, owner

    def members(self, community: uuid.UUID, owner: uuid.UUID) -> tuple[Account, Account]:
        """(gift, main)"""
        return self.accounts[self.get(community, "gift", owner)], self.accounts[self.get(community, "main", owner)]

    def judge(self, legs: list[tuple[Name, int]], shortage: type[LocalExError], refused: Refusal) -> Refusal:
        """Why these legs cannot be booked, or None. The first reason counts, but a closed account counts more."""
        if legs[0][0][0] in self.stopped:
            raise errors.PostingsStopped("")
        for name, amount in legs:
            account = self.accounts[name]
            if account.floor is not None and amount < 0 and account.posted + amount < account.floor:
                refused = refused or shortage
            if account.ceiling is not None and amount > 0 and account.posted + amount > account.ceiling:
                refused = refused or errors.LimitReached
        if any(not self.accounts[name].is_open for name, _ in legs):
            return errors.AccountClosed
        return refused

    def book(self, legs: list[tuple[Name, int]]) -> None:
        assert sum(amount for _, amount in legs) == 0
        for name, amount in legs:
            self.accounts[name].posted += amount

    def post(
        self, legs: list[tuple[Name, int]], shortage: type[LocalExError], refused: Refusal = None, over: Refusal = None
    ) -> Refusal:
        """Book the legs or say why not. `over`: a reason that counts more, unless the hold has ended."""
        reason = self.judge(legs, shortage, refused)
        if over and reason is not errors.HoldEnded:
            reason = over
        if reason is None:
            self.book(legs)
        return reason

    def grant(
        self, community: uuid.UUID, owner: uuid.UUID, amount: int, reason: str, about: uuid.UUID | None
    ) -> Refusal:
        gift, issuer = self.get(community, "gift", owner), self.get(community, "issuer", None)
        is_had = (reason == "starter" and gift in self.had_starter) or (
            reason == "referral" and about is not None and (community, owner, about) in self.bonuses
        )
        refused = self.post(
            [(gift, amount), (issuer, -amount)], errors.InsufficientCredits, errors.AlreadyGranted if is_had else None
        )
        if refused is None and reason == "starter":
            self.had_starter.add(gift)
        if refused is None and reason == "referral" and about is not None:
            self.bonuses.add((community, owner, about))
        return refused

    def hold(self, trade: uuid.UUID, new: Hold, amount: int) -> Refusal:
        gift, main = self.members(new.community, new.payer)
        if new.payee == new.payer:
            raise errors.InvalidPosting("")
        if new.community in self.stopped:
            raise errors.PostingsStopped("")
        if trade in self.holds:
            return errors.HoldExists
        if not (gift.is_open and main.is_open):
            return errors.AccountClosed
        assert main.floor is not None
        new.from_gift = min(max(gift.posted, 0), amount)
        new.from_main = amount - new.from_gift
        if new.from_main > max(main.posted - main.floor, 0):
            return errors.InsufficientCredits
        gift.posted -= new.from_gift
        main.posted -= new.from_main
        self.accounts[new.community, "escrow", trade] = Account(posted=amount)
        self.holds[trade] = new
        return None

    def back_to_payer(self, hold: Hold, amount: int, *, payee: uuid.UUID | None) -> list[tuple[Name, int]]:
        """What came from main first, as far as there is room below its ceiling; the rest to gift."""
        _, main = self.members(hold.community, hold.payer)
        to_main = min(amount, hold.from_main)
        if main.ceiling is not None and payee != hold.payer:
            to_main = min(to_main, max(main.ceiling - main.posted, 0))
        legs = [
            ((hold.community, "main", hold.payer), to_main),
            ((hold.community, "gift", hold.payer), amount - to_main),
        ]
        return [(name, part) for name, part in legs if part]

    def capture(self, trade: uuid.UUID, payee: uuid.UUID, part: int | None) -> Refusal:
        hold = self.holds[trade]
        part = hold.price if part is None else part
        main = self.get(hold.community, "main", payee)
        if not 0 < part <= hold.price:
            raise errors.InvalidPosting("")
        buyer_fee = round(Fraction(hold.buyer_fee * part, hold.price))  # rounds half to even
        seller_fee = min(part, round(Fraction(hold.seller_fee * part, hold.price)))
        legs = [((hold.community, "escrow", trade), -hold.held), (main, part - seller_fee)]
        if hold.buyer_fee + hold.seller_fee:
            legs.append(((hold.community, "fees", None), buyer_fee + seller_fee))
        for name, amount in self.back_to_payer(hold, hold.held - part - buyer_fee, payee=payee):
            if name == main:
                legs[1] = (main, legs[1][1] + amount)
            else:
                legs.append((name, amount))
        other = errors.OtherPayee if hold.payee not in (None, payee) else None
        refused = self.post(legs, errors.HoldEnded, other, errors.HoldExpired if hold.is_expired else None)
        hold.is_held = hold.is_held and refused is not None
        return refused

    def give_back(self, trade: uuid.UUID, *, because_expired: bool) -> Refusal:
        hold = self.holds[trade]
        not_yet = errors.HoldNotExpired if because_expired and not hold.is_expired else None
        # Both accounts take part, whether or not something comes back to them.
        both: list[tuple[Name, int]] = [((hold.community, kind, hold.payer), 0) for kind in ("gift", "main")]
        legs = [
            ((hold.community, "escrow", trade), -hold.held),
            *self.back_to_payer(hold, hold.held, payee=None),
            *both,
        ]
        refused = self.post(legs, errors.HoldEnded, None, not_yet)
        hold.is_held = hold.is_held and refused is not None
        return refused

    def sweep(self) -> set[uuid.UUID]:
        """Which expired holds are returned."""
        due = {
            trade
            for trade, hold in self.holds.items()
            if hold.is_held and hold.is_expired and hold.community not in self.stopped
        }
        return {trade for trade in due if self.give_back(trade, because_expired=True) is None}

    def release_across(self, trade: uuid.UUID, community: uuid.UUID, payee: uuid.UUID) -> Refusal:
        hold = self.holds[trade]
        amount = hold.price - hold.seller_fee
        ours = self.get(hold.community, "clearing", community)
        out = [((hold.community, "escrow", trade), -hold.held), (ours, amount)]
        if amount <= 0:
            raise errors.InvalidPosting("")
        if hold.held > amount:
            out.append(((hold.community, "fees", None), hold.held - amount))
        theirs, main = self.get(community, "clearing", hold.community), self.get(community, "main", payee)
        into = [(theirs, -amount), (main, amount)]
        reason = self.judge(out, errors.HoldEnded, errors.OtherPayee if hold.payee != payee else None)
        if hold.is_expired and reason is not errors.HoldEnded:
            reason = errors.HoldExpired
        reason = reason or self.judge(into, errors.LimitReached, None)
        if community in self.stopped:
            raise errors.PostingsStopped("")
        if reason is None:
            self.book(out)
            self.book(into)
            hold.is_held = False
        return reason

    def fund_protection(self, community: uuid.UUID, amount: int, source: str) -> Refusal:
        legs: list[tuple[Name, int]] = [((community, source, None), -amount), ((community, "protection", None), amount)]
        return self.post(legs, errors.InsufficientCredits)

    def pay_protection(self, community: uuid.UUID, owner: uuid.UUID, amount: int) -> Refusal:
        legs: list[tuple[Name, int]] = [
            ((community, "main", owner), amount),
            ((community, "protection", None), -amount),
        ]
        return self.post(legs, errors.InsufficientCredits)

    def close(self, community: uuid.UUID, owner: uuid.UUID) -> None:
        if any(hold.is_held and (hold.community, hold.payer) == (community, owner) for hold in self.holds.values()):
            raise errors.CreditsHeld("")
        for account in self.members(community, owner):
            account.is_open = False

    def set_credit_line(self, community: uuid.UUID, owner: uuid.UUID, limit: int) -> None:
        _, main = self.members(community, owner)
        if main.posted < -limit:
            raise errors.LimitInUse("")
        main.floor = -limit

    def set_ceiling(self, community: uuid.UUID, owner: uuid.UUID, ceiling: int | None) -> None:
        _, main = self.members(community, owner)
        if ceiling is not None and main.posted > ceiling:
            raise errors.LimitInUse("")
        main.ceiling = ceiling

    def open_clearing(self, community: uuid.UUID, counterpart: uuid.UUID, limit: int) -> None:
        account = self.accounts.setdefault((community, "clearing", counterpart), Account())
        if abs(account.posted) > limit:
            raise errors.LimitInUse("")
        account.floor, account.ceiling = -limit, limit
