"""Addresses of pictures in templates: `{% load media %}`."""

from django import template

from localex.media import queries
from localex.media.models import Photo

register = template.Library()


@register.filter
def photo_url(photo: Photo | None, size: int) -> str:
    """The address of a picture at 200, 600 or 1200 px; "" as long as it is not ready."""
    return queries.photo_url(photo, size) if photo else ""


@register.filter
def photo_srcset(photo: Photo | None) -> str:
    """All sizes of a picture for `srcset`."""
    return queries.photo_srcset(photo) if photo else ""
