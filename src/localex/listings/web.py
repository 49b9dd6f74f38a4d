"""Pages of listings: one listing, my listings, and what their owner does with them."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from localex.lib.errors import NotFound
from localex.listings import actions, pages, queries
from localex.members.decorators import member_required


@require_safe
def detail(request: HttpRequest, listing_id: UUID) -> HttpResponse:
    """One listing, for everybody who may see it."""
    viewer = request.member  # type: ignore[attr-defined]
    listing = queries.get_visible(viewer=viewer, listing_id=listing_id)
    return render(request, "listings/detail.html", pages.describe_detail(listing, viewer))


@member_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """The member's own listings by group."""
    actor = request.member  # type: ignore[attr-defined]
    group = request.GET.get("show", "active")
    page = queries.list_own(actor=actor, group=group, cursor=request.GET.get("cursor"))
    return render(request, "listings/mine.html", pages.describe_mine(actor, group, page))


@member_required
@require_POST
def act(request: HttpRequest, listing_id: UUID, slug: str) -> HttpResponse:
    """Pause, resume, mark as gone, relist, renew, duplicate or remove, and say that it is done."""
    action = actions.find_action(slug)
    if action is None:
        raise NotFound("There is nothing like this to do with a listing.")
    listing = actions.run(action, actor=request.member, listing_id=listing_id)  # type: ignore[attr-defined]
    messages.success(request, action.done)
    return redirect(pages.place_after(action, listing))
