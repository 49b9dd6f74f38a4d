"""Browse and search. Everything is in the address, so that pages can be kept, shared and used without JavaScript."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from localex.search.pages import describe_browse, describe_results


def _template(request: HttpRequest, page: str) -> str:
    """htmx asks for the next part of a list, or for the results alone."""
    wanted = request.headers.get("HX-Target", "")
    if "HX-Request" in request.headers and wanted.endswith("more"):
        return "search/parts/more.html"
    return page


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def browse(request: HttpRequest) -> HttpResponse:
    """The newest near me, by category."""
    member = request.member  # type: ignore[attr-defined]
    return render(request, _template(request, "search/browse.html"), describe_browse(member, request.GET))


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def results(request: HttpRequest) -> HttpResponse:
    """Words, filters and an order."""
    member = request.member  # type: ignore[attr-defined]
    return render(request, _template(request, "search/results.html"), describe_results(member, request.GET))
