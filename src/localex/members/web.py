"""Pages of members: me, somebody else, choosing a community, the avatar; and sign-in, whose transaction is special."""

from uuid import UUID

from allauth.account.views import LoginView
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from localex.communities.queries import list_open
from localex.lib import clock
from localex.members import avatar, queries, sections, services
from localex.members.adapter import MemberAdapter
from localex.members.decorators import member_required
from localex.members.forms import JoinForm
from localex.members.middleware import choose_community
from localex.members.models import Member
from localex.members.names import is_name

FOR_EVER = "public, max-age=31536000, immutable"

sign_in = LoginView.as_view()


@member_required
@require_GET
@never_cache
def me(request: HttpRequest) -> HttpResponse:
    """Who I am here, what others see of it, and the way to everything of mine."""
    member = request.member  # type: ignore[attr-defined]
    can_act_again = member.name_redrawn_at and member.name_redrawn_at + services.REDRAW_AFTER
    return render(
        request,
        "members/me.html",
        {
            "facts": queries.public_facts(member),
            "redraw_at": can_act_again if can_act_again and can_act_again > clock.now() else None,
            "map": _area_map(member),
            "memberships": queries.list_memberships(user_id=_account_id(request)),
        },
    )


@member_required
@require_POST
def redraw(request: HttpRequest) -> HttpResponse:
    """Draw a new display name."""
    member = services.redraw_name(member_id=request.member.pk)  # type: ignore[attr-defined]
    messages.success(request, f"You are now {member.display_name}. Nobody else can ever have your old name.")
    return redirect("members:me")


@require_GET
def profile(request: HttpRequest, display_name: str) -> HttpResponse:
    """What anybody may know about a member, and what other contexts add to it."""
    viewer = request.member  # type: ignore[attr-defined]
    owner = queries.get_visible_member(display_name=display_name, community_id=viewer.community_id if viewer else None)
    return render(
        request,
        "members/profile.html",
        {
            "owner": owner,
            "is_me": owner == viewer,
            "facts": queries.public_facts(owner),
            "sections": sections.load_sections(owner=owner, viewer=viewer),
        },
    )


@require_GET
def avatar_image(request: HttpRequest, display_name: str) -> HttpResponse:
    """The avatar as SVG, for ever: another name has another address. Reads neither session nor database."""
    if not is_name(display_name):
        raise Http404
    etag = quote_etag(avatar.avatar_tag(display_name))
    response = get_conditional_response(request, etag=etag) or HttpResponse(
        avatar.draw_avatar(display_name), content_type="image/svg+xml"
    )
    response["ETag"] = etag
    response["Cache-Control"] = FOR_EVER
    # Opened by itself it is a document: nothing in it may run.
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def join(request: HttpRequest) -> HttpResponse:
    """Choose the community to act in: one of mine, or a new one."""
    memberships = queries.list_memberships(user_id=_account_id(request))
    mine = {member.community_id for member in memberships}
    open_ones = [community for community in list_open() if community.pk not in mine]
    choices = [(str(each.community_id), each.community.name) for each in memberships]
    choices += [(str(community.pk), community.name) for community in open_ones]
    form = JoinForm(request.POST or None, choices=choices)
    if request.method == "POST" and form.is_valid():
        member = services.join_community(user_id=_account_id(request), community_id=form.cleaned_data["community"])
        choose_community(request, member.community_id)
        return redirect(MemberAdapter(request).get_login_redirect_url(request))
    status = 422 if form.is_bound else 200
    return render(request, "members/join.html", {"form": form, "memberships": memberships}, status=status)


def _area_map(member: Member) -> dict[str, object] | None:
    """What components/map.html needs to show the square that others see, or None without a location."""
    if member.cell is None:
        return None
    return {
        "mode": "area",
        "community_id": member.community_id,
        "latitude": member.cell.lat,
        "longitude": member.cell.lon,
        "label": "Map of the square kilometre in which others see you",
    }


def _account_id(request: HttpRequest) -> UUID:
    """The signed-in account. PermissionDenied for nobody, which the decorators have ruled out."""
    if request.user.pk is None:
        raise PermissionDenied
    return request.user.pk
