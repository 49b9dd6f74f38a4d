"""The pages of safe places: parse, ask one query, render."""

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from localex.lib.errors import NotFound
from localex.places import pages, queries
from localex.places.sheets import read_sheet

YEAR_S = 31_536_000
MINUTES_S = 300


@require_safe
def list_places(request: HttpRequest) -> HttpResponse:
    """The safe places of a community, by tier, with a map: for members and visitors alike."""
    place_page = pages.describe_places(
        member=request.member,  # type: ignore[attr-defined]
        slug=request.GET.get("community"),
        tier=request.GET.get("tier"),
        cursor=request.GET.get("cursor"),
    )
    return render(request, "places/list.html", {"page": place_page, "community": place_page.community})


@require_safe
def show_map(request: HttpRequest, slug: str) -> HttpResponse:
    """The drawn map as SVG. Its address names its content, so that a browser keeps it for a year."""
    sheet = queries.find_map_by_slug(slug=slug)
    if sheet is None:
        raise NotFound("There is no map of this community.")
    etag = f'"{sheet.key[:32]}"'
    is_known = etag in request.headers.get("If-None-Match", "")
    response = HttpResponseNotModified() if is_known else HttpResponse(content_type="image/svg+xml")
    if not is_known:
        is_compressed = "gzip" in request.headers.get("Accept-Encoding", "")
        response.content = read_sheet(sheet, is_compressed=is_compressed)
        if is_compressed:
            response["Content-Encoding"] = "gzip"
    is_current = request.GET.get("v") == sheet.version
    response["ETag"] = etag
    response["Cache-Control"] = f"public, max-age={YEAR_S}, immutable" if is_current else f"public, max-age={MINUTES_S}"
    # Opened by itself it may use its own style sheet and letters, and nothing else at all.
    response["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'sha256-{sheet.style_digest}'; font-src data:; frame-ancestors 'none'"
    )
    patch_vary_headers(response, ["Accept-Encoding"])
    return response
