"""The page of a member's credits."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from localex.credits.pages import describe_statement


@require_GET
@never_cache
@login_required
def statement(request: HttpRequest) -> HttpResponse:
    """The balance, and every line of it by day; an account without a community chooses one first."""
    member = getattr(request, "member", None)
    if member is None:
        return redirect("members:join")
    context = describe_statement(
        community_id=member.community_id, owner=member.ledger_ref, cursor=request.GET.get("cursor")
    )
    return render(request, "credits/statement.html", {**context, "community": member.community})
