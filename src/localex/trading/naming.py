"""The titles of trades beside the ledger's numbers, for staff (credits.naming.Namer)."""

from collections.abc import Collection, Mapping
from uuid import UUID

from django.urls import reverse

from localex.credits.naming import Named
from localex.trading.models import Trade


def name_numbers(numbers: Collection[UUID]) -> Mapping[UUID, Named]:
    """Trades by their number. One query, by the primary key."""
    rows = Trade.objects.filter(pk__in=numbers).values_list("pk", "listing__title")
    return {pk: Named(title, reverse("admin:trading_trade_change", args=[pk])) for pk, title in rows}


def find_numbers(words: str) -> Collection[UUID]:
    """None: a trade is looked for among the trades."""
    return ()
