"""Ids are in time order, and chance is repeatable only when asked."""

import threading
import uuid
from datetime import timedelta

import pytest

from localex.lib import clock, ids, randomness


def test_ids_are_version_7_and_strictly_increasing() -> None:
    made = [ids.new_id() for _ in range(20_000)]
    assert all(one.version == 7 and one.variant == uuid.RFC_4122 for one in made)
    assert made == sorted(set(made))


def test_ids_of_several_threads_never_repeat() -> None:
    made: list[uuid.UUID] = []
    threads = [threading.Thread(target=lambda: made.extend(ids.new_id() for _ in range(2000))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 16_000


def test_an_id_tells_its_time_also_under_a_shifted_clock() -> None:
    with clock.shifted(timedelta(days=-3)):
        early, now = ids.new_id(), clock.now()
    assert abs(ids.time_of(early) - now) < timedelta(seconds=5)
    assert early < ids.new_id()


def test_the_time_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="not a UUID of version 7"):
        ids.time_of(uuid.uuid4())


def test_seeded_chance_repeats_and_ends_with_the_block() -> None:
    def draw() -> tuple[str, bytes, str]:
        return randomness.digits(6), randomness.token_bytes(8), randomness.choice("abcdef")

    with randomness.seeded("town"):
        first = draw()
    with randomness.seeded("town"):
        assert draw() == first
    assert randomness.token_bytes(16) != randomness.token_bytes(16)
    assert type(randomness.source()).__name__ == "SystemRandom"


def test_digits_keep_leading_zeros() -> None:
    assert all(len(randomness.digits(3)) == 3 for _ in range(500))
