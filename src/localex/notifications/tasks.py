"""The tasks of the notifications context."""

from uuid import UUID

from localex.jobs.tasks import database_task, outside_task
from localex.notifications import delivery, services
from localex.notifications.audience import Happened


@database_task
def tell_members(
    event: str,
    offer_id: UUID | None = None,
    trade_id: UUID | None = None,
    listing_id: UUID | None = None,
    member_id: UUID | None = None,
    actor_id: UUID | None = None,
    payment_id: UUID | None = None,
) -> None:
    """Make the notices that follow from an event, and the jobs that mail them."""
    services.tell(
        Happened(
            name=event,
            offer_id=offer_id,
            trade_id=trade_id,
            listing_id=listing_id,
            member_id=member_id,
            actor_id=actor_id,
            payment_id=payment_id,
        )
    )


# Twenty attempts are about half a day: a mail server that is down for a night loses nothing.
@outside_task(priority=10, max_attempts=20, time_limit_s=60)
def send_mail(mail_id: UUID) -> None:
    """Send one mail, at most once."""
    delivery.deliver(mail_id=mail_id)


# Outside a transaction, so that each small batch commits on its own.
@outside_task(priority=-50)
def prune_old() -> None:
    """Forget notices and mails after 90 days."""
    services.prune()
