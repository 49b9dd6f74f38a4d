"""The pages of a member's credits, and of the community's. All of them only read."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from localex.credits import exports
from localex.credits.community import describe_community
from localex.credits.guide import describe_guide
from localex.credits.pages import Asker, describe_statement


def _find_asker(request: HttpRequest) -> Asker | None:
    """Whose credits are shown: always those of the member who asks; None for an account without a community."""
    member = getattr(request, "member", None)
    return Asker(member.community_id, member.ledger_ref, member.community.zone) if member else None


@require_GET
@never_cache
@login_required
def statement(request: HttpRequest) -> HttpResponse:
    """The balance, its course, and every line of it by day, as far as the filters leave it."""
    who = _find_asker(request)
    if who is None:
        return redirect("members:join")
    return render(request, "credits/statement.html", describe_statement(who, request.GET))


@require_GET
@never_cache
@login_required
def download(request: HttpRequest) -> HttpResponseBase:
    """The same lines as a file of comma-separated values, sent while it is read."""
    who = _find_asker(request)
    if who is None:
        return redirect("members:join")
    form = exports.read_right_form(who, request.GET)
    response = StreamingHttpResponse(exports.stream_csv(who, form), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{exports.name_file(form)}"'
    return response


@require_GET
@never_cache
@login_required
def print_statement(request: HttpRequest) -> HttpResponse:
    """The same lines as a document to print."""
    who = _find_asker(request)
    if who is None:
        return redirect("members:join")
    return render(request, "credits/print.html", exports.describe_print(who, request.GET))


@require_GET
@never_cache
@login_required
def community(request: HttpRequest) -> HttpResponse:
    """Where the credits of the community are, and when somebody last looked that none is missing."""
    who = _find_asker(request)
    if who is None:
        return redirect("members:join")
    return render(request, "credits/community.html", describe_community(who.community_id))


@require_GET
def guide(request: HttpRequest) -> HttpResponse:
    """How credits and escrow work, in plain words, for everybody."""
    return render(request, "credits/guide.html", describe_guide())
