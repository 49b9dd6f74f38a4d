"""Addresses of operations, below the staff pages."""

from django.urls import path

from localex.operations import web

app_name = "operations"
urlpatterns = [
    path("", web.overview, name="overview"),
    path("resume/<uuid:community_id>/", web.resume, name="resume"),
]
