"""The members app."""

from datetime import timedelta

from django.apps import AppConfig


class MembersConfig(AppConfig):
    name = "localex.members"
    label = "members"
    verbose_name = "Members"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from localex.jobs import schedules
        from localex.members.tasks import forget_old_attempts

        schedules.register("members.forget_old_attempts", forget_old_attempts, every=timedelta(hours=1))
