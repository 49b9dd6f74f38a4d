"""Limits that count in PostgreSQL: exact, moving, and the same under a crowd."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import RequestFactory

from localex.lib import clock
from localex.lib.ids import new_id
from localex.members import limits, tasks
from localex.members.adapter import network_of
from localex.members.errors import TooManyAttempts
from localex.members.models import AttemptCount

WINDOW = timedelta(minutes=15)


def key() -> str:
    return new_id().hex


@pytest.mark.django_db
def test_five_of_six_pass_and_refused_ones_do_not_count() -> None:
    who = key()
    assert [limits.hit("test", who, 5, WINDOW) for _ in range(9)] == [True] * 5 + [False] * 4
    assert limits.hit("test", key(), 5, WINDOW)
    assert limits.hit("other", who, 5, WINDOW)
    with clock.shifted(WINDOW):
        assert limits.hit("test", who, 5, WINDOW)


@pytest.mark.parametrize(
    ("forwarded", "network"),
    [("198.51.100.7, 203.0.113.9", "198.51.100.7"), ("198.51.100.7", "192.0.2.1"), ("x, y", "192.0.2.1")],
)
def test_fewer_proxies_than_the_settings_say_are_no_error(settings: Any, forwarded: str, network: str) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR="192.0.2.1")
    assert network_of(request) == network


@pytest.mark.django_db
def test_the_window_moves_so_no_edge_lets_twice_as_many_through() -> None:
    who = key()
    for minute in (0, 13, 14, 14, 14):
        with clock.shifted(timedelta(minutes=minute)):
            assert limits.hit("test", who, 5, WINDOW)
    with clock.shifted(timedelta(minutes=16)):
        assert limits.hit("test", who, 5, WINDOW), "the first is older than 15 minutes"
        assert not limits.hit("test", who, 5, WINDOW), "the other four are not"


@pytest.mark.django_db
def test_an_attempt_that_was_none_is_given_back() -> None:
    who = key()
    for _ in range(20):
        assert limits.hit("test", who, 2, WINDOW)
        limits.give_back("test", who)
    limits.give_back("test", who)
    assert [limits.hit("test", who, 2, WINDOW) for _ in range(3)] == [True, True, False]
    limits.clear("test", who)
    assert limits.hit("test", who, 2, WINDOW)


@pytest.mark.django_db
def test_the_message_says_when_to_come_back_and_no_address_is_stored() -> None:
    with clock.shifted(timedelta(minutes=-3)):
        limits.spend("test", "name@example.org", 1, WINDOW, doing="tries")
    with pytest.raises(TooManyAttempts, match=r"^Too many tries\. Try again in 12 minutes\.$"):
        limits.spend("test", "name@example.org", 1, WINDOW, doing="tries")
    assert "example" not in str(AttemptCount.objects.filter(scope="test").values())


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 second"), (59, "59 seconds"), (60, "1 minute"), (61, "2 minutes"), (3600, "60 minutes")],
)
def test_waiting_in_words_is_never_too_short(seconds: float, words: str) -> None:
    assert limits.wait_words(timedelta(seconds=seconds)) == words


@pytest.mark.django_db
def test_old_counts_are_forgotten() -> None:
    who = key()
    limits.hit("test.old", who, 2, WINDOW)
    tasks.forget_old_attempts.call()
    assert AttemptCount.objects.filter(scope="test.old").exists()
    with clock.shifted(WINDOW + timedelta(seconds=1)):
        tasks.forget_old_attempts.call()
    assert not AttemptCount.objects.filter(scope="test.old").exists()


@pytest.mark.parametrize("limit", [0, -1, 1_001])
def test_senseless_limits_are_refused(limit: int) -> None:
    with pytest.raises(ValueError, match="a limit is"):
        limits.hit("test", "somebody", limit, WINDOW)


@pytest.mark.usefixtures("committed_db")
def test_a_crowd_gets_no_more_through_than_a_queue() -> None:
    who = key()

    def attempt(_: int) -> bool:
        try:
            return limits.hit("test.crowd", who, 5, WINDOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, range(64))) == 5
