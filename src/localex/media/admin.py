"""Staff pages of pictures: to look at, not to change."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.admin import ModelAdmin

from localex.media.models import Photo
from localex.media.queries import photo_url


@admin.register(Photo)
class PhotoAdmin(ModelAdmin):
    """Pictures, newest first."""

    list_display = ["preview", "state", "reason", "width", "height", "created_at"]
    list_filter = ["state"]
    ordering = ["-id"]
    search_fields = ["id", "sha256"]
    show_full_result_count = False

    @admin.display(description="Picture")
    def preview(self, photo: Photo) -> str:
        """A small picture, or a dash."""
        address = photo_url(photo, 200)
        return format_html('<img src="{}" alt="" width="64" height="64">', address) if address else "–"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Pictures come in by upload only."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Photo | None = None) -> bool:
        """Nothing of a picture is edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Photo | None = None) -> bool:
        """A picture goes with what it belongs to."""
        return False
