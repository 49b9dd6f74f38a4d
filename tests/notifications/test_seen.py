"""Opening a page reads what the inbox says about it."""

from typing import TYPE_CHECKING

from django.test import Client
from django.urls import reverse

if TYPE_CHECKING:
    from localex.members.models import Member


def test_a_trade_s_page_reads_one_s_own_notices_about_it_and_no_others(db: None) -> None:
    from localex.notifications import services
    from localex.notifications.audience import Happened
    from localex.notifications.models import Notice
    from tests import town

    community = town.found_community()
    seller, buyer = town.new_member(community), town.new_member(community)
    trade, other = town.new_trade(seller, buyer), town.new_trade(seller, buyer, price=20)
    for one in (trade, other):
        town.schedule(one)
        services.tell(Happened(name="trade.scheduled", trade_id=one.id))

    def unread(member: "Member") -> set[object]:
        return set(Notice.objects.filter(member=member, read_at=None).values_list("subject_id", flat=True))

    assert unread(buyer) == unread(seller) == {trade.id, other.id}
    stranger = town.new_member(community)
    for member, status in ((buyer, 200), (stranger, 404)):
        client = Client()
        client.force_login(member.user)
        assert client.get(reverse("trading:detail", args=[trade.id])).status_code == status
    assert unread(buyer) == {other.id}
    assert unread(seller) == {trade.id, other.id}
