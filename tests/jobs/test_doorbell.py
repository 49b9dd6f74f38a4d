"""The doorbell rings after commit, never before, and never costs more than its limit."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from redis import Redis

from localex.jobs import doorbell, services
from localex.lib.ids import new_id
from tests.jobs.sample_tasks import QUEUE, mark


@pytest.fixture
def bell(servers: Any) -> Iterator[Redis]:
    client = Redis.from_url(servers.redis_url)
    client.delete(doorbell.key_of(QUEUE))
    doorbell.forget_failures()
    yield client
    client.delete(doorbell.key_of(QUEUE))
    client.close()
    doorbell.forget_failures()


@pytest.fixture
def redis_at(settings: Any) -> Any:
    """Pretend that Redis is somewhere else."""

    def move(url: str) -> None:
        settings.LOCALEX = settings.LOCALEX.model_copy(update={"redis_url": url})

    return move


@pytest.fixture
def black_hole() -> Iterator[str]:
    """A Redis that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def test_it_rings_after_the_commit(outbox: None, bell: Redis) -> None:
    with transaction.atomic():
        job_id = services.enqueue(mark, payload={"about": "x"})
        assert bell.llen(doorbell.key_of(QUEUE)) == 0
    assert bell.lrange(doorbell.key_of(QUEUE), 0, -1) == [str(job_id).encode()]


def test_what_waits_for_later_does_not_ring(outbox: None, bell: Redis) -> None:
    from datetime import timedelta

    from localex.lib import clock

    services.enqueue(mark, payload={"about": "x"}, run_at=clock.now() + timedelta(hours=1))
    assert bell.llen(doorbell.key_of(QUEUE)) == 0


def test_the_list_is_trimmed(bell: Redis) -> None:
    for _ in range(3):
        assert doorbell.ring(QUEUE, [new_id() for _ in range(4_000)])
    assert bell.llen(doorbell.key_of(QUEUE)) == 10_000


def test_the_listener_hears_the_oldest_ring_first(bell: Redis) -> None:
    ids = [new_id() for _ in range(3)]
    for job_id in ids:
        doorbell.ring(QUEUE, [job_id])
    listener = doorbell.Listener(settings.LOCALEX.redis_url, [QUEUE])
    assert [listener.take(), listener.wait(1), listener.take(), listener.take()] == [*ids, None]


def test_a_strange_word_in_the_list_is_ignored(bell: Redis) -> None:
    bell.lpush(doorbell.key_of(QUEUE), b"\xff not an id")
    assert doorbell.Listener(settings.LOCALEX.redis_url, [QUEUE]).take() is None


@pytest.mark.usefixtures("bell")
def test_a_redis_that_swallows_everything_costs_at_most_its_limit(
    black_hole: str, redis_at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis_at(black_hole)
    monkeypatch.setattr(doorbell, "SILENCE_S", 3600.0)
    before = doorbell.failure_count()
    for _ in range(doorbell.FAILURES_BEFORE_SILENCE):
        assert not doorbell.ring(QUEUE, [new_id()])  # comes back, although nobody ever answers
    assert doorbell.failure_count() - before == doorbell.FAILURES_BEFORE_SILENCE
    monkeypatch.setattr(doorbell, "connect", lambda *_, **__: pytest.fail("it should be silent for a while"))
    assert not doorbell.ring(QUEUE, [new_id()])
    assert doorbell.failure_count() - before == doorbell.FAILURES_BEFORE_SILENCE


@pytest.mark.usefixtures("bell")
def test_a_missing_redis_does_not_stop_a_commit(outbox: None, redis_at: Any) -> None:
    redis_at("redis://127.0.0.1:9/0")
    with transaction.atomic():
        job_id = services.enqueue(mark, payload={"about": "x"})
    assert mark.get_result(str(job_id)) is not None


def test_a_listener_without_redis_is_deaf_and_tries_again() -> None:
    listener = doorbell.Listener("redis://127.0.0.1:9/0", [QUEUE])
    assert not listener.is_deaf
    assert listener.wait(1) is None
    assert listener.is_deaf
    assert doorbell.Listener("", [QUEUE]).is_deaf


def test_all_queues_share_a_slot_of_a_cluster() -> None:
    """What a Redis Cluster hashes is between the first braces."""
    tags = {doorbell.key_of(queue).split("{")[1].split("}")[0] for queue in ("default", "pictures")}
    assert len(tags) == 1
