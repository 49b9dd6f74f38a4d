"""Refuses what is too large, and turns the errors of services into pages that people understand."""

import re
from collections.abc import Callable

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from localex.lib.errors import LocalExError
from localex.web import errors

# In bytes. Forms are text, of which Django itself reads at most 1 MB.
MAX_BODY = 1_500_000
# A listing's twelve pictures of 10 MB each (listings and media check each one) and the form around them.
MAX_PICTURES_BODY = 12 * 10 * 1024 * 1024 + 1024 * 1024
# As DATA_UPLOAD_MAX_NUMBER_FIELDS, from which on Django raises.
MAX_PARAMETERS = 200
PICTURES_PATH = re.compile(r"/listings/[0-9a-fA-F-]{36}/pictures/")


class BodySizeMiddleware:
    """Refuses a request whose body is larger, or whose address has more parameters, than any form of ours.

    It comes first, before anything reads either: Django refuses to read that many parameters, even for the error page.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.META.get("QUERY_STRING", "").count("&") >= MAX_PARAMETERS:
            words = "This address has too many parameters. Nothing was changed."
            return HttpResponse(words, status=400, content_type="text/plain; charset=utf-8")
        takes_pictures = request.method == "POST" and PICTURES_PATH.fullmatch(request.path_info)
        limit = MAX_PICTURES_BODY if takes_pictures else MAX_BODY
        try:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            length = 0
        if length <= limit:
            return self.get_response(request)
        # No page: drawing one would ask for the session and the member, which are not known here.
        words = f"That is too large: at most {limit // 1_000_000} MB can be sent at once. Nothing was changed."
        response = HttpResponse(words, status=413, content_type="text/plain; charset=utf-8")
        response["Connection"] = "close"
        return response


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


class NulGuardMiddleware:
    """Refuses an address that holds a NUL: no page has one, and PostgreSQL refuses to compare with it.

    Bodies are the business of forms, whose text fields refuse it beside the field.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        if "\0" in request.path or "%00" in query or "\0" in query:
            return errors.render_error(request, 400)
        return self.get_response(request)


class StaffPolicyMiddleware:
    """Loosens the Content-Security-Policy for the staff pages, and for nothing else.

    The admin's theme draws with Alpine, which compiles expressions and sets styles; it knows no stricter build. Staff
    pages show nothing unescaped that members wrote, and only staff can open them.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.path = f"/{settings.LOCALEX.staff_path}/"

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith(self.path):
            response._csp_update = {  # type: ignore[attr-defined]
                "script-src": [UNSAFE_EVAL],
                "style-src": [UNSAFE_INLINE],
            }
        return response
