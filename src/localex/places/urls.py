"""Addresses of safe places and of the drawn map."""

from django.urls import path

from localex.places import web

app_name = "places"
urlpatterns = [
    path("places/", web.list_places, name="list"),
    path("maps/<slug:slug>.svg", web.show_map, name="map"),
]
