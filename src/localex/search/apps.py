"""The search context as a Django app."""

from django.apps import AppConfig


class SearchConfig(AppConfig):
    """Browse and search; it has no tables of its own."""

    name = "localex.search"
    label = "search"
    verbose_name = "Search"
