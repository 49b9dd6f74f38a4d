"""The pages of the inbox: parse, call one service, render."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from localex.members.decorators import member_required
from localex.notifications import pages, services, wording


@require_GET
@never_cache
@member_required
def show_inbox(request: HttpRequest) -> HttpResponse:
    """My notices, by day."""
    context = pages.describe_inbox(request.member, request.GET.get("cursor"))  # type: ignore[attr-defined]
    return render(request, "notifications/inbox.html", context)


@require_GET
@never_cache
@member_required
def open_notice(request: HttpRequest, notice_id: uuid.UUID) -> HttpResponse:
    """Go to what a notice is about; it is read then."""
    notice = services.open_notice(actor=request.member, notice_id=notice_id)  # type: ignore[attr-defined]
    return redirect(wording.find_path(notice))


@require_POST
@member_required
def mark_all_read(request: HttpRequest) -> HttpResponse:
    """Nothing is unread any more."""
    services.mark_all_read(actor=request.member)  # type: ignore[attr-defined]
    return redirect("notifications:inbox")
