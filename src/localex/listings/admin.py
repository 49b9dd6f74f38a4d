"""Staff pages of listings. States change through the services only, so staff see them and do not type them."""

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from localex.listings.models import Category, Listing, ListingPhoto


@admin.register(Category)
class CategoryAdmin(ModelAdmin):
    """The tree; names, icons and order may be changed."""

    list_display = ["name", "parent", "slug", "icon", "position"]
    list_filter = [("parent", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["parent"]
    search_fields = ["name", "slug"]
    readonly_fields = ["slug"]
    ordering = ["parent__position", "position"]

    def has_delete_permission(self, request: HttpRequest, obj: Category | None = None) -> bool:
        """Listings hang on it."""
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """The tree is a file: listings/data/categories.json."""
        return False


class ListingPhotoInline(TabularInline):
    """The pictures of a listing, to look at."""

    model = ListingPhoto
    fields = readonly_fields = ["position", "photo", "alt_text"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Listing | None = None) -> bool:
        """Pictures come from the owner."""
        return False


@admin.register(Listing)
class ListingAdmin(ModelAdmin):
    """Listings, newest first. The exact place is private also here."""

    list_display = ["title", "owner", "category", "direction", "kind", "price", "state", "published_at"]
    list_filter = ["state", "direction", "kind", "community"]
    list_select_related = ["owner", "category"]
    search_fields = ["title", "description", "owner__display_name"]
    ordering = ["-id"]
    show_full_result_count = False
    exclude = ["latitude", "longitude", "search_vector"]
    inlines = [ListingPhotoInline]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Members list, staff do not."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Listing | None = None) -> bool:
        """Read only: moderation with its own audit trail comes as a case, not as an edit."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Listing | None = None) -> bool:
        """Trades and reviews point at it."""
        return False
