"""Addresses of the media context."""

from django.urls import re_path

from localex.media import web
from localex.media.queries import KEY_PATTERN

app_name = "media"

urlpatterns = [re_path(rf"^media/(?P<key>{KEY_PATTERN})$", web.picture, name="picture")]
