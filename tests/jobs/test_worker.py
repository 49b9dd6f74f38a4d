"""Worker processes: killed, stopped, and with PostgreSQL or Redis taken away under them."""

import signal
import socket
import time
from datetime import timedelta
from typing import Any

import pytest

from localex.jobs import services
from localex.jobs.models import Job
from localex.lib import clock
from tests.jobs.conftest import Workers, wait_until
from tests.jobs.sample_tasks import (
    QUEUE,
    end_own_session,
    mark,
    mark_and_fail,
    mark_slowly,
    marks,
    never_end,
    sleep_outside,
)

pytestmark = pytest.mark.slow


def is_done(about: str, count: int = 1) -> bool:
    return Job.objects.filter(queue=QUEUE, state="done", payload__about=about).count() == count


def test_it_picks_up_quickly_and_stops_at_once_when_idle(workers: Workers) -> None:
    process = workers.start()
    mark.enqueue(about="first")
    wait_until(lambda: is_done("first"), what="the first job")
    for number in range(20):
        mark.enqueue(about=f"quick-{number}")
        wait_until(lambda number=number: is_done(f"quick-{number}"))
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


def test_sigterm_lets_the_job_finish(workers: Workers) -> None:
    process = workers.start()
    sleep_outside.enqueue(about="polite", seconds=2)
    wait_until(lambda: marks("started", "polite") == 1)
    mark.enqueue(about="afterwards")
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert marks("ended", "polite") == 1
    assert is_done("polite")
    assert not is_done("afterwards")


def test_a_killed_workers_job_runs_again(workers: Workers) -> None:
    first = workers.start(lease_s=2)
    mark_slowly.enqueue(about="killed", seconds=3)
    sleep_outside.enqueue(about="killed", seconds=0)
    wait_until(lambda: Job.objects.filter(state="running").exists())
    first.kill()
    first.wait()
    assert marks("mark", "killed") == 0
    workers.start(lease_s=2)
    wait_until(lambda: is_done("killed", 2), what="both jobs after the kill")
    assert marks("mark", "killed") == 1
    assert Job.objects.get(task__endswith="mark_slowly").attempts == 2


def test_a_long_job_keeps_its_lease(workers: Workers) -> None:
    workers.start(lease_s=1)
    workers.start(lease_s=1)
    sleep_outside.enqueue(about="long", seconds=4)
    wait_until(lambda: is_done("long"))
    assert marks("started", "long") == 1
    assert Job.objects.get(queue=QUEUE).attempts == 1


def test_a_job_whose_lease_is_lost_is_stopped(workers: Workers) -> None:
    workers.start(lease_s=1)
    sleep_outside.enqueue(about="stolen", seconds=30)
    wait_until(lambda: marks("started", "stolen") == 1)
    Job.objects.filter(queue=QUEUE).update(
        fence=1_000, lease_until=clock.now() + timedelta(hours=1)
    )  # somebody else's now
    mark.enqueue(about="next")
    wait_until(lambda: is_done("next"), within_s=10, what="the worker let go of the stolen job")
    assert marks("ended", "stolen") == 0


def test_a_task_that_never_ends_is_ended(workers: Workers) -> None:
    workers.start()
    never_end.enqueue(about="endless")
    wait_until(lambda: Job.objects.filter(queue=QUEUE, state="dead").exists())
    assert "TimeLimitPassed" in Job.objects.get(queue=QUEUE).last_error


def test_a_failing_task_does_not_stop_the_worker(workers: Workers) -> None:
    workers.start()
    mark_and_fail.enqueue(about="bad")
    mark.enqueue(about="good")
    wait_until(lambda: is_done("good"))
    assert marks("mark", "bad") == 0


def test_without_redis_it_polls(workers: Workers) -> None:
    workers.start(REDIS_URL="redis://127.0.0.1:9/0")
    for number in range(5):
        mark.enqueue(about=f"polled-{number}")
    wait_until(lambda: Job.objects.filter(queue=QUEUE, state="done").count() == 5, within_s=15)


def test_with_a_redis_that_never_answers_it_still_works(workers: Workers) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        process = workers.start(REDIS_URL=f"redis://127.0.0.1:{server.getsockname()[1]}/0")
        mark.enqueue(about="patient")
        wait_until(lambda: is_done("patient"), within_s=15)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_it_outlives_the_end_of_its_sessions(workers: Workers, servers: Any) -> None:
    """As in a restart of PostgreSQL: every session of the worker ends, also in the middle of a job."""
    ours = sessions(servers)
    process = workers.start(lease_s=2)
    mark.enqueue(about="before")
    wait_until(lambda: is_done("before"))
    mark_slowly.enqueue(about="interrupted", seconds=2)
    wait_until(lambda: Job.objects.filter(state="running").exists())
    for _ in range(3):
        with servers.connect("localex_super") as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) AS pid", [list(sessions(servers) - ours)]
            )
        time.sleep(0.3)
    wait_until(lambda: is_done("interrupted"), what="the interrupted job, again")
    assert marks("mark", "interrupted") == 1
    mark.enqueue(about="after")
    wait_until(lambda: is_done("after"))
    assert process.poll() is None


def sessions(servers: Any) -> set[int]:
    """The application's sessions on this test's database."""
    with servers.connect("localex_super") as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'localex' AND datname = current_database()"
        ).fetchall()
    return {row[0] for row in rows}


def test_a_task_that_lost_its_session_is_retried(workers: Workers) -> None:
    workers.start()
    end_own_session.enqueue(about="cut")
    wait_until(lambda: Job.objects.filter(queue=QUEUE, state="ready", attempts=1).exists())
    mark.enqueue(about="next")
    wait_until(lambda: is_done("next"))


def test_work_that_waited_without_a_bell_is_done_at_full_speed(workers: Workers) -> None:
    services.enqueue_many(
        [
            services.Wanted(task=mark, payload={"about": "quiet"}, run_at=clock.now() + timedelta(seconds=1))
            for _ in range(200)
        ]
    )
    workers.start()
    # With a pause of a second or two before each job it would take minutes.
    wait_until(lambda: is_done("quiet", 200), within_s=60)
    assert Job.objects.filter(queue=QUEUE, attempts__gt=1).count() == 0


def test_two_workers_and_a_killed_third_lose_and_repeat_nothing(workers: Workers) -> None:
    services.enqueue_many([services.Wanted(task=mark, payload={"about": f"n-{n}"}) for n in range(300)])
    victim = workers.start(lease_s=1)
    workers.start(lease_s=1)
    wait_until(lambda: Job.objects.filter(queue=QUEUE, state="done").count() > 20)
    victim.kill()
    workers.start(lease_s=1)
    wait_until(lambda: Job.objects.filter(queue=QUEUE, state="done").count() == 300)
    assert all(marks("mark", f"n-{number}") == 1 for number in range(0, 300, 7))
    from localex.jobs.models import EffectDone

    assert EffectDone.objects.filter(kind="mark").count() == 300
