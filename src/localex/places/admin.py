"""Staff pages of safe places, postcodes and maps."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from localex.lib.staff import ReadOnly
from localex.places.models import MapSheet, Postcode, SafePlace
from localex.places.services import restore_place, retire_place

OPENSTREETMAP = "https://www.openstreetmap.org"


@admin.register(SafePlace)
class SafePlaceAdmin(ModelAdmin):
    """Facts can be corrected; taking a place out goes through the service, so that no import brings it back."""

    list_display = ["name", "what", "tier", "state", "opening_hours", "daylight_only", "checked_at", "on_map"]
    list_filter = ["community", "tier", "state", "retired_reason", "daylight_only", "what"]
    search_fields = ["name", "what", "osm_ref"]
    list_select_related = ["community"]
    list_per_page = 50
    actions = ["retire", "restore"]
    readonly_fields = ["osm_kind", "osm_ref", "state", "retired_reason", "created_at", "updated_at", "on_map"]
    fieldsets = [
        (None, {"fields": ["community", "name", "what", "tier", "daylight_only"]}),
        ("Where it is", {"fields": [("latitude", "longitude"), "on_map"]}),
        ("Facts", {"fields": ["opening_hours", ("lit", "covered"), ("step_free", "parking"), "checked_at"]}),
        ("Where it comes from", {"fields": ["osm_ref", "osm_kind", ("state", "retired_reason"), "updated_at"]}),
    ]

    @admin.display(description="Map")
    def on_map(self, place: SafePlace) -> SafeString:
        """A link to the place, or to the object that it was imported from."""
        if not place.osm_ref and place.latitude is None:
            return SafeString("")
        path = place.osm_ref or f"?mlat={place.latitude}&mlon={place.longitude}"
        return format_html('<a href="{}/{}" rel="noopener noreferrer">OpenStreetMap</a>', OPENSTREETMAP, path)

    def has_delete_permission(self, request: HttpRequest, obj: SafePlace | None = None) -> bool:
        """Trades that met there keep it; it is retired instead."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: SafePlace | None = None) -> list[Any]:
        """A place never moves to another community."""
        return [*self.readonly_fields, *(["community"] if obj else [])]

    @admin.action(description="Take out: never propose again", permissions=["change"])
    def retire(self, request: HttpRequest, places: QuerySet[SafePlace]) -> None:
        """Through the service, place by place."""
        for place in places:
            retire_place(place_id=place.pk)
        messages.success(request, f"{len(places)} taken out. No import brings them back.")

    @admin.action(description="Bring back, as checked now", permissions=["change"])
    def restore(self, request: HttpRequest, places: QuerySet[SafePlace]) -> None:
        """Through the service, place by place."""
        for place in places:
            restore_place(place_id=place.pk)
        messages.success(request, f"{len(places)} brought back.")


@admin.register(Postcode)
class PostcodeAdmin(ReadOnly, ModelAdmin):
    """Postcodes as imported."""

    list_display = ["code", "community", "latitude", "longitude"]
    list_filter = ["community"]
    search_fields = ["code"]


@admin.register(MapSheet)
class MapSheetAdmin(ReadOnly, ModelAdmin):
    """The drawn maps."""

    list_display = ["community", "drawn_at", "byte_count", "picture"]
    list_select_related = ["community"]

    @admin.display(description="Map")
    def picture(self, sheet: MapSheet) -> SafeString:
        """A link to the drawing."""
        return format_html('<a href="{}">Look at it</a>', sheet.url)
