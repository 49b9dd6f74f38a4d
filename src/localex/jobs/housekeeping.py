"""The outbox's own tasks."""

from localex.jobs import services
from localex.jobs.tasks import outside_task


# Outside a transaction, so that each small batch commits on its own.
@outside_task(priority=-50)
def prune_old() -> None:
    """Forget jobs that were done long ago."""
    services.prune()
