"""What the worker does for trading: the sweeps that end what nobody ended in time, and what follows from a trade."""

from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog
from django.db import DatabaseError, transaction

from localex.credits import services as credit_services
from localex.credits.errors import PostingsStopped
from localex.jobs.services import enqueue
from localex.jobs.tasks import database_task, outside_task
from localex.lib import clock
from localex.lib.errors import LocalExError
from localex.listings.models import Listing
from localex.listings.states import State as ListingState
from localex.trading import queries, services
from localex.trading.models import Offer, Trade
from localex.trading.states import OfferState

MOST = 2_000  # ended in one run; what is left waits half a minute
BATCH = 100
# The sweep above gives credits back within half a minute; what the ledger holds longer than this, it has missed. Well
# within the hour that the checker of the ledger allows, because that one stops all postings of the community.
OVERDUE_AFTER = timedelta(minutes=15)
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


@outside_task
def expire_holds() -> None:
    """The safety net below the sweep: no credits stay held for ever, whatever went wrong with a trade.

    The ledger gives back, by its own clock, what expired a quarter of an hour ago. Then every trade whose credits went
    back that way is ended, with its event and notices: also those that a run before left behind, because it was killed
    in between.
    """
    for _ in range(MOST // BATCH):
        with transaction.atomic():
            trade_ids = credit_services.expire_overdue(older_than=OVERDUE_AFTER, limit=BATCH)
        if trade_ids:
            log.warning("trading.holds_expired", trades=[str(trade_id) for trade_id in trade_ids])
        if len(trade_ids) < BATCH:
            break
    for trade_id in queries.list_given_back(limit=MOST):
        _end(partial(services.end_trade_given_back, trade_id=trade_id))


@outside_task
def name_payees() -> None:
    """Backfill: say in the ledger to whom the holds go that the release before made, in batches of a transaction each.

    A job and not a step of the migration, because that release may go on making such holds beside this one for a while.
    Remove it together with the ledger's function when hold.payee becomes NOT NULL, a release later.
    """
    after: UUID | None = None
    while batch := queries.list_payees_to_name(after=after, limit=BATCH):
        with transaction.atomic():
            for trade_id, payee in batch:
                credit_services.name_payee(trade_id=trade_id, payee=payee)
        after = batch[-1][0]


@database_task
def raise_credit_lines(trade_id: UUID) -> None:
    """After a completed trade: a job for each side, because two balances in one transaction are two chances to wait."""
    trade = queries.find_trade(trade_id=trade_id)
    if trade is None or not trade.community.credit_line_per_trade:
        return
    for member_id in (trade.buyer_id, trade.seller_id):
        enqueue(raise_credit_line, payload={"member_id": member_id}, dedupe_key=f"credit_line:{member_id}")


@database_task
def raise_credit_line(member_id: UUID) -> None:
    """Bring one member's credit line up to what they have earned."""
    services.raise_credit_line(member_id=member_id)


def _end(act: partial[bool]) -> None:
    try:
        with transaction.atomic():
            act()
    except PostingsStopped:
        pass  # the operator page says so, and whoever lets postings go on lets this end at the next run
    except (LocalExError, DatabaseError):
        log.exception("trading.end_overdue_failed", **{key: str(value) for key, value in act.keywords.items()})


@database_task
def decline_offers_on_gone(listing_id: UUID) -> None:
    """Tell who waits for an answer that the listing went another way; a paused one may come back."""
    if Listing.objects.filter(id=listing_id, state__in=GONE).exists():
        services.decline_open_offers(listing_id=listing_id)
