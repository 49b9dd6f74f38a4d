"""Who is asking: `request.member`."""

from collections.abc import Callable
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property

from localex.members.models import Member
from localex.members.queries import find_current

SESSION_KEY = "community_id"


class CurrentMemberMiddleware:
    """Gives every request `member`: the signed-in account's member in the chosen community, or None.

    It is looked up at first use and kept. A property of the class and not a lazy object, because None must be None;
    pages that never ask for it read no session and stay cacheable for everybody.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        if not hasattr(HttpRequest, "member"):
            member = cached_property(find_member)
            member.__set_name__(HttpRequest, "member")
            HttpRequest.member = member  # type: ignore[attr-defined]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)


def choose_community(request: HttpRequest, community_id: UUID) -> None:
    """Remember in the session which of their communities the account acts in."""
    request.session[SESSION_KEY] = str(community_id)
    request.__dict__.pop("member", None)


def find_member(request: HttpRequest) -> Member | None:
    """The member that acts in this request, looked up afresh, or None."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    return find_current(user_id=user.pk, community_id=_chosen(request))


def _chosen(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.session.get(SESSION_KEY, ""))
    except ValueError:
        return None
