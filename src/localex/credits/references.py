"""What a statement calls the things that postings are about, and whom they were with.

The ledger knows trades by number and members by pseudonym only. A context above (trading) registers, in its
AppConfig.ready, a book that knows their names; without one, lines speak of "a trade" with nobody.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class About:
    """One thing that postings are about, as one of its sides may know it: what it was, and with whom.

    `reason` is what a coordinator wrote beside a posting that gave credits; title and partner are empty then.
    """

    title: str
    partner: str
    reason: str = ""


class Book(Protocol):
    """Names for one member at a time: nothing is told about a trade to somebody who is no side of it."""

    def describe(
        self, *, owner: UUID, references: Collection[UUID], postings: Collection[UUID]
    ) -> Mapping[UUID, About]:
        """Those of `references` that it knows and `owner` has a part in, and reasons of `postings`, in one query."""
        ...

    def list_partners(self, *, community_id: UUID, owner: UUID) -> Sequence[str]:
        """Display names of those whom `owner` has traded with lately, in alphabetical order; bounded."""
        ...

    def list_trades_with(self, *, community_id: UUID, owner: UUID, partner: str) -> Collection[UUID]:
        """The trades of `owner` with the member of that name; empty for a stranger and for nobody alike. Bounded."""
        ...


class _NoBook:
    def describe(
        self, *, owner: UUID, references: Collection[UUID], postings: Collection[UUID]
    ) -> Mapping[UUID, About]:
        return {}

    def list_partners(self, *, community_id: UUID, owner: UUID) -> Sequence[str]:
        return ()

    def list_trades_with(self, *, community_id: UUID, owner: UUID, partner: str) -> Collection[UUID]:
        return ()


_book: Book = _NoBook()


def register(book: Book) -> None:
    """From now on `book` is asked."""
    global _book
    _book = book


def describe(*, owner: UUID, references: Collection[UUID], postings: Collection[UUID] = ()) -> Mapping[UUID, About]:
    """What somebody knows of the references and of those postings that staff made; see Book."""
    if not references and not postings:
        return {}
    return _book.describe(owner=owner, references=references, postings=postings)


def list_partners(*, community_id: UUID, owner: UUID) -> Sequence[str]:
    """Whom the member has traded with; see Book."""
    return _book.list_partners(community_id=community_id, owner=owner)


def list_trades_with(*, community_id: UUID, owner: UUID, partner: str) -> frozenset[UUID]:
    """The member's trades with that partner; see Book."""
    return frozenset(_book.list_trades_with(community_id=community_id, owner=owner, partner=partner))
