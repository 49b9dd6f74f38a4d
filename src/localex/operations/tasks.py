"""What the worker does for the operator page."""

from uuid import UUID

from localex.jobs.tasks import outside_task
from localex.operations import wish

LIMIT_S = 3_600


@outside_task(max_attempts=1, time_limit_s=LIMIT_S, priority=50)
def resume_community(community_id: UUID) -> None:
    """Fulfil the wish that this community posts again. Twice does no harm: the second finds none that waits."""
    wish.fulfil(community_id)
