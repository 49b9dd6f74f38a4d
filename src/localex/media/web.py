"""Serves finished pictures."""

from django.db import transaction
from django.http import FileResponse, HttpRequest
from django.views.decorators.http import etag, require_safe

from localex.media.queries import open_picture


def _entity_tag(request: HttpRequest, key: str) -> str:
    return f'"{key}"'


@transaction.non_atomic_requests
@require_safe
@etag(_entity_tag)
def picture(request: HttpRequest, key: str) -> FileResponse:
    """One rendition. It never changes under its name, so browsers keep it for a year; it needs no database."""
    response = FileResponse(open_picture(key=key), content_type="image/webp")
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Content-Disposition"] = "inline"
    return response
