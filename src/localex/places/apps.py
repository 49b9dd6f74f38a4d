"""The places context as a Django app."""

from django.apps import AppConfig


class PlacesConfig(AppConfig):
    """Safe places, postcodes and the drawn map."""

    name = "localex.places"
    label = "places"
    verbose_name = "Safe places"
