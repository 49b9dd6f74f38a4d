"""The worker: `python -m localex.jobs.worker`, or `run_until_idle` inside a test or the demo's filling.

As a process it waits for the doorbell, takes one job at a time and runs it. Redis may go away (then it looks every
half second) and so may PostgreSQL (then it tries again, less and less often). SIGTERM lets the present job finish and
exits 0.
"""

import argparse
import os
import sys
from collections.abc import Sequence

import django
from django.conf import settings
from django_tasks import task_backends

from localex.jobs import claims, execution

DEFAULT_LEASE_S = claims.LEASE_S


def configured_queues() -> list[str]:
    """The queues of the task backend, in the order in which a worker looks at them."""
    return sorted(task_backends["default"].queues)


def run_until_idle(*, limit: int = 10_000, with_schedules: bool = False, is_strict: bool = True) -> int:
    """Run what is due by `lib.clock`, including what that enqueues, in this process; returns how many jobs ran.

    The same claim and the same fence as in a worker. `with_schedules` also runs what repeats and is due. A task that
    fails goes back to the queue as always; `is_strict` then raises its error. RuntimeError when `limit` jobs did not
    come to an end.
    """
    if with_schedules:
        from localex.jobs import schedules

        schedules.ensure_rows()
        schedules.tick()
    queues = configured_queues()
    for ran in range(limit):
        claim = claims.claim_next(queues)
        if claim is None:
            return ran
        outcome = execution.run(claim)
        if is_strict and outcome.error is not None:
            raise outcome.error
    raise RuntimeError(f"There is still work after {limit} jobs: a task seems to enqueue itself for ever.")


def main(arguments: Sequence[str] | None = None) -> int:
    """The process; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m localex.jobs.worker", description="Run LocalEx's jobs.")
    parser.add_argument("--queue", action="append", help="serve only this queue; may be repeated (default: all)")
    parser.add_argument(
        "--lease-s", type=float, default=DEFAULT_LEASE_S, help="seconds until a silent worker loses its job"
    )
    chosen = parser.parse_args(arguments)
    if chosen.lease_s < 1:
        parser.error("--lease-s must be at least 1")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "localex.config.settings")
    django.setup()
    from localex.jobs.process import Worker

    queues = chosen.queue or configured_queues()
    Worker(queues=queues, lease_s=chosen.lease_s, redis_url=settings.LOCALEX.redis_url).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
