"""The trading app."""

from datetime import timedelta

from django.apps import AppConfig

SWEEP_EVERY = timedelta(seconds=30)
EXPIRE_EVERY = timedelta(minutes=10)
NAME_EVERY = timedelta(hours=1)


class TradingConfig(AppConfig):
    """Registers the sweep that ends what nobody ended in time, and the names of trades for statements."""

    name = "localex.trading"
    label = "trading"

    def ready(self) -> None:
        from localex.credits import naming as ledger_naming
        from localex.credits import references
        from localex.jobs import events, schedules
        from localex.members import sections
        from localex.trading import naming, partners
        from localex.trading.profile import load_reviews
        from localex.trading.tasks import (
            decline_offers_on_gone,
            end_overdue,
            expire_holds,
            name_payees,
            raise_credit_lines,
        )

        references.register(partners)
        ledger_naming.register(naming)
        sections.register("reviews", template="trading/of_member.html", load=load_reviews, order=20)
        schedules.register("trading.end_overdue", end_overdue, every=SWEEP_EVERY)
        schedules.register("trading.expire_holds", expire_holds, every=EXPIRE_EVERY)
        schedules.register("trading.name_payees", name_payees, every=NAME_EVERY)
        events.subscribe("trade.completed", raise_credit_lines)
        for name in ("listing.withdrawn", "listing.expired"):
            events.subscribe(name, decline_offers_on_gone)
