"""The listings context as a Django app."""

from django.apps import AppConfig


class ListingsConfig(AppConfig):
    """Categories and listings."""

    name = "localex.listings"
    label = "listings"
    verbose_name = "Listings"
