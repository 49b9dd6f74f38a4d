"""Life and death of the supervised processes, for real."""

import os
import signal
import threading
from pathlib import Path

import psycopg
import pytest

from localex.embedded import roles
from localex.embedded.installation import Installation
from localex.embedded.processes import send, wait_until
from tests.embedded.running import PATIENCE_SECONDS, Up, end, gone, running


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_everything_in_order(data_dir: Path, number: signal.Signals) -> None:
    with running(data_dir) as up:
        living = up.everything()
        assert up.stop(number) == 0
        assert living() == []
        assert up.parts == {}
    assert "LocalEx runs at" in up.words
    assert str(data_dir) in up.words
    assert "LocalEx has stopped." in up.words
    log = (data_dir / "logs" / "postgres.log").read_text()
    assert "database system is shut down" in log


def test_a_request_that_is_being_answered_is_finished(data_dir: Path) -> None:
    bodies = []
    with running(data_dir) as up:
        request = threading.Thread(target=lambda: bodies.append(up.get("/slow")))
        request.start()
        assert wait_until((data_dir / "slow-was-reached").exists, seconds=PATIENCE_SECONDS)
        assert up.stop() == 0
        request.join()
    assert bodies
    assert bodies[0].isdigit()


def test_a_killed_supervisor_leaves_no_server(data_dir: Path) -> None:
    with running(data_dir) as up:
        living = up.everything()
        up.process.kill()
        assert gone(living)


def test_the_next_start_takes_over_what_a_killed_supervisor_left(data_dir: Path) -> None:
    with running(data_dir) as up:
        living = up.everything()
        # With the web server's own parent gone first, nobody tells its workers that it is over; stopped, the supervisor
        # cannot mend it.
        send(up.process.pid, signal.SIGSTOP)
        send(up.parts["web"].pid, signal.SIGKILL)
        up.process.kill()
        up.process.wait()
        orphans = living()
        assert orphans
        with running(data_dir, port=up.port) as second:
            assert int(second.get()) not in orphans
            assert not set(orphans) & set(living())


def test_a_stranger_with_a_recorded_number_is_left_alone(data_dir: Path) -> None:
    with running(data_dir) as up:
        up.stop()
    record = {"pid": os.getpid(), "started": "another time"}
    (data_dir / "state.json").write_text(f'{{"marker": "x", "parts": {{"web": {record}}}}}'.replace("'", '"'))
    lines = f"{os.getpid()}\n{data_dir}\n1\n5432\n"
    (data_dir / "postgres" / "18" / "postmaster.pid").write_text(f"{lines}\n\n0 0\nready\n")
    (data_dir / "run" / "postgres" / ".s.PGSQL.5432.lock").write_text(lines)
    with running(data_dir) as up:
        assert up.answers()


@pytest.mark.parametrize("name", ["web", "worker", "redis", "postgres"])
def test_a_part_that_dies_is_started_again(data_dir: Path, name: str) -> None:
    with running(data_dir) as up:
        before = up.parts[name]
        send(before.pid, signal.SIGKILL)
        assert wait_until(
            lambda: up.parts.get(name, before) != before and up.parts[name].is_alive, seconds=PATIENCE_SECONDS
        )
        assert wait_until(up.answers, seconds=PATIENCE_SECONDS)
        if name == "postgres":
            installation = Installation.at(data_dir, {})
            assert wait_until(installation.answers, seconds=PATIENCE_SECONDS)
            with psycopg.connect(installation.app_url) as connection:
                assert connection.execute("SELECT current_user").fetchone() == (roles.APP,)
        assert up.stop() == 0
    assert f"{name} ended unexpectedly (signal SIGKILL) and is started again." in up.words


def test_a_part_that_keeps_dying_ends_the_start_with_its_words(data_dir: Path) -> None:
    up = Up(data_dir, SMALL_WORKER_FAILS="1")
    try:
        words = up.output()
        assert up.process.returncode == 18
        assert "worker ended 5 times within a minute" in words
        assert "This worker never works." in words
        assert up.parts == {}
    finally:
        end(up)


def test_a_backup_that_keeps_ending_does_not_end_the_town(data_dir: Path) -> None:
    up = Up(data_dir, SMALL_BACKUP_FAILS="1")
    try:
        assert up.wait_for("backup keeps ending and is tried again in 5 minutes")
        assert up.answers()
        assert up.stop() == 0
    finally:
        end(up)
    assert "this backup never works" in up.words


def test_a_second_start_is_refused_and_disturbs_nobody(data_dir: Path) -> None:
    with running(data_dir) as up:
        second = Up(data_dir)
        words = second.output()
        assert second.process.returncode == 12
        assert f"already runs on {data_dir}" in words
        assert str(up.port) in words
        assert up.answers()


def test_a_stop_request_during_the_start_is_heard(data_dir: Path) -> None:
    up = Up(data_dir)
    try:
        assert wait_until(lambda: "postgres" in up.parts, seconds=PATIENCE_SECONDS)
        living = up.everything()
        assert up.stop() == 0
        assert living() == []
    finally:
        end(up)
