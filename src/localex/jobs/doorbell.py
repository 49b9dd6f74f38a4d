"""The doorbell: tells a sleeping worker that a job waits. Nothing depends on it: without it workers look by themselves.

One Redis list per queue, all with one hash tag, so that a Redis Cluster keeps them in one slot and a worker can wait
for several at once.
"""

import threading
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = structlog.get_logger(__name__)

RING_LIMIT_S = 0.05
MAX_WAITING_RINGS = 10_000
# After this many failures in a row nobody rings for a while: a Redis that swallows packets must not cost every commit
# its time limit.
FAILURES_BEFORE_SILENCE = 3
SILENCE_S = 2.0
LISTEN_LIMIT_S = 3.0  # longer than any wait
LONGEST_DEAF_S = 8.0

_lock = threading.Lock()
_failures = 0
_failures_in_a_row = 0
_silent_until = 0.0


def key_of(queue: str) -> str:
    """The Redis list of `queue`."""
    return f"{{localex:jobs}}:bell:{queue}"


def failure_count() -> int:
    """How many rings of this process did not reach Redis since it started."""
    return _failures


def forget_failures() -> None:
    """Ring again at once after Redis came back, instead of when the silence ends."""
    global _failures_in_a_row, _silent_until
    _failures_in_a_row, _silent_until = 0, 0.0


@cache
def connect(url: str, *, timeout_s: float) -> Redis:
    """A client that gives up after `timeout_s` seconds and never tries twice."""
    return Redis.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        driver_info=None,
    )


def ring_after_commit(queue: str, job_ids: Sequence[UUID]) -> None:
    """Ring once the present transaction is committed; at once outside one."""
    if job_ids and settings.LOCALEX.redis_url:
        transaction.on_commit(lambda: ring(queue, job_ids), robust=True)


def ring(queue: str, job_ids: Sequence[UUID]) -> bool:
    """Say that these jobs wait. Takes at most 50 ms and never raises; False when nobody heard it."""
    global _failures, _failures_in_a_row, _silent_until
    if time.monotonic() < _silent_until:
        return False
    try:
        client = connect(settings.LOCALEX.redis_url, timeout_s=RING_LIMIT_S / 2)
        with client.pipeline(transaction=False) as pipe:
            pipe.lpush(key_of(queue), *(str(job_id) for job_id in job_ids[-MAX_WAITING_RINGS:]))
            pipe.ltrim(key_of(queue), 0, MAX_WAITING_RINGS - 1)
            pipe.execute()
    except (RedisError, OSError, ValueError) as error:
        with _lock:
            _failures += 1
            _failures_in_a_row += 1
            is_new = _failures_in_a_row == FAILURES_BEFORE_SILENCE
            if _failures_in_a_row >= FAILURES_BEFORE_SILENCE:
                _silent_until = time.monotonic() + SILENCE_S
        if is_new:
            log.warning("doorbell_unheard", reason=type(error).__name__, failures=_failures)
        return False
    _failures_in_a_row = 0
    return True


class Listener:
    """The worker's side: hears who rings, and never waits longer than it is told."""

    def __init__(self, url: str, queues: Sequence[str]) -> None:
        self._url = url
        self._keys = [key_of(queue) for queue in queues]
        self._deaf_until = 0.0
        self._failures_in_a_row = 0

    @property
    def is_deaf(self) -> bool:
        """Whether Redis is absent or was out of reach a moment ago: then the worker polls instead."""
        return not self._url or time.monotonic() < self._deaf_until

    def wait(self, timeout_s: float) -> UUID | None:
        """The id of a job that somebody rang for, or None after `timeout_s` seconds or when Redis is gone.

        From the far end of the list, so that the oldest ring is answered first: a burst must not bury who came before.
        """
        return self._hear(lambda client: client.brpop(self._keys, timeout=timeout_s))

    def take(self) -> UUID | None:
        """Like `wait`, without waiting."""
        return self._hear(lambda client: next(((key, ring) for key in self._keys if (ring := client.rpop(key))), None))

    def _hear(self, ask: Callable[[Redis], Any]) -> UUID | None:
        try:
            answer = ask(connect(self._url, timeout_s=LISTEN_LIMIT_S))
        except (RedisError, OSError, ValueError) as error:
            self._failures_in_a_row += 1
            self._deaf_until = time.monotonic() + min(LONGEST_DEAF_S, 2.0 ** (self._failures_in_a_row - 1))
            log.warning("doorbell_gone", reason=type(error).__name__)
            return None
        self._failures_in_a_row = 0
        try:
            return UUID(answer[1].decode()) if answer else None
        except ValueError:
            return None  # not one of our words
