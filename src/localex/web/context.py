"""What every page may show: who is here, in which community, and what waits for them."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from localex.web import counts

THEMES = ("light", "dark")


def page_context(request: HttpRequest) -> dict[str, Any]:
    """Return member, community, theme and what the header counts.

    `member` costs a query at first use; `balance`, `unread_count` and `postings_stop` one each, and only where a
    template shows them.
    """
    theme = request.COOKIES.get("theme", "")
    member = getattr(request, "member", None)
    return {
        "member": member,
        "community": getattr(member, "community", None),
        "theme": theme if theme in THEMES else "",
        "balance": SimpleLazyObject(lambda: counts.find_balance(member)),
        "unread_count": SimpleLazyObject(lambda: counts.count_unread(member)),
        "postings_stop": SimpleLazyObject(lambda: counts.find_stop(member)),
    }
