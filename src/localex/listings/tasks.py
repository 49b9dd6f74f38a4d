"""Work on listings that happens outside the request."""

from localex.jobs.tasks import database_task
from localex.listings.services.states import expire_listings


@database_task()
def end_expired() -> None:
    """End the 60 days of listings."""
    expire_listings()
