"""Search by PostgreSQL itself: tsvector with GIN for words, point with GiST for distance, B-trees for the orders.

Indexes: listing_words, listing_cell, listing_newest, listing_price, listing_category; all hold active listings only.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import SearchQueryField
from django.db.models import BooleanField, ExpressionWrapper, F, FloatField, Func, Q, QuerySet, Value
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.functions import ASin, Cast, Cos, Least, Power, Radians, Sin, Sqrt
from django.utils.crypto import salted_hmac

from localex.lib.errors import BadRequest
from localex.lib.geo import EARTH_RADIUS_KM, Point, bounding_box
from localex.lib.pages import Page, decode_cursor, encode_cursor
from localex.listings.models import Listing
from localex.listings.queries import active_listings, has_picture
from localex.ports.search import Sort, Wish
from localex.search.words import tsquery

MAX_PAGE = 100
# ts_rank's weights for D, C, B, A: title 3, description 2, brand 1.5 (product.md), as parts of the title's.
WEIGHTS = "'{0.1, 0.5, 0.667, 1.0}'"


class _Rank(Func):
    """How well a row's words fit; between 0 and 1."""

    template = f"ts_rank({WEIGHTS}, %(expressions)s)"
    output_field = FloatField()


def _distance_from(here: Point) -> Combinable:
    """Kilometres from `here` to the centre of a listing's cell: haversine, as in lib.geo."""
    row_lat, row_lon = Radians(F("cell_latitude")), Radians(F("cell_longitude"))
    lat, lon = (Radians(Value(degrees, output_field=FloatField())) for degrees in (here.lat, here.lon))
    across = Cos(row_lat) * Cos(lat) * Power(Sin((row_lon - lon) / 2.0), 2.0)
    return 2 * EARTH_RADIUS_KM * ASin(Sqrt(Least(1.0, Power(Sin((row_lat - lat) / 2.0), 2.0) + across)))


class PostgresSearch:
    """The embedded twin of `ports.search.SearchEngine`."""

    def find(self, wish: Wish, *, cursor: str | None = None, limit: int = 24) -> Page[UUID]:
        """One page of ids, by keyset; see the port."""
        limit = min(limit, MAX_PAGE)
        wish = _settled(wish)
        field, is_descending = _ORDERS[wish.sort]
        rows = _matching(wish)
        if cursor:
            rows = rows.filter(_after(_read_cursor(cursor, wish), field, is_descending))
        sign = "-" if is_descending else ""
        found = list(rows.order_by(f"{sign}{field}", f"{sign}id").values_list(field, "id")[: limit + 1])
        following = encode_cursor([_mark(wish), *_plain(found[limit - 1])]) if len(found) > limit else None
        return Page([identifier for _, identifier in found[:limit]], following)

    def count(self, wish: Wish, *, at_most: int) -> int:
        """How many, no further than `at_most`; see the port."""
        return _matching(replace(wish, sort=Sort.NEWEST)).values("pk")[:at_most].count()


# The sort value and whether it falls; ties are broken by the id, which is also the order of making.
_ORDERS: dict[Sort, tuple[str, bool]] = {
    Sort.RELEVANCE: ("rank", True),
    Sort.NEWEST: ("published_at", True),
    Sort.CHEAPEST: ("price", False),
    Sort.DEAREST: ("price", True),
    Sort.NEAREST: ("distance", False),
}


def _settled(wish: Wish) -> Wish:
    """An order that the wish can have: relevance needs words, nearest needs a place."""
    is_impossible = (wish.sort == Sort.RELEVANCE and tsquery(wish.words, wish.language) is None) or (
        wish.sort == Sort.NEAREST and wish.near is None
    )
    return replace(wish, sort=Sort.NEWEST) if is_impossible else wish


def _matching(wish: Wish) -> QuerySet[Listing]:
    """The active listings that fulfil the wish, with what its order needs."""
    rows = active_listings(community_id=wish.community_id).filter(_plain_filters(wish))
    query = tsquery(wish.words, wish.language)
    if query is not None:
        query = ExpressionWrapper(query, output_field=SearchQueryField())
        rows = rows.filter(Q(_Matches(F("search_vector"), query)) | Q(_IsEmpty(query)))
        if wish.sort == Sort.RELEVANCE:
            rows = rows.annotate(rank=Cast(_Rank(F("search_vector"), query), FloatField()))
    if wish.near is not None and (wish.within_km is not None or wish.sort == Sort.NEAREST):
        rows = rows.annotate(distance=ExpressionWrapper(_distance_from(wish.near), output_field=FloatField()))
        if wish.within_km is not None:
            rows = rows.filter(_in_box(wish.near, wish.within_km), distance__lte=wish.within_km)
    return rows.filter(has_picture()) if wish.has_photos else rows


class _Matches(Func):
    """Whether a tsvector fulfils a tsquery."""

    template = "%(expressions)s"
    arg_joiner = " @@ "
    output_field = BooleanField()


class _IsEmpty(Func):
    """Whether nothing but stop words was typed. Decided when the statement is planned: both sides are constants."""

    template = "numnode(%(expressions)s) = 0"
    output_field = BooleanField()


def _plain_filters(wish: Wish) -> Q:
    wanted: dict[str, Any] = {
        "category_id__in": wish.category_ids or None,
        "condition__in": wish.conditions or None,
        "direction": wish.direction or None,
        "kind": wish.kind or None,
        "price__gte": wish.min_price,
        "price__lte": wish.max_price,
        "published_at__gte": wish.posted_since,
    }
    return Q(**{name: value for name, value in wanted.items() if value is not None})


def _in_box(here: Point, radius_km: float) -> RawSQL:
    """A box round the circle, which the GiST index can answer; the exact distance is compared after it."""
    box = bounding_box(here, radius_km)
    return RawSQL(
        "point(cell_longitude, cell_latitude) <@ box(point(%s, %s), point(%s, %s))",
        [box.west, box.south, box.east, box.north],
        output_field=BooleanField(),
    )


def _after(last: tuple[Any, UUID], field: str, is_descending: bool) -> Q:
    """Strictly behind the last row that was shown. The first condition is redundant and lets an index begin there."""
    value, identifier = last
    way, bound = ("lt", "lte") if is_descending else ("gt", "gte")
    return Q(**{f"{field}__{bound}": value}) & (Q(**{f"{field}__{way}": value}) | Q(**{f"id__{way}": identifier}))


def _plain(row: tuple[Any, UUID]) -> list[Any]:
    value, identifier = row
    return [value.isoformat() if isinstance(value, datetime) else value, str(identifier)]


def _mark(wish: Wish) -> str:
    """A short keyed digest of the wish: a cursor of one list is not followed in another, and confirms no guess."""
    stable = replace(wish, category_ids=frozenset(), conditions=frozenset(), posted_since=None)
    sets = (sorted(map(str, wish.category_ids)), sorted(wish.conditions))
    return salted_hmac("localex.search.cursor", repr((stable, sets)), algorithm="sha256").hexdigest()[:16]


def _read_cursor(cursor: str, wish: Wish) -> tuple[Any, UUID]:
    mark, value, identifier = decode_cursor(cursor, length=3)
    try:
        if mark != _mark(wish):
            raise ValueError("another list")
        parsed = datetime.fromisoformat(value) if wish.sort == Sort.NEWEST else value + 0
        return parsed, UUID(identifier)
    except (ValueError, TypeError, AttributeError) as error:
        words = "This page belongs to another search. Start again from the first page."
        raise BadRequest(words, code="bad_cursor") from error
