"""Addresses of the inbox."""

from django.urls import path

from localex.notifications import web

app_name = "notifications"

urlpatterns = [
    path("inbox/", web.show_inbox, name="inbox"),
    path("inbox/read/", web.mark_all_read, name="mark_all_read"),
    path("inbox/<uuid:notice_id>/", web.open_notice, name="open"),
]
