"""Mail about accounts: allauth composes it, and it leaves through the outbox, in the transaction that made it true."""

from typing import Any

from allauth.core import context as allauth_context
from django.contrib.sites.shortcuts import get_current_site

from localex.members.adapter import MemberAdapter
from localex.notifications import composing, services

# The button's words, by allauth's name of the mail.
ACTIONS = {
    "account/email/email_confirmation": "Confirm this address",
    "account/email/email_confirmation_signup": "Finish joining",
    "account/email/password_reset_key": "Set a new password",
    "account/email/account_already_exists": "Set a new password",
    "account/email/unknown_account": "Join LocalEx",
}


class AccountAdapter(MemberAdapter):
    """The adapter in force: everything of the members context, with mail."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue the mail of this name; nothing is sent while the page waits."""
        request = allauth_context.request
        words = {"request": request, "email": email, "current_site": get_current_site(request), **context}
        message = self.render_mail(template_prefix, email, words)
        text = str(message.body).strip()
        services.queue_account_mail(
            to=email,
            subject=message.subject,
            text=f"{text}\n",
            html=composing.compose_account(text=text, action=ACTIONS.get(template_prefix, "Open LocalEx")),
        )
