"""The credits app."""

from django.apps import AppConfig


class CreditsConfig(AppConfig):
    name = "localex.credits"
    label = "credits"
    verbose_name = "Credits"
