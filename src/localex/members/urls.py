"""Addresses of the members context."""

from django.db import transaction
from django.urls import path

from localex.members import web

app_name = "members"

urlpatterns = [
    # The same address as allauth's own, which comes later. Each attempt to sign in is counted and committed before the
    # password is hashed: in the usual one transaction, tries on one account would queue for each other's row lock and
    # take every database connection with them.
    path("accounts/login/", transaction.non_atomic_requests(web.sign_in), name="sign_in"),
    path("me/", web.me, name="me"),
    path("me/name/", web.redraw, name="redraw"),
    path("join/", web.join, name="join"),
    path("members/<str:display_name>/", web.profile, name="profile"),
    # No transaction: it asks the database nothing.
    path("avatars/<str:display_name>.svg", transaction.non_atomic_requests(web.avatar_image), name="avatar"),
]
