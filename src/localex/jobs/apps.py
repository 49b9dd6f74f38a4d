"""The jobs app."""

from datetime import timedelta

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "localex.jobs"
    label = "jobs"
    verbose_name = "Jobs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from localex.jobs import schedules
        from localex.jobs.housekeeping import prune_old

        schedules.register("jobs.prune", prune_old, every=timedelta(hours=1))
