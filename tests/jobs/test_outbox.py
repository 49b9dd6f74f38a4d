"""Enqueueing, claiming, finishing: the rules of docs/jobs.md."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django_tasks.base import TaskResultStatus

from localex.jobs import claims, execution, queries, services
from localex.jobs.errors import BadPayload, GiveUp, LeaseLost
from localex.jobs.models import EffectDone, Job
from localex.jobs.worker import run_until_idle
from localex.lib import clock
from localex.lib.errors import BadRequest, NotFound
from localex.lib.ids import new_id
from tests.jobs.sample_tasks import (
    QUEUE,
    enqueue_more,
    give_up,
    mark,
    mark_and_fail,
    mark_both,
    marks,
    note_outside,
)

pytestmark = pytest.mark.django_db


def claim() -> claims.Claim:
    found = claims.claim_next([QUEUE])
    assert found is not None
    return found


def only_job() -> Job:
    return Job.objects.get(queue=QUEUE)


def test_a_job_runs_once_and_is_done() -> None:
    result = mark.enqueue(about="one")
    assert run_until_idle() == 1
    assert run_until_idle() == 0
    assert marks("mark", "one") == 1
    assert mark.get_result(result.id).status == TaskResultStatus.SUCCESSFUL


def test_ids_arrive_as_they_were_given() -> None:
    about = new_id()
    mark_both.enqueue(about=about, kind="typed")
    assert only_job().payload == {"about": str(about), "kind": "typed"}
    run_until_idle()
    assert marks("typed", about) == 1


@pytest.mark.parametrize("value", [1.5, b"x", ["a"], {"a": 1}, "x" * 201, clock.now()])
def test_a_payload_holds_ids_only(value: object) -> None:
    with pytest.raises(BadPayload):
        services.enqueue(mark, payload={"about": value})


def test_arguments_are_named() -> None:
    with pytest.raises(BadPayload):
        mark.enqueue("one")


def test_a_rolled_back_transaction_enqueues_nothing() -> None:
    with transaction.atomic():
        mark.enqueue(about="never")
        transaction.set_rollback(True)
    assert not Job.objects.filter(queue=QUEUE).exists()


def test_higher_priority_first_then_the_earlier() -> None:
    services.enqueue(mark, payload={"about": "later"})
    services.enqueue(mark, payload={"about": "earlier"}, run_at=clock.now() - timedelta(minutes=1))
    services.enqueue(mark, payload={"about": "urgent"}, priority=50)
    assert [claim().payload["about"] for _ in range(3)] == ["urgent", "earlier", "later"]


def test_a_job_waits_for_its_moment() -> None:
    mark.using(run_after=clock.now() + timedelta(hours=1)).enqueue(about="later")
    assert run_until_idle() == 0
    with clock.shifted(timedelta(hours=2)):
        assert run_until_idle() == 1


def test_a_task_may_enqueue_more() -> None:
    enqueue_more.enqueue(about="more")
    assert run_until_idle() == 2
    assert marks("mark", "more") == 1


def test_a_failure_leaves_no_effect_and_waits_longer_each_time() -> None:
    mark_and_fail.enqueue(about="bad")
    with pytest.raises(ValueError, match="always fails"):
        run_until_idle()
    job = only_job()
    assert (job.state, job.attempts) == ("ready", 1)
    assert "always fails" in job.last_error
    assert timedelta(seconds=2) < job.run_at - clock.now() <= timedelta(seconds=5)
    assert marks("mark", "bad") == 0


def test_retry_delay_doubles_up_to_an_hour() -> None:
    for attempts, full_s in [(1, 5), (2, 10), (3, 20), (11, 3600), (40, 3600)]:
        for _ in range(20):
            assert full_s / 2 <= claims.retry_delay(attempts).total_seconds() <= full_s


def test_after_the_last_attempt_a_job_is_dead_and_can_be_retried() -> None:
    mark_and_fail.enqueue(about="bad")
    with clock.shifted(timedelta(days=1)):
        for _ in range(3):
            with pytest.raises(ValueError, match="always fails"):
                run_until_idle()
            Job.objects.filter(state="ready").update(run_at=clock.now())
        assert run_until_idle() == 0
    job = only_job()
    assert (job.state, job.attempts) == ("dead", 3)
    assert queries.find_depth().dead >= 1
    assert job.id in [dead.id for dead in queries.list_dead().items]
    services.retry_dead(job_id=job.id)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.finished_at) == ("ready", 0, None)
    with pytest.raises(NotFound):
        services.retry_dead(job_id=job.id)


def test_giving_up_is_final() -> None:
    give_up.enqueue(about="hopeless")
    with pytest.raises(GiveUp):
        run_until_idle()
    assert only_job().state == "dead"


def test_a_job_of_another_release_is_retried_not_lost() -> None:
    mark.enqueue(about="unknown")
    Job.objects.filter(queue=QUEUE).update(task="localex.newer.tasks.thing")
    run_until_idle(is_strict=False)
    job = only_job()
    assert job.state == "ready"
    assert "no task called" in job.last_error


def test_wishes_with_one_key_coalesce_and_keep_the_newest() -> None:
    first = services.enqueue(
        mark, payload={"about": "old"}, dedupe_key="k", run_at=clock.now() + timedelta(hours=1), priority=5
    )
    second = services.enqueue(mark, payload={"about": "new"}, dedupe_key="k")
    assert first == second
    job = only_job()
    assert (job.payload, job.priority) == ({"about": "new"}, 5)
    assert job.run_at <= clock.now()


def test_a_wish_while_the_job_runs_makes_a_second_one() -> None:
    first = services.enqueue(mark, payload={"about": "k"}, dedupe_key="k")
    running = claim()
    second = services.enqueue(mark, payload={"about": "k"}, dedupe_key="k")
    assert second != first
    claims.finish(running)
    assert run_until_idle() == 1


def test_a_failed_job_gives_way_to_a_newer_wish() -> None:
    services.enqueue(mark, payload={"about": "k"}, dedupe_key="k")
    running = claim()
    services.enqueue(mark, payload={"about": "k"}, dedupe_key="k")
    assert claims.fail(running, error="broken") == "done"
    assert Job.objects.filter(queue=QUEUE, state="ready").count() == 1


def test_a_dead_job_retried_gives_way_to_a_newer_wish() -> None:
    dead_id = services.enqueue(mark, payload={"about": "k"}, dedupe_key="k")
    claims.fail(claim(), error="broken", is_final=True)
    services.enqueue(mark, payload={"about": "k"}, dedupe_key="k")
    services.retry_dead(job_id=dead_id)
    assert Job.objects.get(id=dead_id).state == "done"


def expire(lost: claims.Claim) -> None:
    Job.objects.filter(id=lost.id).update(lease_until=clock.now() - timedelta(seconds=1))
    assert claims.sweep() == 1


@pytest.mark.parametrize("task", [mark, note_outside])
def test_without_the_fence_there_is_no_finish(task: object) -> None:
    services.enqueue(mark, payload={"about": "fenced"})
    slow = claim()
    expire(slow)
    assert execution.run(slow).state == "lost"
    assert marks("mark", "fenced") == 0
    assert run_until_idle() == 1
    assert marks("mark", "fenced") == 1


def test_the_fence_of_a_later_claim_is_another() -> None:
    services.enqueue(mark, payload={"about": "fenced"})
    slow = claim()
    expire(slow)
    quick = claim()
    assert quick.id == slow.id
    assert quick.fence > slow.fence
    assert not claims.beat(slow, lease_s=30)
    assert claims.beat(quick, lease_s=30)
    assert claims.fail(slow, error="late") is None
    with pytest.raises(LeaseLost):
        claims.finish(slow)
    claims.finish(quick)


def test_a_job_whose_workers_die_ends_dead() -> None:
    mark_and_fail.enqueue(about="deadly")
    for _ in range(3):
        expire(claim())
    assert only_job().state == "dead"


def test_an_effect_is_claimed_once() -> None:
    assert services.claim_effect(kind="mail", key="7")
    assert not services.claim_effect(kind="mail", key="7")
    services.release_effect(kind="mail", key="7")
    assert services.claim_effect(kind="mail", key="7")


def test_pruning_forgets_what_is_long_done() -> None:
    for about in ("old", "new", "dead"):
        mark.enqueue(about=about)
    claims.finish(claim())
    Job.objects.filter(state="done").update(finished_at=clock.now() - timedelta(days=8))
    claims.finish(claim())
    claims.fail(claim(), error="broken", is_final=True)
    Job.objects.filter(state="dead").update(finished_at=clock.now() - timedelta(days=800))
    EffectDone.objects.create(kind="old", key="1", done_at=clock.now() - timedelta(days=401))
    assert services.prune() == 1
    assert sorted(Job.objects.filter(queue=QUEUE).values_list("state", flat=True)) == ["dead", "done"]
    assert not EffectDone.objects.filter(kind="old").exists()


def test_depth_and_oldest() -> None:
    before = queries.find_depth()
    services.enqueue(mark, payload={"about": "a"}, run_at=clock.now() - timedelta(minutes=5))
    services.enqueue(mark, payload={"about": "b"}, run_at=clock.now() + timedelta(minutes=5))
    services.enqueue(mark, payload={"about": "c"}, priority=10)
    claim()
    depth = queries.find_depth()
    assert (depth.ready - before.ready, depth.later - before.later, depth.running - before.running) == (1, 1, 1)
    waited = queries.find_oldest_wait()
    assert waited is not None
    assert waited >= timedelta(minutes=5)


def test_dead_jobs_are_paged() -> None:
    for number in range(3):
        mark.enqueue(about=str(number))
        claims.fail(claim(), error="broken", is_final=True)
    first = queries.list_dead(limit=2)
    assert first.next_cursor is not None
    second = queries.list_dead(limit=2, cursor=first.next_cursor)
    assert len({job.id for job in [*first.items, *second.items]}) == 3
    for damaged in ("x", "WzEsMl0"):
        with pytest.raises(BadRequest):
            queries.list_dead(cursor=damaged)


def test_the_claim_uses_its_index() -> None:
    with connection.cursor() as cursor:
        # In a table of a few rows any plan costs nothing; what counts is that the order can come from the index.
        for way in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM job WHERE state = 'ready' AND queue = 'default' AND run_at <= now()"
            " ORDER BY priority DESC, run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED"
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "job_next" in plan
    assert "Sort" not in plan
