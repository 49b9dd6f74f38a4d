"""The staff pages of communities: a new one begins with sensible numbers, and what is out of bounds is marked."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from localex.communities.models import Community
from localex.lib.ids import new_id
from localex.members.models import User
from tests import town

pytestmark = pytest.mark.django_db
ADD = "admin:communities_community_add"
WHERE = {"centre_lat": "48.4", "centre_lon": "15.6", "south": "48.3", "north": "48.5", "west": "15.5", "east": "15.7"}
WHAT = {"area_name": "Krems", "country": "AT", "timezone": "Europe/Vienna", "language": "de", "distance_unit": "km"}


@pytest.fixture
def staff() -> Client:
    return town.browser_of(User.objects.create_superuser(email=f"{new_id()}@staff.example", password=None))


def filled_in(page: str) -> dict[str, str]:
    """What the inputs of a form have before anybody types."""
    tags = re.findall(r"<input[^>]+>", page)
    pairs = ((re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)) for tag in tags)
    return {name[1]: value[1] for name, value in pairs if name and value}


def said(staff: Client, **changes: Any) -> dict[str, Any]:
    """The form of a new community as it comes, with a name and a place."""
    form = filled_in(staff.get(reverse(ADD)).content.decode())
    kept = {name: value for name, value in form.items() if not name.startswith("_")}
    names = {"slug": f"town-{new_id().hex}", "name": "Stein", "is_open": "on"}
    return {**kept, **WHAT, **WHERE, **names, **changes}


def test_a_new_community_is_saved_as_it_comes(staff: Client) -> None:
    form = said(staff)
    answer = staff.post(reverse(ADD), form)
    assert answer.status_code == 302, re.findall(r'class="[^"]*errorlist.*?</ul>', answer.content.decode())
    community = Community.objects.get(slug=form["slug"])
    assert community.starter_grant == 10_000
    zeros = ("fee_fixed_buyer", "fee_percent_buyer", "fee_fixed_seller", "credit_line_per_trade", "credit_line_cap")
    assert [getattr(community, name) for name in zeros] == [0, Decimal(0), 0, 0, 0]


def test_what_is_out_of_bounds_is_marked_at_its_field_beside_other_errors(staff: Client) -> None:
    wrong = {
        "fee_percent_buyer": "250",
        "fee_fixed_buyer": "-1",
        "fee_fixed_seller": "1000.01",
        "starter_grant": "100001",
        "credit_line_cap": "100001",
    }
    answer = staff.post(reverse(ADD), said(staff, **wrong))
    assert answer.status_code == 200
    assert set(answer.context["adminform"].form.errors) == set(wrong)
    assert "less than or equal to 50" in answer.content.decode()


def test_the_history_says_what_it_was_and_what_it_is(staff: Client) -> None:
    form = said(staff)
    staff.post(reverse(ADD), form)
    community = Community.objects.get(slug=form["slug"])
    changes = {"fee_percent_buyer": "2.5", "credit_line_per_trade": "5", "credit_line_cap": "20", "language": "fr"}
    changes["starter_grant"] = "50.5"
    address = reverse("admin:communities_community_change", args=[community.pk])
    assert staff.post(address, {**form, **changes}).status_code == 302
    history = staff.get(reverse("admin:communities_community_history", args=[community.pk])).content.decode()
    page = staff.get(reverse("operations:overview")).content.decode()
    fees = ("Percent from the buyer: 0 → 2.5", "Most of a credit line: 0 → 20")
    for words in (*fees, "Language: German → French", "Starter grant: 100 → 50.50"):
        assert words in history
        assert words in page
    assert "Fixed fee of the buyer" not in history
