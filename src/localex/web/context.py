"""What every page may show: who is here, in which community, and what waits for them."""

from typing import Any

from django.http import HttpRequest

THEMES = ("light", "dark")


def page_context(request: HttpRequest) -> dict[str, Any]:
    """Return member, community and theme; values that cost a query are fetched only when a template shows them."""
    member = getattr(request, "member", None)
    theme = request.COOKIES.get("theme", "")
    return {
        "member": member,
        "community": getattr(member, "community", None),
        "theme": theme if theme in THEMES else "",
    }
