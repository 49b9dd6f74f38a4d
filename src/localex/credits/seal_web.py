"""What members keep to check the books without us: the published seals, and the script that measures proofs by them."""

from typing import Final

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from localex.credits import seals
from localex.credits.guide import SCRIPT

MOST: Final = 2**62  # more seals than there will be, and a number that the database still reads


@require_GET
@never_cache
@login_required
def seal(request: HttpRequest, seal_no: int) -> HttpResponse:
    """The file of a seal as it is published; 404 for a number that no seal has. For members and staff."""
    is_known = getattr(request, "member", None) is not None or getattr(request.user, "is_staff", False)
    if not is_known or not 0 < seal_no < MOST:
        raise Http404
    text = seals.publisher().read(seal_no) or _write(seal_no)
    if text is None:
        raise Http404
    response = HttpResponse(text, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="seal-{seal_no}.json"'
    return response


def _write(seal_no: int) -> str | None:
    """The same text for a seal that was made a moment ago and is not published yet."""
    found = next(seals.list_seals(after_no=seal_no - 1, limit=1), None)
    return found.text() if found and found.seal_no == seal_no else None


@require_GET
def script(request: HttpRequest) -> HttpResponse:
    """The script that checks a proof, for everybody."""
    response = HttpResponse(SCRIPT.read_bytes(), content_type="text/x-python; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="verify_entry.py"'
    return response
