"""Background work of the members context."""

from localex.jobs.tasks import outside_task
from localex.members import limits


# Outside a transaction, so that each small batch commits on its own.
@outside_task(priority=-50)
def forget_old_attempts() -> None:
    """Delete the counts of attempts whose window has passed."""
    while limits.forget_old_attempts() == limits.FORGET_BATCH:
        pass
