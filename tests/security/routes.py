"""Every route of LocalEx and who may open it. A route that is not declared here fails the tests.

Who: EVERYBODY; STAFF; ACCOUNT (signed in, also without a community); MEMBER (of this community); OWNER, MAKER or SIDES
(of the object in the address; to every other member it does not exist).
"""

from collections.abc import Iterator
from typing import Final

from django.urls import URLPattern, URLResolver, get_resolver

EVERYBODY, ACCOUNT, MEMBER, STAFF = "everybody", "account", "member", "staff"
OWNER, SIDES = "owner", "sides"

ROUTES: Final[dict[str, str]] = {
    "web:front": EVERYBODY,
    "web:design": STAFF,
    "web:livez": EVERYBODY,
    "web:readyz": EVERYBODY,
    "members:sign_in": EVERYBODY,
    "members:me": MEMBER,
    "members:redraw": MEMBER,
    "members:join": ACCOUNT,
    "members:profile": EVERYBODY,
    "members:avatar": EVERYBODY,
    "account_login": EVERYBODY,
    "account_logout": EVERYBODY,
    "account_inactive": EVERYBODY,
    "account_signup": EVERYBODY,
    "account_reauthenticate": ACCOUNT,
    "account_email": ACCOUNT,
    "account_email_verification_sent": EVERYBODY,
    "account_change_password": ACCOUNT,
    "account_set_password": ACCOUNT,
    "account_reset_password": EVERYBODY,
    "account_confirm_login_code": EVERYBODY,
    "account_confirm_email": EVERYBODY,
    "account_reset_password_from_key_done": EVERYBODY,
    "account_reset_password_from_key": EVERYBODY,
    "account_reset_password_done": EVERYBODY,
    "places:list": EVERYBODY,
    "places:location": MEMBER,
    "places:map": EVERYBODY,
    "media:picture": EVERYBODY,
    "listings:mine": MEMBER,
    "listings:new": MEMBER,
    "listings:photo": OWNER,
    "listings:detail": EVERYBODY,
    "listings:edit": OWNER,
    "listings:step": OWNER,
    "listings:photos": OWNER,
    "listings:arrange": OWNER,
    "listings:publish": OWNER,
    "listings:act": OWNER,
    "search:browse": EVERYBODY,
    "search:results": EVERYBODY,
    "trading:list": MEMBER,
    "trading:make_offer": MEMBER,
    "trading:offer": SIDES,
    "trading:accept_offer": SIDES,
    "trading:decline_offer": SIDES,
    "trading:withdraw_offer": SIDES,
    "trading:detail": SIDES,
    "trading:pick_place": SIDES,
    "trading:propose_time": SIDES,
    "trading:accept_time": SIDES,
    "trading:arrive": SIDES,
    "trading:code": SIDES,
    "trading:hand_over": SIDES,
    "trading:cancel": SIDES,
    "trading:decline_item": SIDES,
    "trading:review": SIDES,
    "credits:statement": ACCOUNT,
    "credits:download": ACCOUNT,
    "credits:print": ACCOUNT,
    "credits:community": ACCOUNT,
    "credits:guide": EVERYBODY,
    "credits:proof": OWNER,
    "credits:seal": MEMBER,
    "credits:script": EVERYBODY,
    "operations:overview": STAFF,
    "operations:resume": STAFF,
    "notifications:inbox": MEMBER,
    "notifications:mark_all_read": MEMBER,
    "notifications:open": OWNER,
}

# Below the staff pages everything is Django's and for staff alone, except the door.
STAFF_NAMESPACE: Final = "admin:"
STAFF_DOORS: Final = frozenset({"admin:login", "admin:logout"})

# Routes that change something, with what their address needs. All others only read.
POSTS: Final = frozenset(
    {
        "members:sign_in",
        "members:redraw",
        "members:join",
        "account_logout",
        "account_signup",
        "account_reauthenticate",
        "account_email",
        "account_change_password",
        "account_set_password",
        "account_reset_password",
        "account_confirm_login_code",
        "account_confirm_email",
        "account_email_verification_sent",
        "places:location",
        "operations:resume",
        *(name for name in ROUTES if name.startswith(("trading:", "listings:", "notifications:"))),
    }
    - {"listings:mine", "listings:new", "listings:detail", "listings:edit"}
    - {"trading:list", "trading:offer", "trading:detail", "trading:code", "notifications:inbox", "notifications:open"}
)


def walk() -> Iterator[tuple[str, str]]:
    """Full name and pattern of every route of the running site."""

    def below(patterns: list[URLPattern | URLResolver], namespace: str, prefix: str) -> Iterator[tuple[str, str]]:
        for pattern in patterns:
            address = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
                yield from below(pattern.url_patterns, inner, address)
            else:
                yield f"{namespace}{pattern.name}", address

    return below(get_resolver().url_patterns, "", "/")
