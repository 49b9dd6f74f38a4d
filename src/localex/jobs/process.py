"""The loop of a worker process: wait for the doorbell, take one job, run it, again."""

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from localex.jobs import claims, execution, schedules
from localex.jobs.claims import Claim
from localex.jobs.doorbell import Listener
from localex.jobs.errors import LeaseLost, TimeLimitPassed
from localex.jobs.keeper import Keeper
from localex.jobs.tasks import JobTask

log = structlog.get_logger(__name__)

WAIT_S = 2.0
POLL_S = 0.5
FIRST_RECONNECT_S = 0.2
LONGEST_RECONNECT_S = 5.0
FAILURES_BEFORE_NEW_POOL = 3
# Every so many turns the bell is left alone and the queue's own order decides: what was retried, what is urgent and
# what the bell forgot must not wait behind a bell that never stops ringing.
FAIR_TURN = 8


class _Stop(BaseException):
    """A signal to stop arrived while nothing was running."""


class Worker:
    """One worker process. Make it and `run` it in the main thread: it installs signal handlers."""

    def __init__(self, *, queues: Sequence[str], lease_s: float, redis_url: str) -> None:
        self._queues = list(queues)
        self._lease_s = lease_s
        self._listener = Listener(redis_url, self._queues)
        self._keeper = Keeper(lease_s=lease_s)
        self._is_stopping = False
        self._is_waiting = False
        self._is_busy = True
        self._turn = 0
        self._guarded: Claim | None = None
        self._ends_at = 0.0

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; the job that is running then is finished first."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGALRM, self._on_alarm)
        log.info("worker_started", queues=self._queues, lease_s=self._lease_s)
        try:
            self._outlast_the_database()
        except _Stop:
            pass
        finally:
            self._keeper.stop()
            connection.close()
        log.info("worker_stopped")

    def _outlast_the_database(self) -> None:
        failures = 0
        while not self._is_stopping:
            try:
                if not self._keeper.is_alive():
                    schedules.ensure_rows()
                    self._keeper.start()
                self._work_one()
                failures = 0
            except (DatabaseError, InterfaceError) as error:
                failures += 1
                connection.close()
                if failures % FAILURES_BEFORE_NEW_POOL == 0:
                    connection.close_pool()  # type: ignore[attr-defined] # what it holds is from before the restart
                pause_s = min(LONGEST_RECONNECT_S, FIRST_RECONNECT_S * 2 ** min(failures - 1, 10))
                log.warning("database_unreachable", reason=str(error).strip()[:200], next_try_s=pause_s)
                self._pause(pause_s)

    def _work_one(self) -> None:
        claim = self._take()
        self._is_busy = claim is not None
        if claim is None:
            return
        self._keeper.watch(claim)
        try:
            outcome = execution.run(claim, guard=self._guard)
        finally:
            self._keeper.watch(None)
        if outcome.state == "unknown":
            raise OperationalError("the end of a job could not be written")

    def _take(self) -> Claim | None:
        self._turn += 1
        if self._turn % FAIR_TURN:
            job_id = self._listen()
            claim = claims.claim_id(job_id, lease_s=self._lease_s) if job_id else None
            if claim is not None:
                return claim
        return None if self._is_stopping else claims.claim_next(self._queues, lease_s=self._lease_s)

    def _listen(self) -> Any:
        """The next ring: at once while there is work, else within the wait."""
        if self._listener.is_deaf:
            if not self._is_busy:
                self._pause(POLL_S)
            return None
        if self._is_busy:
            return self._listener.take()
        with self._waiting():
            return self._listener.wait(WAIT_S)

    def _pause(self, seconds: float) -> None:
        with self._waiting():
            time.sleep(seconds)

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        self._is_waiting = True
        try:
            yield
        finally:
            self._is_waiting = False

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        self._is_stopping = True
        if self._is_waiting:
            self._is_waiting = False
            raise _Stop

    @contextmanager
    def _guard(self, claim: Claim, task: JobTask[Any, Any]) -> Iterator[None]:
        self._guarded, self._ends_at = claim, time.monotonic() + task.time_limit_s
        signal.setitimer(signal.ITIMER_REAL, task.time_limit_s)
        try:
            yield
        finally:
            self._guarded = None
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _on_alarm(self, number: int, frame: FrameType | None) -> None:
        """Ends the task's code where it stands; an alarm that comes after its end is ignored."""
        claim = self._guarded
        if claim is None:
            return
        if claim.is_lost:
            self._guarded = None
            raise LeaseLost(f"Job {claim.id} is another worker's now.")
        if time.monotonic() >= self._ends_at:
            self._guarded = None
            raise TimeLimitPassed("The task ran longer than it may.")
