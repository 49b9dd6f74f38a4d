"""The credits app."""

from datetime import timedelta

from django.apps import AppConfig

SEAL_EVERY = timedelta(minutes=15)
CHECK_EVERYTHING = "10 3 * * *"  # UTC, when fewest people trade
MAKE_PARTITIONS = "40 4 * * *"


class CreditsConfig(AppConfig):
    """Registers what the worker does for the ledger."""

    name = "localex.credits"
    label = "credits"
    verbose_name = "Credits"

    def ready(self) -> None:
        from localex.credits import tasks
        from localex.jobs import schedules

        schedules.register("credits.seal_and_check", tasks.seal_and_check, every=SEAL_EVERY)
        schedules.register("credits.check_everything", tasks.check_everything, every=CHECK_EVERYTHING)
        schedules.register("credits.make_partitions", tasks.make_partitions, every=MAKE_PARTITIONS)
