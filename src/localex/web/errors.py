"""Error pages: what happened, what was not lost, what to do. Also Django's handlers (ROOT_URLCONF names them)."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

PAUSED = 503


@dataclass(frozen=True)
class ErrorPage:
    """The words of an error page when the error itself brings none."""

    title: str
    message: str
    kept: str
    drawing: str


PAGES = {
    400: ErrorPage(
        "We could not read that request",
        "The address or the form that arrived was not complete.",
        "Nothing was changed.",
        "letter",
    ),
    403: ErrorPage(
        "You cannot do this here",
        "This page is open to somebody else, or your sign-in is too old for it.",
        "Nothing was changed, and your own things are where they were.",
        "door",
    ),
    404: ErrorPage(
        "There is nothing at this address",
        "It may have been taken down, or the address has a slip in it.",
        "Your listings, trades and credits are not affected.",
        "path",
    ),
    409: ErrorPage(
        "Something changed while you were looking",
        "Somebody was quicker, or this has moved on since you opened the page.",
        "Your credits have not moved.",
        "clock",
    ),
    422: ErrorPage(
        "That does not work as it is",
        "One of the rules of this community says no to it.",
        "Nothing was changed.",
        "letter",
    ),
    429: ErrorPage(
        "That was a lot at once",
        "To protect everybody we pause after many tries. Wait a few minutes, then try again.",
        "Nothing that you did before is lost.",
        "clock",
    ),
    500: ErrorPage(
        "Something broke on our side",
        "It is not your fault. The people who run this LocalEx can see what happened.",
        "What you did before is saved, and no credits were moved by the step that failed.",
        "door",
    ),
    503: ErrorPage(
        "This is paused for the moment",
        "Somebody is looking after it. Try again a little later.",
        "Nothing was changed, and your credits are where they were.",
        "clock",
    ),
}


def render_error(request: HttpRequest, status: int, *, message: str = "", kept: str = "") -> HttpResponse:
    """Return the page for `status`, or only its notice when htmx asked for a fragment.

    A page of an unknown status is drawn like 400 or 500. The 500 page asks neither session nor database anything. The
    503 page is about credits that do not move while all else does: it is a page like the others, with a way back.
    """
    page = PAGES.get(status) or PAGES[400 if status < 500 else 500]
    words = {"page": page, "status": status, "message": message or page.message, "kept": kept or page.kept}
    if status == PAUSED:
        words["back"] = _find_way_back(request)
    template = "components/error_notice.html" if "HX-Request" in request.headers else f"{_template_status(status)}.html"
    return render(request if status < 500 or status == PAUSED else None, template, words, status=status)


def _find_way_back(request: HttpRequest) -> str:
    """The page of ours that the step was taken on, or ""."""
    referer = request.headers.get("Referer", "")
    hosts = {request.get_host()}
    return referer if url_has_allowed_host_and_scheme(referer, hosts, require_https=request.is_secure()) else ""


def _template_status(status: int) -> int:
    return status if status in PAGES else 400 if status < 500 else 500


def handler400(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler of bad requests; the exception's text may be hostile, so it is not shown."""
    return render_error(request, 400)


def handler403(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler of PermissionDenied."""
    return render_error(request, 403)


def handler404(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler of Http404."""
    return render_error(request, 404)


def handler500(request: HttpRequest) -> HttpResponse:
    """Django's handler of everything unexpected."""
    return render_error(request, 500)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: usually cookies are off, or the page was open for very long (CSRF_FAILURE_VIEW)."""
    return render_error(
        request,
        403,
        message="The page was open for a long time, or the browser does not keep cookies. "
        "Go back, reload it and send it again.",
        kept="Nothing was changed. What you typed is still there when you go back.",
    )
