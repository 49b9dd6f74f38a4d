"""What staff pay: once, with a reason, never to themselves, and it can be read afterwards."""

import re
from typing import TYPE_CHECKING, Any, Literal

import pytest
from django.db import ProgrammingError, transaction
from django.test import Client
from django.urls import reverse

from localex.communities.services import update_community
from localex.credits.errors import KeyReused
from localex.credits.queries import find_balance, find_totals
from localex.jobs.models import Job
from localex.lib.ids import new_id
from localex.members.models import User
from localex.notifications import services as notification_services
from localex.notifications import wording
from localex.notifications.audience import Happened
from localex.notifications.models import Notice
from localex.trading import partners, services
from localex.trading.models import StaffPayment, Trade
from localex.trading.services.staff_payments import MayNotPay, PaymentNotValid, SourceShort
from tests import town

if TYPE_CHECKING:
    from localex.members.models import Member

pytestmark = pytest.mark.django_db
REASON = "The bicycle broke on the way home."


@pytest.fixture
def staff() -> User:
    return User.objects.create_superuser(email=f"{new_id()}@staff.example", password=None)


@pytest.fixture
def trade() -> Trade:
    community = town.found_community()
    return town.complete(town.new_trade(town.new_member(community), town.new_member(community)))


@pytest.fixture
def page(staff: User) -> Client:
    return town.browser_of(staff)


def available(member: "Member") -> int:
    return find_balance(community_id=member.community_id, owner=member.ledger_ref).available


def protection(trade: Trade) -> int:
    totals = find_totals(community_id=trade.community_id)
    assert totals is not None
    return totals.protection


def fund(staff: User, trade: Trade, amount: int = 5_000, source: Literal["fees", "issuer"] = "issuer") -> StaffPayment:
    return services.fund_protection(
        actor=staff, payment_id=new_id(), community=trade.community, source=source, amount=amount, reason=REASON
    )


def test_a_compensation_comes_from_the_protection_account_and_is_told(staff: User, trade: Trade) -> None:
    fund(staff, trade)
    before = available(trade.buyer)
    asked: dict[str, Any] = {"actor": staff, "trade": trade, "member": trade.buyer, "amount": 1_250, "reason": REASON}
    key = new_id()
    payment = services.pay_compensation(payment_id=key, **asked)
    assert services.pay_compensation(payment_id=key, **asked) == payment
    assert (available(trade.buyer), protection(trade)) == (before + 1_250, 3_750)
    assert Job.objects.filter(payload__event="credits.given", payload__payment_id=str(payment.id)).count() == 1
    notification_services.tell(Happened(name="credits.given", payment_id=payment.id))
    notice = Notice.objects.get(member=trade.buyer, kind="compensated")
    assert (
        wording.say(notice) == f"You were paid 12.50 credits as compensation for the trade of “A red bicycle”: {REASON}"
    )
    with pytest.raises(KeyReused):
        services.pay_compensation(payment_id=key, **{**asked, "amount": 1_251})
    assert available(trade.buyer) == before + 1_250


def test_more_than_the_account_holds_is_refused_and_leaves_nothing(staff: User, trade: Trade) -> None:
    asked: dict[str, Any] = {"trade": trade, "member": trade.buyer, "amount": 1, "reason": REASON}
    with pytest.raises(SourceShort, match="Fund it first"), transaction.atomic():
        services.pay_compensation(actor=staff, payment_id=new_id(), **asked)
    with pytest.raises(SourceShort, match="Fewer fees"), transaction.atomic():
        fund(staff, trade, 1, source="fees")
    assert not StaffPayment.objects.filter(community=trade.community).exists()


def test_fees_can_fund_it(staff: User) -> None:
    community = town.found_community()
    update_community(community_id=community.id, fee_fixed_buyer=150)
    done = town.complete(town.new_trade(town.new_member(community), town.new_member(community)))
    fund(staff, done, 100, source="fees")
    totals = find_totals(community_id=community.id)
    assert totals is not None
    assert (totals.fees, totals.protection, totals.issued) == (50, 100, 20_000)


def test_a_grant_is_new_credits_and_is_told(staff: User, trade: Trade) -> None:
    before = available(trade.seller)
    payment = services.grant_credits(
        actor=staff, payment_id=new_id(), member=trade.seller, amount=700, reason="  Thank you for\nthe summer feast. "
    )
    assert available(trade.seller) == before + 700
    notification_services.tell(Happened(name="credits.given", payment_id=payment.id))
    words = wording.say(Notice.objects.get(member=trade.seller, kind="credits_given"))
    assert words == "Your coordinators gave you 7 credits: Thank you for the summer feast."


