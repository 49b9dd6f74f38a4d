"""What the worker does for the ledger: seals, checks, makes room. Outside tasks: each step commits by itself."""

from localex.credits import inspection, seals, services
from localex.credits.models import CheckRun
from localex.jobs.tasks import outside_task

FULL_LIMIT_S = 3_600


@outside_task(max_attempts=3, time_limit_s=900)
def seal_and_check() -> None:
    """Seal what was booked, check it, publish the seals. Twice does no harm: the second finds little to do."""
    seals.seal_everything()
    inspection.inspect(scope=CheckRun.INCREMENTAL)


@outside_task(max_attempts=3, time_limit_s=FULL_LIMIT_S, priority=-50)
def check_everything() -> None:
    """Check the ledger from the first entry on, and forget old runs."""
    inspection.inspect(scope=CheckRun.FULL)
    inspection.forget_old_runs()


@outside_task(max_attempts=20, time_limit_s=900)
def make_partitions() -> None:
    """Make the partitions of the next months ahead, once the ledger is big. Twice does no harm.

    It tries again after a while when the tables are in use just then; days are left.
    """
    services.cut_partitions()
