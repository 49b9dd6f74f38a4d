"""What changes a community. Every function is complete within the caller's transaction."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from localex.communities.models import DEFAULT_STARTER_GRANT, Community, DistanceUnit, Language
from localex.communities.queries import get_community
from localex.credits import services as ledger
from localex.lib.errors import Unprocessable
from localex.lib.geo import Box, Point, bounding_box

DEFAULT_RADIUS_KM = 8.0  # five miles: the first ring in which meeting places are looked for

CHANGEABLE = frozenset(
    {"name", "area_name", "country", "timezone", "language", "distance_unit", "currency_one", "currency_many"}
    | {"centre_lat", "centre_lon", "south", "west", "north", "east", "starter_grant", "is_open"}
    | {"fee_fixed_buyer", "fee_percent_buyer", "fee_fixed_seller", "credit_line_per_trade", "credit_line_cap"}
)


class InvalidCommunity(Unprocessable):
    """A field of a community is wrong; `fields` says which."""

    code = "invalid_community"


def create_community(
    *,
    slug: str,
    name: str,
    area_name: str,
    country: str,
    timezone: str,
    centre: Point,
    box: Box | None = None,
    language: str = Language.ENGLISH,
    distance_unit: str = DistanceUnit.KM,
    currency_one: str = "credit",
    currency_many: str = "credits",
    starter_grant: int = DEFAULT_STARTER_GRANT,
    is_open: bool = True,
) -> Community:
    """Found a community and open its accounts in the ledger.

    `country` is ISO 3166 alpha-2, `timezone` an IANA name, `starter_grant` hundredths of a credit. Without a `box` it
    reaches 8 km around `centre`. Raises InvalidCommunity, also when the slug is taken.
    """
    frame = box or bounding_box(centre, DEFAULT_RADIUS_KM)
    community = Community(
        slug=slug,
        name=name,
        area_name=area_name,
        country=country,
        timezone=timezone,
        language=language,
        distance_unit=distance_unit,
        currency_one=currency_one,
        currency_many=currency_many,
        centre_lat=centre.lat,
        centre_lon=centre.lon,
        south=frame.south,
        west=frame.west,
        north=frame.north,
        east=frame.east,
        starter_grant=starter_grant,
        is_open=is_open,
    )
    with transaction.atomic():
        check_community(community)
        community.save(force_insert=True)
        ledger.open_community(community_id=community.id)
    return community


def update_community(*, community_id: UUID, **changes: Any) -> Community:
    """Change some of `CHANGEABLE`; locks the row. Raises NotFound, InvalidCommunity; the slug never changes."""
    unknown = set(changes) - CHANGEABLE
    if unknown:
        raise TypeError(f"not changeable: {', '.join(sorted(unknown))}")
    with transaction.atomic():
        community = get_community(community_id=community_id, lock=True)
        for field, value in changes.items():
            setattr(community, field, value)
        check_community(community)
        community.save(update_fields=list(changes))
    return community


def check_community(community: Community) -> None:
    """InvalidCommunity unless every field and every constraint of the table holds."""
    try:
        community.full_clean()
    except ValidationError as error:
        fields = error.message_dict
        first = next(iter(fields.values()))[0]
        raise InvalidCommunity(f"This community cannot be kept like that: {first}", fields=fields) from error
