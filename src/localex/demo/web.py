"""The pages of the demo: be anybody with one click, and read everybody's mail."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST

from localex.demo import queries
from localex.demo.doors import demo_only
from localex.members.middleware import choose_community
from localex.ports.mail import FolderMailbox, StoredMail

# A mail is a stranger's page: nothing runs in it, nothing is fetched, and its links leave the frame.
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
MAIL_POLICY += "frame-ancestors 'self'; sandbox allow-top-navigation-by-user-activation"
MAILS_SHOWN = 60


@demo_only
@require_GET
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """Whom to be, and what to try first."""
    guests, others = queries.list_guests()
    return render(request, "demo/index.html", {"guests": guests, "others": others})


@demo_only
@require_POST
def become(request: HttpRequest) -> HttpResponse:
    """Sign in as a neighbour of the demo town; whoever was signed in is signed out."""
    name = request.POST.get("display_name", "")
    if "\0" in name:  # which PostgreSQL would refuse to compare with
        raise Http404
    member = get_object_or_404(queries.neighbours(), display_name=name)
    login(request, member.user, backend=settings.AUTHENTICATION_BACKENDS[0])
    choose_community(request, member.community_id)
    messages.success(request, f"You are {member.display_name} now.")
    return redirect("web:front")


@demo_only
@require_GET
@never_cache
def mailbox(request: HttpRequest) -> HttpResponse:
    """All mail that the town has sent, the newest first, or only that to who is signed in."""
    mine = request.user.email if request.user.is_authenticated else ""
    is_mine = bool(mine) and request.GET.get("of") == "me"
    mails = _folder().list_mails(to=mine if is_mine else "", limit=MAILS_SHOWN)
    with timezone.override(queries.town_zone()):  # a visitor who is nobody yet has no time zone
        return render(request, "demo/mailbox.html", {"mails": mails, "mine": mine, "is_mine": is_mine})


@demo_only
@require_GET
@never_cache
def mail(request: HttpRequest, mail_id: UUID) -> HttpResponse:
    """One mail: whom it is for, and its words in a frame."""
    with timezone.override(queries.town_zone()):
        return render(request, "demo/mail.html", {"mail": _get_mail(mail_id)})


@demo_only
@require_GET
@never_cache
@xframe_options_sameorigin
def mail_body(request: HttpRequest, mail_id: UUID) -> HttpResponse:
    """What stands in the frame: the mail as its reader sees it, locked in."""
    found = _get_mail(mail_id)
    response = HttpResponse(found.html.replace("<head>", '<head><base target="_top">', 1))
    response["Content-Security-Policy"] = MAIL_POLICY
    return response


def _folder() -> FolderMailbox:
    return FolderMailbox(settings.LOCALEX.data_dir / "mail")


def _get_mail(mail_id: UUID) -> StoredMail:
    found = _folder().find_mail(mail_id)
    if found is None:
        raise Http404
    return found
