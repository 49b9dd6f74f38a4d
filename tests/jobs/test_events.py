"""Events: one job per subscriber, in the publisher's transaction."""

from collections.abc import Iterator

import pytest
from django.db import transaction

from localex.jobs import events
from localex.jobs.models import Job
from localex.jobs.worker import run_until_idle
from localex.lib.ids import new_id
from tests.jobs.sample_tasks import QUEUE, mark, mark_both, marks

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def subscribers() -> Iterator[None]:
    events.subscribe("samples.happened", mark_both, kind="first")
    events.subscribe("samples.happened", mark_both, kind="second")
    events.subscribe("samples.happened", mark_both, kind="second")  # `ready` may run twice
    events.subscribe("samples.happened", mark)
    yield
    events.unsubscribe("samples.happened")


def test_every_subscriber_gets_a_job_of_its_own() -> None:
    about = new_id()
    events.publish("samples.happened", about=about)
    assert Job.objects.filter(queue=QUEUE).count() == 3
    assert run_until_idle() == 3
    assert (marks("first", about), marks("second", about), marks("mark", about)) == (1, 1, 1)


def test_an_event_that_is_rolled_back_did_not_happen() -> None:
    with transaction.atomic():
        events.publish("samples.happened", about=new_id())
        transaction.set_rollback(True)
    assert not Job.objects.filter(queue=QUEUE).exists()


def test_an_event_without_subscribers_is_no_error() -> None:
    events.publish("samples.ignored", about=new_id())
    assert not Job.objects.filter(queue=QUEUE).exists()
    assert "samples.happened" in events.subscribed_names()
    assert "samples.ignored" not in events.subscribed_names()
