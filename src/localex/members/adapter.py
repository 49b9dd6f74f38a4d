"""What LocalEx asks of django-allauth.

Limits of product.md: 5 failed sign-ins per 15 minutes for an account from one network. An attacker has many networks
and many accounts, so there are two outer limits of 20 in the same time: for the account from anywhere, and for the
network whatever the account. A right password takes its attempt back. Everything is counted before the password is
looked at, and the same for accounts that do not exist.
"""

import ipaddress
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from localex.communities.queries import list_open
from localex.members import limits, services
from localex.members.errors import TooManyAttempts
from localex.members.middleware import find_member
from localex.members.models import User

SIGN_IN_WINDOW = timedelta(minutes=15)
HOUR = timedelta(hours=1)
MAX_URL_LENGTH = 2_000


class MemberAdapter(DefaultAccountAdapter):
    """Sign-up, sign-in and confirmation as LocalEx wants them; mail is added by notifications.account_mail."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": "This account is switched off. Write to your community's coordinator.",
        "email_password_mismatch": "The e-mail address or the password is not right.",
        "enter_current_password": "This is not your current password.",
        "incorrect_password": "This is not your password.",
        "invalid_password_reset": "This link was already used or is too old.",
        "same_as_current": "This is the address you have already.",
        "duplicate_email": "This is the address you have already.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether any community takes newcomers."""
        return bool(list_open())

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address that limits count; the connection's own when fewer proxies wrote theirs than the settings say."""
        try:
            return str(super().get_client_ip(request))
        except (ImproperlyConfigured, PermissionDenied):
            return str(request.META["REMOTE_ADDR"])

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt before the password is looked at. TooManyAttempts beyond a limit."""
        counted: list[tuple[str, str]] = []
        for scope, key, limit in _sign_in_limits(request, credentials):
            wait = limits.find_wait(scope, key, limit, SIGN_IN_WINDOW)
            if wait is not None:
                for earlier in counted:
                    limits.give_back(*earlier)
                raise TooManyAttempts(
                    f"Too many failed sign-ins. Try again in {limits.wait_words(wait)}, or set a new password.",
                    kept="Your account and everything in it are as they were.",
                )
            counted.append((scope, key))

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """The account that these credentials open, or None; a success does not count as an attempt."""
        user = super().authenticate(request, **credentials)
        if user is not None:
            for scope, key, _ in _sign_in_limits(request, credentials):
                limits.give_back(scope, key)
        return user

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """Keep the new password, which ends every other session, and forget the failed tries with the old one."""
        with transaction.atomic():
            super().set_password(user, password)
            for scope, key, _ in _sign_in_limits(self.request, {"email": getattr(user, "email", "")}):
                if scope != "sign_in.network":
                    limits.clear(scope, key)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Mark the address as theirs and make the waiting memberships active, both or neither."""
        with transaction.atomic():
            # Of two clicks on the link at once, the second waits here and finds the first one's work.
            User.objects.select_for_update().get(pk=email_address.user_id)
            services.discard_unconfirmed_account(email=email_address.email, keep=email_address.user_id)
            is_confirmed: bool = super().confirm_email(request, email_address)
            if is_confirmed:
                services.confirm_account(user_id=email_address.user_id)
        return is_confirmed

    def should_send_confirmation_mail(self, request: HttpRequest, email_address: EmailAddress, signup: bool) -> bool:
        """At most three confirmation mails an hour to one address; the links already sent go on working."""
        return limits.hit("confirmation_mail", email_address.email.lower(), settings.CONFIRMATION_MAILS_PER_HOUR, HOUR)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Where somebody lands who asked for no page in particular: what is still missing first."""
        member = find_member(request)
        if member is None:
            return reverse("members:join")
        return reverse("places:location" if member.point is None else "web:front")

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        """Where a newcomer lands after confirming in the browser in which they joined."""
        return self.get_login_redirect_url(request)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to the page it began on."""
        return reverse("members:me")

    def is_safe_url(self, url: str | None) -> bool:
        """Whether `next` may be followed: addresses of this site only."""
        if not url or len(url) > MAX_URL_LENGTH:
            return False
        request = self.request
        return url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        """The link for the mail, at the installation's own address and not at what the Host header claimed."""
        return at_base_url(super().get_email_confirmation_url(request, emailconfirmation))

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The link for the mail, at the installation's own address."""
        return at_base_url(super().get_reset_password_from_key_url(key))


def at_base_url(url: str) -> str:
    """The same page at the address that the settings give, so that a forged Host header never gets into a mail."""
    return settings.LOCALEX.base_url + urlsplit(url).path


def network_of(request: HttpRequest) -> str:
    """The network a request comes from: an IPv4 address, or the /64 that one household gets with IPv6."""
    address = ipaddress.ip_address(MemberAdapter(request).get_client_ip(request))
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _sign_in_limits(request: HttpRequest, credentials: dict[str, Any]) -> list[tuple[str, str, int]]:
    """Scope, key and limit of each count that a sign-in goes through, narrowest first."""
    account = str(credentials.get("email") or credentials.get("username") or "").strip().lower()
    network = network_of(request)
    return [
        ("sign_in", f"{account} {network}", settings.SIGN_INS_PER_ACCOUNT_AND_NETWORK),
        ("sign_in.account", account, settings.SIGN_INS_PER_ACCOUNT),
        ("sign_in.network", network, settings.SIGN_INS_PER_NETWORK),
    ]
