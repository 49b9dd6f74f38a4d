"""Addresses of safe places, of the drawn map, and of where a member says to be."""

from django.urls import path

from localex.places import location_web, web

app_name = "places"
urlpatterns = [
    path("places/", web.list_places, name="list"),
    path("me/location/", location_web.location, name="location"),
    path("maps/<slug:slug>.svg", web.show_map, name="map"),
]
