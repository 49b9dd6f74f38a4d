"""The communities context as a Django app."""

from django.apps import AppConfig


class CommunitiesConfig(AppConfig):
    """Towns, districts, campuses: each runs its own LocalEx."""

    name = "localex.communities"
    label = "communities"
    verbose_name = "Communities"
