"""Who may open a page."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from localex.members.models import Member
from localex.members.services import check_may_act


class MemberRequest(HttpRequest):
    """What a view behind `member_required` gets: somebody is asking."""

    member: Member


READING = frozenset({"GET", "HEAD", "OPTIONS"})


def member_required(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Only for members: `request.member` is set inside.

    A visitor goes to sign-in and comes back; an account without a membership goes to choose a community. Suspended
    members may read: what changes something raises MemberMayNotAct.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return _visit(request, redirect_to_login(_way_back(request))["Location"])
        member = request.member  # type: ignore[attr-defined]
        if member is None or member.state == member.State.PENDING:
            return _visit(request, redirect("members:join")["Location"])
        if request.method not in READING:
            check_may_act(member)
        return view(request, *args, **kwargs)

    return guarded


def _way_back(request: HttpRequest) -> str:
    """The page to return to after sign-in: this one, or for a form that was sent the page it stood on."""
    if request.method in READING and not request.headers.get("HX-Request"):
        return request.get_full_path()
    source = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or "/"
    if not url_has_allowed_host_and_scheme(source, {request.get_host()}):
        return "/"
    parts = urlsplit(source)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path or "/"


def _visit(request: HttpRequest, url: str) -> HttpResponse:
    """Send the browser to `url`; a request made by htmx must not put the page into a part of another."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return redirect(url)
