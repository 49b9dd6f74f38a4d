"""The demo context: only installed in demo mode."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """A town full of neighbours, and the doors into it."""

    name = "localex.demo"
    label = "demo"
    verbose_name = "Demo town"
