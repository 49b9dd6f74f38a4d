"""The worker's second thread: prolongs the lease of the running job, gives back expired ones, and ticks the schedules.

It goes on while a long job runs, so that one slow picture does not hold up every deadline.
"""

import os
import signal
import threading
import time
from collections.abc import Callable

import structlog
from django.db import connection

from localex.jobs import claims, schedules
from localex.jobs.claims import Claim

log = structlog.get_logger(__name__)

SWEEP_EVERY_S = 5.0
TICK_EVERY_S = 1.0


class Keeper(threading.Thread):
    """Watches the claim that the main thread holds. Stop it with `stop()`, which waits for the current look to end."""

    def __init__(self, *, lease_s: float) -> None:
        super().__init__(name="keeper", daemon=True)
        self._lease_s = lease_s
        self._beat_every_s = lease_s / 3
        self._step_s = min(0.5, self._beat_every_s / 4)
        self._watched: tuple[Claim, float] | None = None
        self._stopping = threading.Event()

    def watch(self, claim: Claim | None) -> None:
        """Prolong this claim's lease from now on; None: there is none."""
        self._watched = (claim, time.monotonic()) if claim else None

    def stop(self) -> None:
        """End the thread and its database connection."""
        self._stopping.set()
        if self.is_alive():
            # Not for ever: a database that does not answer must not hold up the end of the process.
            self.join(timeout=3)

    def run(self) -> None:
        last_sweep = last_tick = 0.0
        while not self._stopping.wait(self._step_s):
            self._guarded(self._beat)
            if time.monotonic() - last_sweep >= SWEEP_EVERY_S:
                last_sweep = time.monotonic()
                self._guarded(claims.sweep)
            if time.monotonic() - last_tick >= TICK_EVERY_S:
                last_tick = time.monotonic()
                self._guarded(schedules.tick)
        connection.close()

    def _guarded(self, look: Callable[[], object]) -> None:
        try:
            look()
        except Exception as error:
            # This thread must outlive everything. The main thread says loudly that the database is away.
            log.info("keeper_looks_again", reason=str(error).strip()[:200])
            connection.close()
            self._stopping.wait(0.5)

    def _beat(self) -> None:
        watched = self._watched
        if watched is None:
            return
        claim, since = watched
        if claim.is_lost or time.monotonic() - since < self._beat_every_s:
            return
        if claims.beat(claim, lease_s=self._lease_s):
            # Only if the main thread still runs this very claim.
            if self._watched is watched:
                self._watched = (claim, time.monotonic())
            return
        if self._watched is watched:
            claim.is_lost = True
            # Wakes the main thread wherever the task is; `worker.Worker` raises LeaseLost there.
            os.kill(os.getpid(), signal.SIGALRM)
