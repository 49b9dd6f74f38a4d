"""Addresses of the demo; only there in demo mode."""

from django.urls import path

from localex.demo import web

app_name = "demo"

urlpatterns = [
    path("demo/", web.index, name="index"),
    path("demo/as/", web.become, name="become"),
    path("demo/mailbox/", web.mailbox, name="mailbox"),
    path("demo/mailbox/<uuid:mail_id>/", web.mail, name="mail"),
    path("demo/mailbox/<uuid:mail_id>/body/", web.mail_body, name="mail_body"),
]
