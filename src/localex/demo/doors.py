"""Keeps the demo's pages for this very machine: they open any account without a password."""

from collections.abc import Callable
from functools import wraps
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_FORWARDED", "HTTP_VIA")


def is_from_here(request: HttpRequest) -> bool:
    """Whether somebody at this machine asks, and asks it by a name of its own.

    Behind a proxy everybody seems to be here, so a forwarded request is not. The name in the address must be this
    machine's too: a page elsewhere whose name was made to lead here does not get in.
    """
    if any(header in request.META for header in FORWARDED):
        return False
    host = request.get_host().rpartition(":")[0] if _has_port(request.get_host()) else request.get_host()
    return _is_loopback(request.META.get("REMOTE_ADDR", "")) and (host == "localhost" or _is_loopback(host.strip("[]")))


def _has_port(host: str) -> bool:
    return host.rpartition(":")[2].isdigit() and not host.endswith("]")


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def demo_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answers "not found" outside demo mode and to everybody but this machine."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.LOCALEX.demo or not is_from_here(request):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded
