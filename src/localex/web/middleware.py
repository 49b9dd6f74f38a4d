"""Turns the errors of services into pages that people understand."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from localex.lib.errors import LocalExError
from localex.web import errors


class ErrorPageMiddleware:
    """Renders a LocalExError that a view did not handle as a friendly page, or as a notice inside an htmx fragment."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Django calls this for what a view raises; anything but a LocalExError goes on to Django's own handling."""
        if not isinstance(exception, LocalExError):
            return None
        return errors.render_error(request, exception.status, message=exception.message, kept=exception.kept)


class CommunityTimeMiddleware:
    """Speaks and reads times in the time zone of the member's community, from parsing a form to drawing the page.

    Only requests with a session cookie can have a member; all others stay in UTC and touch no session.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
        member = getattr(request, "member", None) if has_session else None
        with timezone.override(member.community.zone if member else None):
            return self.get_response(request)
