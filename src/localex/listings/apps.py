"""The listings context as a Django app."""

from datetime import timedelta

from django.apps import AppConfig


class ListingsConfig(AppConfig):
    """Categories and listings."""

    name = "localex.listings"
    label = "listings"
    verbose_name = "Listings"

    def ready(self) -> None:
        """Declare what repeats."""
        from localex.jobs import schedules
        from localex.listings.tasks import end_expired

        schedules.register("listings.end_expired", end_expired, every=timedelta(minutes=10))
