"""Addresses of the search context."""

from django.urls import path

from localex.search import web

app_name = "search"

urlpatterns = [
    path("browse/", web.browse, name="browse"),
    path("search/", web.results, name="results"),
]
