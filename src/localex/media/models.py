"""A picture and where it stands between the upload and the page."""

from django.db import models

from localex.lib import clock
from localex.lib.records import Record


class PhotoState(models.TextChoices):
    """Pending until the child process has decided; only `ready` is ever shown."""

    PENDING = "pending", "Being prepared"
    READY = "ready", "Ready"
    REJECTED = "rejected", "Rejected"


class Photo(Record):
    """One uploaded picture.

    `raw_key` names the untouched upload in the default storage and is empty as soon as that is deleted.
    `sha256` is the digest of the three WebP renditions together, never of the upload: it names the files, and it must
    not tell who holds the same original.
    """

    community_id = models.UUIDField()
    uploader_id = models.UUIDField()
    state = models.CharField(max_length=10, choices=PhotoState.choices, default=PhotoState.PENDING)
    reason = models.CharField(max_length=200, blank=True, default="")
    raw_key = models.CharField(max_length=100, blank=True, default="")
    sha256 = models.CharField(max_length=64, blank=True, default="")
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    placeholder = models.CharField(max_length=2000, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [
            models.Index(fields=["community_id", "uploader_id", "created_at"], name="photo_uploader"),
            models.Index(fields=["created_at"], name="photo_pending", condition=models.Q(state="pending")),
            models.Index(fields=["sha256"], name="photo_sha256", condition=~models.Q(sha256="")),
        ]
        constraints = [
            models.CheckConstraint(
                name="photo_state_known", condition=models.Q(state__in=["pending", "ready", "rejected"])
            ),
            models.CheckConstraint(
                name="photo_ready_is_whole",
                condition=~models.Q(state="ready") | models.Q(width__gt=0, height__gt=0) & ~models.Q(sha256=""),
            ),
        ]

    def __str__(self) -> str:
        return f"Photo {self.id} ({self.state})"
