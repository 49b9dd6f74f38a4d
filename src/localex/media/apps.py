"""The media context as a Django app."""

from datetime import timedelta

from django.apps import AppConfig


class MediaConfig(AppConfig):
    """Pictures of listings and members."""

    name = "localex.media"
    label = "media"
    verbose_name = "Pictures"

    def ready(self) -> None:
        """Declare what repeats."""
        from localex.jobs import schedules
        from localex.media.tasks import give_up_on_photos, sweep_uploads

        schedules.register("media.give_up_on_photos", give_up_on_photos, every=timedelta(hours=1))
        schedules.register("media.sweep_uploads", sweep_uploads, every=timedelta(hours=1))
