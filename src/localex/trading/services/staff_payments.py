"""What staff may do with credits: compensate for a trade, give to a member, and fill the account that compensates.

The row with the reason and the posting have one id, made by the form: the same form sent twice pays once, and neither
is there without the other.
"""

import uuid
from typing import Any, Literal

from django.db import IntegrityError, transaction

from localex.communities.models import Community
from localex.credits import services as credit_services
from localex.credits.errors import InsufficientCredits, KeyReused, error_for
from localex.jobs import events
from localex.lib import clock, money
from localex.lib.errors import Conflict, Forbidden, Unprocessable
from localex.members.models import Member, User
from localex.trading.models import StaffPayment, Trade

MIN_REASON, MAX_REASON = 10, 500
TO_ONESELF = "Nobody pays themselves. Ask another coordinator."
MOST = money.from_whole(100_000)
_COMPARED = ("kind", "community_id", "staff_id", "member_id", "trade_id", "source", "amount", "reason")


class MayNotPay(Forbidden):
    """No right to pay, or a payment to oneself."""

    code = "may_not_pay"


class PaymentNotValid(Unprocessable):
    """Amount, reason or member break a rule."""

    code = "payment_not_valid"


class SourceShort(Conflict):
    """The account of the community that the credits would come from has fewer."""

    code = "source_short"


def pay_compensation(
    *, actor: User, payment_id: uuid.UUID, trade: Trade, member: Member, amount: int, reason: str
) -> StaffPayment:
    """Pay `amount` hundredths from the protection account to one side of a trade, which reads the reason.

    Locks the member's main balance and the protection account. Raises MayNotPay, PaymentNotValid, SourceShort,
    AccountClosed, KeyReused, KeyExpired.
    """
    if member.id not in {trade.buyer_id, trade.seller_id}:
        raise PaymentNotValid("Only the buyer or the seller of this trade can be compensated for it.")
    payment, is_new = _record(
        actor, payment_id, StaffPayment.Kind.COMPENSATION, trade.community, amount, reason, member=member, trade=trade
    )
    if is_new:
        try:
            credit_services.pay_protection(
                key=payment.id,
                community_id=trade.community_id,
                owner=member.ledger_ref,
                amount=amount,
                reference=trade.id,
                actor=_ledger_ref(actor, trade.community),
            )
        except InsufficientCredits:
            raise SourceShort("The protection account holds less than that. Fund it first.") from None
        events.publish("credits.given", payment_id=payment.id)
    return payment


def grant_credits(*, actor: User, payment_id: uuid.UUID, member: Member, amount: int, reason: str) -> StaffPayment:
    """Give `amount` new credits (hundredths) from the issuer to a member, who reads the reason.

    Locks the member's gift balance and the issuer. Raises MayNotPay, PaymentNotValid, AccountClosed, LimitReached,
    KeyReused, KeyExpired.
    """
    payment, is_new = _record(
        actor, payment_id, StaffPayment.Kind.GRANT, member.community, amount, reason, member=member
    )
    if is_new:
        credit_services.grant(
            key=payment.id,
            community_id=member.community_id,
            owner=member.ledger_ref,
            amount=amount,
            reason=credit_services.GrantReason.COORDINATOR,
            actor=_ledger_ref(actor, member.community),
        )
        events.publish("credits.given", payment_id=payment.id)
    return payment


def fund_protection(
    *,
    actor: User,
    payment_id: uuid.UUID,
    community: Community,
    source: Literal["fees", "issuer"],
    amount: int,
    reason: str,
) -> StaffPayment:
    """Move `amount` hundredths from `source` (a StaffPayment.Source) to the protection account.

    Locks both accounts. Raises MayNotPay, PaymentNotValid, SourceShort, KeyReused, KeyExpired.
    """
    payment, is_new = _record(
        actor, payment_id, StaffPayment.Kind.FUNDING, community, amount, reason, source=StaffPayment.Source(source)
    )
    if is_new:
        try:
            credit_services.fund_protection(
                key=payment.id,
                community_id=community.id,
                amount=amount,
                source=source,
                actor=_ledger_ref(actor, community),
            )
        except InsufficientCredits:
            raise SourceShort("Fewer fees than that have been collected.") from None
    return payment


def _record(
    actor: User,
    payment_id: uuid.UUID,
    kind: StaffPayment.Kind,
    community: Community,
    amount: int,
    reason: str,
    **about: Any,
) -> tuple[StaffPayment, bool]:
    """Write the row, and whether it is new; a second try with the same key waits for the first and gets its row."""
    reason = " ".join(reason.split())  # it is part of a mail's subject, too
    _check(actor, amount, reason, about.get("member"))
    payment = StaffPayment(
        id=payment_id,
        kind=kind,
        community=community,
        staff=actor,
        amount=amount,
        reason=reason,
        created_at=clock.now(),
        **about,
    )
    try:
        with transaction.atomic():
            payment.save(force_insert=True)
    except IntegrityError:
        earlier = StaffPayment.objects.filter(id=payment_id).first()
        if earlier is None:
            raise
        if any(getattr(earlier, field) != getattr(payment, field) for field in _COMPARED):
            raise error_for(KeyReused) from None
        return earlier, False
    return payment, True


def _check(actor: User, amount: int, reason: str, member: Member | None) -> None:
    if not actor.has_perm("trading.add_staffpayment"):
        raise MayNotPay("You may not move credits of a community.")
    if member is not None and member.user_id == actor.id:
        raise MayNotPay(TO_ONESELF)
    if not 0 < amount <= MOST:
        words = f"Between 0.01 and {money.display(MOST)} credits."
        raise PaymentNotValid(words, fields={"amount": [words]})
    if not MIN_REASON <= len(reason) <= MAX_REASON:
        words = f"Write {MIN_REASON} to {MAX_REASON} characters."
        raise PaymentNotValid(words, fields={"reason": [words]})


def _ledger_ref(actor: User, community: Community) -> uuid.UUID | None:
    """Who did it, as the ledger knows people; None for staff who are no members. Their account is in the row."""
    refs = Member.objects.filter(user=actor, community=community).values_list("ledger_ref", flat=True)
    return refs.first()
