"""How much has Anna? Staff read it on her page, and find her in the ledger by her name."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from localex.credits import services
from localex.lib.ids import new_id
from localex.members.models import User
from localex.trading.models import Trade
from tests import town

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Client:
    return town.browser_of(User.objects.create_superuser(email=f"{new_id()}@staff.example", password=None))


@pytest.fixture
def trade() -> Trade:
    community = town.found_community()
    return town.new_trade(town.new_member(community), town.new_member(community))


def test_the_page_of_a_member_says_what_they_have(staff: Client, trade: Trade) -> None:
    buyer = trade.buyer
    services.set_credit_line(
        community_id=buyer.community_id, owner=buyer.ledger_ref, limit=2_025, actor=None, words="Earned"
    )
    body = staff.get(reverse("admin:members_member_change", args=[buyer.pk])).content.decode()
    flat = " ".join(body.split())
    for label, amount in (("To spend", "90.25"), ("Held for trades", "30"), ("Credit line", "20.25")):
        assert f"> {amount} <" in flat[flat.index(f"{label} (credits)") :].replace(f">{amount}<", f"> {amount} <")
    assert f'{reverse("admin:credits_account_changelist")}?q={buyer.ledger_ref}"' in body


def test_the_ledger_shows_names_that_lead_on_and_is_searched_by_them(staff: Client, trade: Trade) -> None:
    buyer, seller = trade.buyer, trade.seller
    to_trade = f'<a href="{reverse("admin:trading_trade_change", args=[trade.pk])}">A red bicycle</a>'
    to_town = f'<a href="{reverse("admin:communities_community_change", args=[trade.community_id])}">Krems</a>'
    to_buyer, to_seller = (
        f'<a href="{reverse("admin:members_member_change", args=[one.pk])}">{one.display_name}</a>'
        for one in (buyer, seller)
    )
    for name, there in (("account", [to_buyer]), ("hold", [to_buyer, to_seller, to_trade])):
        address = reverse(f"admin:credits_{name}_changelist")
        body = staff.get(address, {"q": buyer.display_name}).content.decode()
        for link in (*there, to_town):
            assert link in body
    assert staff.get(address, {"q": "nobody of that name"}).context["cl"].result_list == []
    journals = staff.get(reverse("admin:credits_journal_changelist"), {"q": str(trade.pk)}).content.decode()
    assert to_trade in journals
    one = staff.get(reverse("admin:credits_hold_change", args=[trade.pk])).content.decode()
    assert to_seller in one


def test_the_names_of_a_page_are_asked_for_at_once(staff: Client, trade: Trade) -> None:
    """More rows are no more queries."""

    def count() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as queries:
            page = staff.get(reverse("admin:credits_account_changelist"), {"q": str(trade.community_id)})
        return len(page.context["cl"].result_list), len(queries)

    count()
    rows, few = count()
    for _ in range(4):
        town.new_member(trade.community)
    assert count() == (rows + 8, few)
