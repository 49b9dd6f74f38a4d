"""What the backup part and the commands of the operator wrote down. They write it by plain SQL (backup/records.py).

The tables belong to the installation, not to one community.
"""

from typing import ClassVar

from django.db import models


class RunKind(models.TextChoices):
    """What was run."""

    BACKUP = "backup", "Backup"
    DRILL = "drill", "Restore drill"
    UPGRADE = "upgrade", "Upgrade"


class Run(models.Model):
    """One backup, drill or upgrade, from its start to its end. Without an end it was killed, or still runs."""

    kind = models.CharField(max_length=10, choices=RunKind)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    ok = models.BooleanField(null=True, blank=True)
    detail = models.JSONField(default=dict, help_text="Sizes, times and words; never what members wrote.")

    class Meta:
        db_table = "operations_run"
        indexes: ClassVar = [models.Index("kind", models.F("started_at").desc(), name="operations_run_newest")]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="operations_run_ended_or_not",
                condition=models.Q(finished_at=None, ok=None) | models.Q(finished_at__isnull=False, ok__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.started_at:%Y-%m-%d %H:%M}"


class Status(models.Model):
    """What a part last said about itself, under its name; replaced every 30 seconds (backup.keeper.STATUS_EVERY)."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
    detail = models.JSONField(default=dict)

    class Meta:
        db_table = "operations_status"
        verbose_name_plural = "statuses"

    def __str__(self) -> str:
        return self.name
