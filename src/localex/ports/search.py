"""The search engine as LocalEx sees it: PostgreSQL's full text in `search.postgres`, later OpenSearch beside it.

Engines return ids in order; what is shown is read from PostgreSQL afterwards, so that a copy that lags behind can at
most miss something, never show what is gone.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from localex.lib.geo import Point
from localex.lib.pages import Page

MAX_WORDS_LENGTH = 100


class Sort(StrEnum):
    """The orders of a result. Relevance without words is newest; nearest without a place is newest too."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    CHEAPEST = "cheapest"
    DEAREST = "dearest"
    NEAREST = "nearest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody is looking for in one community. Empty and None mean that it does not matter.

    Prices are hundredths, distances kilometres from `near` to the centre of a listing's grid cell, `language` decides
    about stemming (a language code such as "en").
    """

    community_id: UUID
    language: str = "en"
    words: str = ""
    category_ids: frozenset[UUID] = frozenset()
    conditions: frozenset[str] = frozenset()
    direction: str = ""
    kind: str = ""
    min_price: int | None = None
    max_price: int | None = None
    near: Point | None = None
    within_km: float | None = None
    has_photos: bool = False
    posted_since: datetime | None = None
    sort: Sort = Sort.NEWEST


class SearchEngine(Protocol):
    """Finds active listings of a community."""

    def find(self, wish: Wish, *, cursor: str | None = None, limit: int = 24) -> Page[UUID]:
        """One page of listing ids in the wished order. New listings do not shift later pages. BadRequest for a cursor
        that is damaged or belongs to another wish."""

    def count(self, wish: Wish, *, at_most: int) -> int:
        """How many listings fulfil the wish, counted no further than `at_most`."""
