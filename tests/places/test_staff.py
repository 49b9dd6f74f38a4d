"""Staff pages of places and communities."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from localex.communities.models import Community
from localex.credits.services import open_member
from localex.lib.ids import new_id
from localex.members.models import User
from localex.places.models import SafePlace

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client: Client) -> Client:
    """A browser with an operator signed in."""
    operator = User(email="operator@example.org", is_staff=True, is_superuser=True)
    operator.set_unusable_password()
    operator.save()
    client.force_login(operator)
    return client


@pytest.mark.parametrize("model", ["places_safeplace", "places_postcode", "places_mapsheet", "communities_community"])
def test_each_list_opens(staff: Client, krems: Community, model: str) -> None:
    assert staff.get(reverse(f"admin:{model}_changelist")).status_code == 200


def test_a_place_is_corrected_and_links_to_its_object(staff: Client, krems: Community) -> None:
    place = SafePlace.objects.filter(community=krems).first()
    page = staff.get(reverse("admin:places_safeplace_change", args=[place.pk]))
    assert f"https://www.openstreetmap.org/{place.osm_ref}" in page.content.decode()
    assert staff.get(reverse("admin:places_safeplace_delete", args=[place.pk])).status_code == 403


def test_places_are_taken_out_and_brought_back_by_the_service(staff: Client, krems: Community) -> None:
    place = SafePlace.objects.filter(community=krems).first()
    address = reverse("admin:places_safeplace_changelist")

    def act(action: str) -> Any:
        return staff.post(address, {"action": action, "_selected_action": [str(place.pk)]}, follow=True)

    assert "taken out" in act("retire").content.decode()
    place.refresh_from_db()
    assert (place.state, place.retired_reason) == ("retired", "unsuitable")
    act("restore")
    place.refresh_from_db()
    assert place.state == "active"
    assert place.checked_at is not None


def test_a_community_founded_by_staff_has_its_accounts(staff: Client) -> None:
    fields = {
        "name": "Stein", "slug": "stein", "area_name": "Stein an der Donau", "is_open": "on", "language": "de",
        "country": "AT", "timezone": "Europe/Vienna", "distance_unit": "km", "currency_one": "credit",
        "currency_many": "credits", "starter_grant": "100", "centre_lat": "48.4", "centre_lon": "15.58",
        "south": "48.3", "north": "48.5", "west": "15.5", "east": "15.7", "fee_fixed_buyer": "0.5",
        "fee_percent_buyer": "2.5", "fee_fixed_seller": "0", "credit_line_per_trade": "5", "credit_line_cap": "20",
    }  # fmt: skip
    answer = staff.post(reverse("admin:communities_community_add"), fields, follow=True)
    assert answer.status_code == 200
    community = Community.objects.get(slug="stein")
    assert (community.starter_grant, community.fee_fixed_buyer, community.credit_line_cap) == (10_000, 50, 2_000)
    open_member(community_id=community.id, owner=new_id())
    changed = {**fields, "name": "Stein am Fluss", "fee_fixed_seller": "1.25"}
    staff.post(reverse("admin:communities_community_change", args=[community.pk]), changed, follow=True)
    community.refresh_from_db()
    assert (community.name, community.fee_fixed_seller) == ("Stein am Fluss", 125)
    page = staff.get(reverse("admin:communities_community_change", args=[community.pk])).content.decode()
    assert 'value="1.25"' in page
    assert "settled when the offer is made" in page
