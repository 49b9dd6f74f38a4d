"""The pages that belong to no other context: front, design, and what monitors ask."""

from django.db import connection
from django.db.utils import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from localex.lib.errors import NotFound
from localex.web import specimens
from localex.web.front import describe_front


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """What needs me first and what is new near me; for visitors, what LocalEx is."""
    return render(request, "web/front.html", describe_front(request.member))  # type: ignore[attr-defined]


@require_safe
def design(request: HttpRequest) -> HttpResponse:
    """Every component in every state, for staff."""
    if not getattr(request.user, "is_staff", False):
        raise NotFound("There is nothing at this address.")
    return render(request, "web/design.html", specimens.build_specimens())


@never_cache
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """Say that this process answers; touches nothing."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Say whether this process can serve people: 200 with PostgreSQL, 503 without."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"ready": False, "postgresql": "down"}, status=503)
    return JsonResponse({"ready": True, "postgresql": "up"})
