"""Every address, by context. The order matters only where two patterns could both match."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("localex.web.urls")),
    path("", include("localex.members.urls")),  # before allauth: it has its own page to sign in
    path("accounts/", include("allauth.urls")),
    path("", include("localex.places.urls")),
    path("", include("localex.media.urls")),
    path("", include("localex.listings.urls")),
    path("", include("localex.search.urls")),
    path("", include("localex.trading.urls")),
    path("", include("localex.credits.urls")),
    path("", include("localex.notifications.urls")),
    path(f"{settings.LOCALEX.staff_path}/operations/", include("localex.operations.urls")),
    path(f"{settings.LOCALEX.staff_path}/", admin.site.urls),
]
if settings.LOCALEX.demo:
    urlpatterns.append(path("", include("localex.demo.urls")))

handler400 = "localex.web.errors.handler400"
handler403 = "localex.web.errors.handler403"
handler404 = "localex.web.errors.handler404"
handler500 = "localex.web.errors.handler500"
