"""Whom a member has traded with and about what, for the statement of credits (credits.references.Book).

`owner` is the member's pseudonym in the ledger. Everything is about the member's own trades only.
"""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from django.db.models import Q

from localex.credits.references import About
from localex.trading.models import Trade

LATEST_TRADES = 1_000
MOST_TRADES = 2_000
SIDES = (("buyer", "seller"), ("seller", "buyer"))


def _is_side(owner: UUID) -> Q:
    return Q(buyer__ledger_ref=owner) | Q(seller__ledger_ref=owner)


def describe(*, owner: UUID, references: Collection[UUID]) -> Mapping[UUID, About]:
    """Listing's title and other side of those of the references that are trades of `owner`. By the primary key."""
    rows = Trade.objects.filter(_is_side(owner), id__in=references).values_list(
        "id", "listing__title", "buyer__ledger_ref", "buyer__display_name", "seller__display_name"
    )
    return {
        trade_id: About(title, seller if buyer_ref == owner else buyer)
        for trade_id, title, buyer_ref, buyer, seller in rows
    }


def list_partners(*, community_id: UUID, owner: UUID) -> Sequence[str]:
    """The other sides of the member's latest 1,000 trades by name. Uses trade_buyer and trade_seller."""
    bought, sold = (
        Trade.objects.filter(**_as(mine, community_id, owner))
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
