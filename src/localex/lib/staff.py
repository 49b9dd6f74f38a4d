"""What staff pages share."""

from django.http import HttpRequest


class ReadOnly:
    """Put before a ModelAdmin or an inline: rows to look at, which nobody adds, changes or deletes by hand."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Never; inlines pass the row they belong to."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Never."""
        return False
