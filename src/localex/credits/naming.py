"""Names for staff of what the ledger knows by number only. Contexts above register a namer in AppConfig.ready."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Named:
    """What people call it, and its page for staff."""

    name: str
    address: str


class Namer(Protocol):
    """Knows one kind of numbers."""

    def name_numbers(self, numbers: Collection[UUID]) -> Mapping[UUID, Named]:
        """Those of `numbers` that it knows, in one or two queries."""
        ...

    def find_numbers(self, words: str) -> Collection[UUID]:
        """Numbers of what has `words` in its name; bounded."""
        ...


_namers: list[Namer] = []


def register(namer: Namer) -> None:
    """From now on `namer` is asked, too."""
    if namer not in _namers:
        _namers.append(namer)


def name_numbers(numbers: Collection[UUID]) -> Mapping[UUID, Named]:
    """What is known of `numbers`; the others are left out."""
    return {number: named for namer in _namers for number, named in namer.name_numbers(numbers).items()}


def find_numbers(words: str) -> set[UUID]:
    """The numbers that somebody may mean by `words`; bounded."""
    return {number for namer in _namers for number in namer.find_numbers(words)}
