"""Addresses of the credits context."""

from django.urls import path

from localex.credits import web

app_name = "credits"
urlpatterns = [path("credits/", web.statement, name="statement")]
