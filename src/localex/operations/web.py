"""The operator page below the staff pages."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from localex.operations import ledger
from localex.operations.pages import describe_overview


@admin.site.admin_view
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """The ledger's health, the backups and what to do."""
    return _render(request)


@admin.site.admin_view
@require_POST
def resume(request: HttpRequest, community_id: UUID) -> HttpResponse:
    """Let a community post again, for a reason: a job checks everything first, and the page shows what came of it.

    403 for all but superusers.
    """
    # Looking is for all staff.
    if not request.user.is_superuser:
        raise PermissionDenied
    form = ledger.ResumeForm(request.POST, prefix=str(community_id))
    if not form.is_valid():
        return _render(request, status=422, tried={community_id: form})
    reason, despite = form.cleaned_data["reason"], form.cleaned_data["despite"]
    ledger.resume(actor=request.user, community_id=community_id, reason=reason, despite=despite)
    messages.success(request, "Everything is checked first. This page shows how far that is.")
    return redirect("operations:overview")


def _render(request: HttpRequest, *, status: int = 200, tried: Any = None) -> HttpResponse:
    context = {**admin.site.each_context(request), **describe_overview(tried), "title": "Operations"}
    return render(request, "operations/overview.html", context, status=status)
