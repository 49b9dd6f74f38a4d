"""What a statement calls the things that postings are about.

The ledger knows trades by number only. A context above (trading) registers, in its AppConfig.ready, a function that
finds their names; without one, lines speak of "a trade".
"""

from collections.abc import Callable, Collection, Mapping
from uuid import UUID

FindNames = Callable[[Collection[UUID]], Mapping[UUID, str]]

_find_names: FindNames | None = None


def register(find_names: FindNames) -> None:
    """`find_names` takes trade ids and answers with the names of those it knows, in one query."""
    global _find_names
    _find_names = find_names


def find_names(references: Collection[UUID]) -> Mapping[UUID, str]:
    """The names of the references that somebody knows."""
    return _find_names(references) if _find_names and references else {}
