"""Turns the errors of services into pages that people understand."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

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
