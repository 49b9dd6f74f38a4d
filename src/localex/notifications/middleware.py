"""Seeing the page is reading the notice, whichever way somebody came to it."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from localex.notifications.services import see_subject
from localex.notifications.wording import PAGES

_SUBJECTS = {page: subject for subject, page in PAGES.items()}


class SeenNoticesMiddleware:
    """Marks the member's notices about a thing read when its page is opened.

    Before the page is made, so that the number of unread ones on it is right. Only ever their own notices: whether they
    may see the page is the page's business.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]) -> None:
        """See the class."""
        match = request.resolver_match
        subject = _SUBJECTS.get(match.view_name) if match and request.method == "GET" else None
        if subject is None or len(kwargs) != 1 or (member := getattr(request, "member", None)) is None:
            return
        (subject_id,) = kwargs.values()
        see_subject(actor=member, subject=subject, subject_id=subject_id)
