"""What two connections do to each other. Everything here commits."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction

from localex.jobs import claims, execution, schedules, services
from localex.jobs.models import Job, Schedule
from localex.lib import clock
from tests.jobs.sample_tasks import QUEUE, mark, mark_slowly, marks, tick_mark

pytestmark = pytest.mark.usefixtures("outbox")


def elsewhere(*calls: Callable[[], object]) -> list[object]:
    """The answers of `calls`, each made at the same time on a connection of its own."""
    answers: list[object] = [None] * len(calls)
    barrier = threading.Barrier(len(calls))

    def run(number: int, call: Callable[[], object]) -> None:
        barrier.wait()
        try:
            answers[number] = call()
        except Exception as error:
            answers[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number, call)) for number, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


def enqueue_keyed() -> object:
    return services.enqueue(mark, payload={"about": "k"}, dedupe_key="k")


def test_a_change_during_the_claim_is_not_lost() -> None:
    """DO UPDATE holds the waiting job until the change is committed; the next test shows what DO NOTHING would do."""
    job_id = enqueue_keyed()
    with transaction.atomic():
        assert enqueue_keyed() == job_id
        assert elsewhere(lambda: claims.claim_next([QUEUE])) == [None]
    claim = claims.claim_next([QUEUE])
    assert claim is not None
    assert claim.id == job_id


def test_with_do_nothing_the_change_would_be_lost() -> None:
    """The control: shows that the test above can fail."""
    enqueue_keyed()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO job (id, queue, task, payload, dedupe_key, state, priority, run_at, attempts,"
                " max_attempts, fence, traceparent, last_error, created_at)"
                " SELECT gen_random_uuid(), queue, task, payload, dedupe_key, state, priority, run_at, attempts,"
                " max_attempts, fence, traceparent, last_error, created_at FROM job WHERE queue = %s"
                " ON CONFLICT DO NOTHING",
                [QUEUE],
            )
        [claim] = elsewhere(lambda: claims.claim_next([QUEUE]))
        assert isinstance(claim, claims.Claim)


def test_many_workers_never_take_the_same_job() -> None:
    services.enqueue_many([services.Wanted(task=mark, payload={"about": str(number)}) for number in range(40)])

    def take_ten() -> object:
        return [claim.id for _ in range(10) if (claim := claims.claim_next([QUEUE]))]

    taken = elsewhere(*[take_ten] * 4)
    ids = [job_id for ids in taken for job_id in ids]  # type: ignore[attr-defined]
    assert len(ids) == len(set(ids)) == 40


def test_many_wishes_at_once_make_one_job() -> None:
    answers = elsewhere(*[enqueue_keyed] * 8)
    assert len(set(answers)) == 1
    assert Job.objects.filter(queue=QUEUE).count() == 1


def test_a_wish_at_the_moment_of_failure_leaves_one_waiting() -> None:
    for _ in range(10):
        enqueue_keyed()
        claim = claims.claim_next([QUEUE])
        assert claim is not None
        answers = elsewhere(lambda claim=claim: claims.fail(claim, error="broken"), enqueue_keyed)
        assert not [answer for answer in answers if isinstance(answer, Exception)]
        assert Job.objects.filter(queue=QUEUE, state="ready").count() == 1
        Job.objects.all().delete()


def test_a_slow_worker_that_lost_its_lease_has_no_effect() -> None:
    """The slow one wakes up after the quick one is done: both ran, one effect."""
    mark_slowly.enqueue(about="raced", seconds=1)
    slow = claims.claim_next([QUEUE])
    assert slow is not None

    def overtake() -> str:
        Job.objects.filter(id=slow.id).update(lease_until=clock.now() - timedelta(seconds=1))
        assert claims.sweep() == 1
        quick = claims.claim_next([QUEUE])
        assert quick is not None
        return execution.run(quick).state

    assert elsewhere(lambda: execution.run(slow).state, overtake) == ["lost", "done"]
    assert marks("mark", "raced") == 1


def test_one_worker_wins_each_tick() -> None:
    schedules.register("samples.tick", tick_mark, every=timedelta(hours=1))
    try:
        schedules.ensure_rows()
        for _ in range(5):
            Schedule.objects.filter(name="samples.tick").update(next_run_at=clock.now() - timedelta(days=3))
            Job.objects.all().delete()
            won = elsewhere(*[schedules.tick] * 4)
            assert sorted(won) == [0, 0, 0, 1]  # type: ignore[type-var]
            assert Job.objects.filter(dedupe_key="schedule:samples.tick").count() == 1
    finally:
        schedules.forget("samples.tick")