def test_what_may_not_be_paid(staff: User, trade: Trade) -> None:
    asked: dict[str, Any] = {"payment_id": new_id(), "member": trade.seller, "amount": 100, "reason": REASON}
    for wrong in ({"amount": 0}, {"amount": 10_000_001}, {"reason": "too short"}, {"reason": "x" * 501}):
        with pytest.raises(PaymentNotValid):
            services.grant_credits(actor=staff, **{**asked, **wrong})
    stranger = town.new_member(trade.community)
    with pytest.raises(PaymentNotValid, match="buyer or the seller"):
        services.pay_compensation(actor=staff, trade=trade, **{**asked, "member": stranger})
    with pytest.raises(MayNotPay):
        services.grant_credits(actor=trade.buyer.user, **asked)
    themselves = trade.seller.user
    themselves.is_staff = themselves.is_superuser = True
    with pytest.raises(MayNotPay, match="themselves"):
        services.grant_credits(actor=themselves, **asked)


def test_the_rows_cannot_be_changed_by_the_application(staff: User, trade: Trade) -> None:
    payment = fund(staff, trade)
    for change in (payment.delete, lambda: StaffPayment.objects.update(reason="nothing")):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            change()


def test_form_then_question_then_payment_and_the_same_form_twice_pays_once(
    page: Client, staff: User, trade: Trade
) -> None:
    fund(staff, trade)
    address = reverse("admin:trading_staffpayment_compensate", args=[trade.pk])
    assert page.get(reverse("admin:trading_trade_change", args=[trade.pk])).status_code == 200
    form = page.get(address).content.decode()
    assert "50 credits" in form
    key = re.search(r'name="key" value="([^"]+)"', form)
    assert key is not None
    said = {"key": key[1], "member": "buyer", "amount": "12.5", "reason": REASON}
    asking = page.post(address, {**said, "step": "check"}).content.decode()
    assert "Is everything right?" in asking
    assert "12.50" in asking
    assert protection(trade) == 5_000
    for _ in range(2):
        answer = page.post(address, {**said, "step": "pay"}, follow=True)
        assert answer.status_code == 200
        assert REASON in answer.content.decode()
    assert protection(trade) == 3_750
    again = page.post(address, {**said, "step": "edit"}).content.decode()
    assert REASON in again
    assert "Go on" in again


def test_what_is_refused_is_said_at_the_form(page: Client, trade: Trade) -> None:
    address = reverse("admin:trading_staffpayment_compensate", args=[trade.pk])
    said = {"key": str(new_id()), "member": "seller", "amount": "3", "reason": REASON}
    answer = page.post(address, {**said, "step": "pay"})
    assert (answer.status_code, b"Fund it first" in answer.content) == (422, True)
    for wrong in ({"amount": "0"}, {"amount": "-1"}, {"amount": "1.005"}, {"reason": "short"}, {"member": "nobody"}):
        assert page.post(address, {**said, **wrong, "step": "check"}).status_code == 422
    assert not StaffPayment.objects.filter(community=trade.community).exists()


def test_an_empty_account_is_said_before_the_form_is_filled_in(page: Client, staff: User, trade: Trade) -> None:
    address = reverse("admin:trading_staffpayment_compensate", args=[trade.pk])
    way_out = reverse("admin:trading_staffpayment_fund", args=[trade.community_id])
    body = page.get(address).content.decode()
    assert f'<a href="{way_out}">Fund the protection account first</a>' in body
    # What a field is described by is there.
    for name in re.findall(r'aria-describedby="([^"]+)"', body):
        assert f'id="{name}"' in body
    fund(staff, trade)
    assert way_out not in page.get(address).content.decode()


@pytest.mark.parametrize("way", ["compensate", "grant", "fund"])
def test_each_way_is_reached_from_its_page_and_closed_to_others(page: Client, trade: Trade, way: str) -> None:
    subject, start, name = {
        "compensate": (trade.pk, "admin:trading_trade_change", "Compensate a side"),
        "grant": (trade.seller.pk, "admin:members_member_change", "Give credits"),
        "fund": (trade.community.pk, "admin:communities_community_change", "Fund the protection account"),
    }[way]
    assert name in page.get(reverse(start, args=[subject])).content.decode()
    address = reverse(f"admin:trading_staffpayment_{way}", args=[subject])
    assert page.get(address).status_code == 200
    assert page.get(reverse(f"admin:trading_staffpayment_{way}", args=[new_id()])).status_code == 404
    helper = User.objects.create_user(email=f"{new_id()}@staff.example", password=None, is_staff=True)
    client = town.browser_of(helper)
    assert client.get(address).status_code == 403


