"""What the worker does for trading: the sweep that ends what nobody ended in time, and offers on what is gone."""

from functools import partial
from uuid import UUID

import structlog
from django.db import DatabaseError, transaction

from localex.jobs.tasks import database_task, outside_task
from localex.lib import clock
from localex.lib.errors import LocalExError
from localex.listings.models import Listing
from localex.listings.states import State as ListingState
from localex.trading import services
from localex.trading.models import Offer, Trade
from localex.trading.states import OfferState

MOST = 2_000  # ended in one run; what is left waits half a minute
GONE = (ListingState.TRADED, ListingState.EXPIRED, ListingState.REMOVED)
log = structlog.get_logger()


@outside_task
def end_overdue() -> None:
    """End every offer and trade whose deadline has passed. Uses offer_deadline and trade_deadline.

    Level-triggered: it reads what is overdue, so a missed run loses nothing. Each is ended in a transaction of its own,
    so that no request waits for more than one of them, and one that cannot be ended keeps nobody waiting.
    """
    now = clock.now()
    offers = Offer.objects.filter(state=OfferState.OFFERED, deadline_at__lte=now).order_by("deadline_at")
    trades = Trade.objects.filter(deadline_at__lte=now).order_by("deadline_at")
    for row in offers.values_list("id", flat=True)[:MOST]:
        _end(partial(services.end_overdue_offer, offer_id=row))
    for row in trades.values_list("id", flat=True)[:MOST]:
        _end(partial(services.end_overdue_trade, trade_id=row))


def _end(act: partial[bool]) -> None:
    try:
        with transaction.atomic():
            act()
    except (LocalExError, DatabaseError):
        log.exception("trading.end_overdue_failed", **{key: str(value) for key, value in act.keywords.items()})


@database_task
def decline_offers_on_gone(listing_id: UUID) -> None:
    """Tell who waits for an answer that the listing went another way; a paused one may come back."""
    if Listing.objects.filter(id=listing_id, state__in=GONE).exists():
        services.decline_open_offers(listing_id=listing_id)
