"""Every address, by context. The order matters only where two patterns could both match."""

from importlib.util import find_spec

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path


def _context(name: str) -> list[URLPattern | URLResolver]:
    known = find_spec(f"localex.{name}") and find_spec(f"localex.{name}.urls")
    return [path("", include(f"localex.{name}.urls"))] if known else []


urlpatterns: list[URLPattern | URLResolver] = [
    *_context("web"),
    *_context("members"),
    path("accounts/", include("allauth.urls")),
    *_context("places"),
    *_context("media"),
    *_context("listings"),
    *_context("search"),
    *_context("trading"),
    *_context("credits"),
    *_context("notifications"),
    *_context("operations"),
    path(f"{settings.LOCALEX.staff_path}/", admin.site.urls),
    *(_context("demo") if settings.LOCALEX.demo else []),
]

for _status in (400, 403, 404, 500):
    if find_spec("localex.web.errors"):
        globals()[f"handler{_status}"] = f"localex.web.errors.handler{_status}"
