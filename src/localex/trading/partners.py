"""Whom a member has traded with and about what, for the statement of credits (credits.references.Book).

`owner` is the member's pseudonym in the ledger. Everything is about the member's own trades only.
"""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from django.db.models import CharField, Q, UUIDField, Value

from localex.credits.references import About
from localex.trading.models import StaffPayment, Trade

LATEST_TRADES = 1_000
MOST_TRADES = 2_000
SIDES = (("buyer", "seller"), ("seller", "buyer"))


def _is_side(owner: UUID) -> Q:
    return Q(buyer__ledger_ref=owner) | Q(seller__ledger_ref=owner)


def describe(*, owner: UUID, references: Collection[UUID], postings: Collection[UUID]) -> Mapping[UUID, About]:
    """Listing's title and other side of those of the references that are trades of `owner`, and the reasons of those of
    the postings that staff made for `owner`: a payment has the id of its posting. By the primary keys, in one query.
    """
    trades = Trade.objects.filter(_is_side(owner), id__in=references).values_list(
        "id", "listing__title", "buyer__ledger_ref", "buyer__display_name", "seller__display_name"
    )
    nobody = Value("", output_field=CharField())
    payments = (
        StaffPayment.objects.filter(id__in=postings, member__ledger_ref=owner)
        .annotate(of=Value(None, output_field=UUIDField()), one=nobody, other=nobody)
        .values_list("id", "reason", "of", "one", "other")
    )
    return {
        one: About(words, seller if buyer_ref == owner else buyer) if buyer_ref else About("", "", reason=words)
        for one, words, buyer_ref, buyer, seller in trades.union(payments, all=True)
    }


def list_partners(*, community_id: UUID, owner: UUID) -> Sequence[str]:
    """The other sides of the member's latest 1,000 trades by name. Uses trade_buyer and trade_seller.

    Not those with whom only gifts changed hands: no line of a statement is about a gift.
    """
    bought, sold = (
        Trade.objects.filter(**_as(mine, community_id, owner), price__gt=0)
        .order_by("-created_at")
        .values_list(f"{theirs}__display_name", flat=True)[: LATEST_TRADES // 2]
        for mine, theirs in SIDES
    )
    return sorted(bought.union(sold), key=str.casefold)


def list_trades_with(*, community_id: UUID, owner: UUID, partner: str) -> Collection[UUID]:
    """The latest 2,000 trades between the two; empty when there was none, whether or not `partner` exists."""
    found: list[UUID] = []
    for mine, theirs in SIDES:
        rows = Trade.objects.filter(**_as(mine, community_id, owner), **{f"{theirs}__display_name": partner})
        found += rows.order_by("-created_at").values_list("id", flat=True)[: MOST_TRADES // 2]
    return found


def _as(side: str, community_id: UUID, owner: UUID) -> dict[str, UUID]:
    """The member on that side of the trade, by member_ledger_ref_unique."""
    return {f"{side}__community_id": community_id, f"{side}__ledger_ref": owner}
