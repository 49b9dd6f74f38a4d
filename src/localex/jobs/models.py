"""Tables of the outbox. They belong to the installation, not to one community: a worker serves all of them.

Rows are inserted and moved by the statements in `sql/`, because SKIP LOCKED, the fence and ON CONFLICT are the point;
the models are for migrations, reading and the staff pages.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from localex.lib import clock
from localex.lib.records import Record


class JobState(models.TextChoices):
    """Where a job is. `dead` is kept, shown and alarmed until somebody retries it."""

    READY = "ready", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    DEAD = "dead", "Dead"


class Job(Record):
    """One piece of work. Its payload holds ids only: a task reads the present state, because it may run late."""

    queue = models.CharField(max_length=40)
    task = models.CharField(max_length=200, help_text="The dotted path of the task function.")
    payload = models.JSONField(default=dict, help_text="The task's arguments: ids, never content.")
    dedupe_key = models.CharField(
        max_length=200, null=True, blank=True, help_text="At most one waiting job of a task has this key."
    )
    state = models.CharField(max_length=7, choices=JobState, default=JobState.READY)
    priority = models.SmallIntegerField(default=0, help_text="-100 to 100; higher goes first.")
    run_at = models.DateTimeField(default=clock.now, help_text="Not before this moment.")
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=10)
    fence = models.BigIntegerField(default=0, help_text="Grows with every claim; only the newest claim may finish.")
    lease_until = models.DateTimeField(null=True, blank=True, help_text="By the database's clock.")
    traceparent = models.CharField(max_length=55, blank=True, default="")
    last_error = models.TextField(max_length=2000, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "job"
        indexes = [
            models.Index(
                "queue", models.F("priority").desc(), "run_at", "id", name="job_next", condition=Q(state="ready")
            ),
            models.Index(fields=["lease_until"], name="job_lease", condition=Q(state="running")),
            models.Index(
                fields=["state", "finished_at", "id"], name="job_ended", condition=Q(state__in=["done", "dead"])
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["task", "dedupe_key"], name="job_dedupe", condition=Q(state="ready")),
            models.CheckConstraint(name="job_state_known", condition=Q(state__in=["ready", "running", "done", "dead"])),
            # Whoever runs has a lease, and nobody else: a job can never stick in `running`.
            models.CheckConstraint(
                name="job_lease_while_running",
                condition=Q(state="running", lease_until__isnull=False)
                | (~Q(state="running") & Q(lease_until__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.id}"


class EffectDone(models.Model):
    """An outside effect that happens once. The row is written in the effect's own transaction; see services."""

    pk = models.CompositePrimaryKey("kind", "key")
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=200)
    done_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "effect_done"
        indexes: ClassVar = [models.Index(fields=["done_at"], name="effect_done_at")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Schedule(models.Model):
    """When a task that repeats is due next. The rhythm is declared in code; the row is what workers agree on."""

    name = models.CharField(max_length=80, primary_key=True)
    task = models.CharField(max_length=200)
    rhythm = models.CharField(max_length=80, help_text="`every N s`, or five cron fields in UTC.")
    next_run_at = models.DateTimeField()
    last_run_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "schedule"

    def __str__(self) -> str:
        return self.name
