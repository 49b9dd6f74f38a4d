"""Founding and changing communities."""

import uuid
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from localex.communities import queries, services
from localex.communities.models import Community
from localex.credits import queries as credit_queries
from localex.lib.errors import NotFound
from localex.lib.geo import Box, Point

pytestmark = pytest.mark.django_db

KREMS = Point(48.4102, 15.6145)


def found(**changes: object) -> Community:
    """A valid community, with `changes`."""
    fields: dict[str, object] = {
        "slug": f"town-{uuid.uuid4().hex[:8]}",
        "name": "Krems",
        "area_name": "Krems an der Donau",
        "country": "AT",
        "timezone": "Europe/Vienna",
        "language": "de",
        "centre": KREMS,
    }
    return services.create_community(**(fields | changes))  # type: ignore[arg-type]


def test_a_new_community_is_found_by_its_slug_and_has_accounts() -> None:
    community = found()
    assert queries.find_by_slug(slug=community.slug) == community
    assert community in queries.list_open()
    balance = credit_queries.find_balance(community_id=community.id, owner=uuid.uuid4())
    assert balance.total == 0


def test_without_a_box_it_reaches_eight_kilometres_around_its_centre() -> None:
    community = found()
    assert community.box.north - community.box.south == pytest.approx(2 * 8 / 111.195, rel=0.01)
    assert community.centre == KREMS


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("country", "Austria"),
        ("country", "at"),
        ("timezone", "Vienna"),
        ("language", "tlh"),
        ("distance_unit", "furlong"),
        ("starter_grant", -1),
        ("slug", "not a slug"),
        ("name", ""),
        ("box", Box(10.0, 10.0, 11.0, 11.0)),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_founded(field: str, value: object) -> None:
    before = Community.objects.count()
    with pytest.raises(services.InvalidCommunity) as caught:
        found(**{field: value})
    assert caught.value.fields
    assert Community.objects.count() == before


def test_a_slug_is_taken_once() -> None:
    first = found()
    with pytest.raises(services.InvalidCommunity) as caught:
        found(slug=first.slug)
    assert "slug" in caught.value.fields


def test_the_database_itself_refuses_a_centre_outside_the_box() -> None:
    community = found()
    with pytest.raises(IntegrityError, match="communities_centre_in_box"), transaction.atomic():
        Community.objects.filter(pk=community.pk).update(centre_lat=10.0)


def test_changes_are_checked_and_only_known_fields_change() -> None:
    community = found()
    changed = services.update_community(community_id=community.id, name="Stein", is_open=False)
    assert changed.name == "Stein"
    assert community.pk not in {one.pk for one in queries.list_open()}
    with pytest.raises(services.InvalidCommunity):
        services.update_community(community_id=community.id, country="??")
    with pytest.raises(TypeError):
        services.update_community(community_id=community.id, slug="other")


def test_a_community_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        queries.get_community(community_id=uuid.uuid4())
    with pytest.raises(NotFound):
        queries.get_by_slug(slug="nowhere")
    assert queries.find_by_slug(slug="nowhere") is None


@pytest.mark.parametrize(
    "changes",
    [
        {"fee_fixed_buyer": -1},
        {"fee_fixed_seller": 100_001},
        {"fee_percent_buyer": Decimal("50.01")},
        {"fee_percent_buyer": Decimal("-0.01")},
        {"credit_line_per_trade": 100},
        {"credit_line_per_trade": 100, "credit_line_cap": 99},
        {"credit_line_cap": 10_000_001},
    ],
)
def test_a_policy_out_of_bounds_is_refused_by_the_service_and_by_the_database(changes: dict[str, object]) -> None:
    community = found()
    with pytest.raises(services.InvalidCommunity):
        services.update_community(community_id=community.id, **changes)
    with pytest.raises(IntegrityError), transaction.atomic():
        Community.objects.filter(pk=community.pk).update(**changes)


def test_a_new_community_has_no_fees_and_no_credit_lines_even_when_the_release_does_not_know_them() -> None:
    community = found()
    columns = "id, slug, name, area_name, country, timezone, language, distance_unit, currency_one, currency_many, "
    columns += "centre_lat, centre_lon, south, west, north, east, starter_grant, is_open, created_at"
    with connection.cursor() as cursor:  # as the release before the policy founded a community
        cursor.execute(
            f"INSERT INTO communities_community ({columns}) "
            f"SELECT uuidv7(), slug || '-2', {columns.split(', ', 2)[2]} FROM communities_community WHERE id = %s",
            [community.id],
        )
    copy = Community.objects.get(slug=f"{community.slug}-2")
    assert (copy.fee_fixed_buyer, copy.fee_fixed_seller, copy.fee_percent_buyer) == (0, 0, 0)
    assert (copy.credit_line_per_trade, copy.credit_line_cap) == (0, 0)
