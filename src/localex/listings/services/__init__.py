"""What changes listings: drafts and their words, pictures, states."""

from localex.listings.services.categories import plant_categories
from localex.listings.services.drafts import duplicate_listing, set_location, start_draft, update_listing
from localex.listings.services.pictures import add_photo, arrange_photos, describe_photo, move_photo, remove_photo
from localex.listings.services.states import (
    expire_listings,
    mark_as_gone,
    mark_traded,
    pause_listing,
    publish_listing,
    relist_after_trade,
    relist_listing,
    remove_listing,
    renew_listing,
    reserve_listing,
    resume_listing,
)

__all__ = [
    "add_photo",
    "arrange_photos",
    "describe_photo",
    "duplicate_listing",
    "expire_listings",
    "mark_as_gone",
    "mark_traded",
    "move_photo",
    "pause_listing",
    "plant_categories",
    "publish_listing",
    "relist_after_trade",
    "relist_listing",
    "remove_listing",
    "remove_photo",
    "renew_listing",
    "reserve_listing",
    "resume_listing",
    "set_location",
    "start_draft",
    "update_listing",
]
