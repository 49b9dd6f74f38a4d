"""The listings context as a Django app."""

from datetime import timedelta

from django.apps import AppConfig


class ListingsConfig(AppConfig):
    """Categories and listings."""

    name = "localex.listings"
    label = "listings"
    verbose_name = "Listings"

    def ready(self) -> None:
        """Declare what repeats, and what members' pages show."""
        from localex.jobs import schedules
        from localex.listings.profile import load_listings
        from localex.listings.tasks import end_expired
        from localex.members import sections

        schedules.register("listings.end_expired", end_expired, every=timedelta(minutes=10))
        sections.register("listings", template="listings/of_member.html", load=load_listings, order=10)
