"""Addresses of the listings context."""

from django.urls import path

from localex.listings import editing, web

app_name = "listings"

urlpatterns = [
    path("me/listings/", web.mine, name="mine"),
    path("listings/new/", editing.new, name="new"),
    path("listings/pictures/<uuid:listing_photo_id>/", editing.photo, name="photo"),
    path("listings/<uuid:listing_id>/", web.detail, name="detail"),
    path("listings/<uuid:listing_id>/edit/", editing.edit, name="edit"),
    path("listings/<uuid:listing_id>/edit/<slug:slug>/", editing.step, name="step"),
    path("listings/<uuid:listing_id>/pictures/", editing.photos, name="photos"),
    path("listings/<uuid:listing_id>/pictures/order/", editing.arrange, name="arrange"),
    path("listings/<uuid:listing_id>/publish/", editing.publish, name="publish"),
    path("listings/<uuid:listing_id>/do/<slug:slug>/", web.act, name="act"),
]
