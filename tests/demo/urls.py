"""The site with the demo's pages, as `localex demo` serves it."""

from django.urls import include, path

from localex.config.urls import *  # noqa: F403
from localex.config.urls import urlpatterns as usual

urlpatterns = [*usual, path("", include("localex.demo.urls"))]