def test_the_page_of_a_trade_is_in_credits_and_says_each_time_once(page: Client) -> None:
    community = town.found_community()
    update_community(community_id=community.id, fee_fixed_buyer=78, fee_fixed_seller=125)
    done = town.complete(town.new_trade(town.new_member(community), town.new_member(community), price=11))
    event = done.events.order_by("id").first()
    assert event is not None
    for row in (done, done.offer):
        address = reverse(f"admin:trading_{row._meta.model_name}_change", args=[row.pk])
        body = page.get(address).content.decode()
        for words in ("Price (credits)", "11", "Fee of the buyer (credits)", "0.78", "1.25"):
            assert re.search(rf">\s*{re.escape(words)}\s*<", body), words
        assert "undredths" not in body
        assert not re.search(r">\s*1100\s*<", body)
        # A heading over each row, in UTC.
        assert str(event) not in body
    assert (
        str(done.time_proposals.get())
        not in page.get(reverse("admin:trading_trade_change", args=[done.pk])).content.decode()
    )


def test_nobody_is_asked_to_confirm_what_would_be_refused(page: Client, staff: User) -> None:
    community = town.found_community()
    update_community(community_id=community.id, fee_fixed_buyer=178)
    town.complete(town.new_trade(town.new_member(community), town.new_member(community)))
    address = reverse("admin:trading_staffpayment_fund", args=[community.pk])
    said = {"key": str(new_id()), "source": "fees", "amount": "5", "reason": REASON, "step": "check"}
    answer = page.post(address, said)
    assert answer.status_code == 422
    assert "Fewer fees than that have been collected." in answer.content.decode()
    assert "Is everything right?" not in answer.content.decode()
    # The same key is good for less, and the question alone moved nothing.
    assert "Is everything right?" in page.post(address, {**said, "amount": "1"}).content.decode()
    assert not StaffPayment.objects.filter(community=community).exists()
    paid = page.post(address, {**said, "amount": "1", "step": "pay"}, follow=True).content.decode()
    assert "Done: 1 credit for the protection account." in paid


def test_staff_see_at_once_that_they_cannot_pay_themselves(trade: Trade, staff: User) -> None:
    seller = trade.seller.user
    seller.is_staff = seller.is_superuser = True
    seller.save()
    client = town.browser_of(seller)
    grant = reverse("admin:trading_staffpayment_grant", args=[trade.seller.pk])
    body = client.get(grant).content.decode()
    assert "Nobody pays themselves" in body
    assert 'name="reason"' not in body
    said = {"key": str(new_id()), "amount": "1", "reason": REASON, "step": "check"}
    assert "Is everything right?" not in client.post(grant, said).content.decode()
    fund(staff, trade)
    body = client.get(reverse("admin:trading_staffpayment_compensate", args=[trade.pk])).content.decode()
    assert ("the buyer" in body, "the seller</option>" in body) == (True, False)


def test_the_form_says_how_long_a_reason_is_and_is_not_there_with_nothing_to_give(page: Client, trade: Trade) -> None:
    body = page.get(reverse("admin:trading_staffpayment_grant", args=[trade.buyer.pk])).content.decode()
    assert "10 to 500 characters." in body
    empty = page.get(reverse("admin:trading_staffpayment_compensate", args=[trade.pk])).content.decode()
    assert ('name="reason"' in empty, "Fund the protection account first" in empty) == (False, True)


def test_the_member_reads_the_reason_on_the_statement_and_nobody_else_does(staff: User, trade: Trade) -> None:
    community, member = trade.community, trade.buyer
    services.grant_credits(actor=staff, payment_id=new_id(), member=member, amount=100, reason="A morning of repairs.")
    services.fund_protection(
        actor=staff, payment_id=new_id(), community=community, source="issuer", amount=500, reason="Before the summer."
    )
    services.pay_compensation(actor=staff, payment_id=new_id(), trade=trade, member=member, amount=200, reason=REASON)
    reader = town.browser_of(member)
    for address in ("/credits/", "/credits/print/"):
        page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", reader.get(address).content.decode()))
        assert "Given to you by your coordinators" in page
        assert "“A morning of repairs.”" in page
        assert f"“{REASON}”" in page
        assert f"after a trade with {trade.seller.display_name}" in page
    answer: Any = reader.get("/credits/statement.csv")
    table = b"".join(answer.streaming_content).decode()
    assert f",protection,{REASON}\r\n" in table
    assert ",hold,\r\n" in table
    assert REASON not in town.browser_of(trade.seller).get("/credits/").content.decode()
    found = partners.describe(
        owner=trade.seller.ledger_ref, references=(), postings=[StaffPayment.objects.latest("id").id]
    )
    assert found == {}
