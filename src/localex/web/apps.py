from django.apps import AppConfig


class WebConfig(AppConfig):
    """Pages and components that every context shares."""

    name = "localex.web"
    label = "web"
    verbose_name = "Web"
