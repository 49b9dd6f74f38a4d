"""The notifications app."""

from datetime import timedelta

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Listens to everything that members are told about."""

    name = "localex.notifications"
    label = "notifications"
    verbose_name = "Notices and mail"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Subscribe to the events, and declare what repeats."""
        from localex.jobs import events, schedules
        from localex.notifications.audience import EVENTS
        from localex.notifications.tasks import prune_old, tell_members

        for name in EVENTS:
            events.subscribe(name, tell_members, event=name)
        schedules.register("notifications.prune", prune_old, every=timedelta(hours=6))
