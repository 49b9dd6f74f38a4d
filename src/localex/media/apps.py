"""The media context as a Django app."""

from django.apps import AppConfig


class MediaConfig(AppConfig):
    """Pictures of listings and members."""

    name = "localex.media"
    label = "media"
    verbose_name = "Pictures"
