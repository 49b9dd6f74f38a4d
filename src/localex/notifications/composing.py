"""What a mail says and to whom."""

import re

from django.conf import settings
from django.template.loader import render_to_string

from localex.lib import clock
from localex.members.models import Member
from localex.notifications import wording
from localex.notifications.models import Mail, MailKind, Notice
from localex.ports.mail import OutgoingMail

_LINK = re.compile(r"https?://\S+")


def compose(mail: Mail) -> OutgoingMail | None:
    """The mail as it goes out, or None when there is nobody to write to any more."""
    if mail.kind == MailKind.ACCOUNT:
        to, subject, text, html = mail.to, mail.subject, mail.text, mail.html
    else:
        notice = mail.notice
        if notice is None or notice.member.state == Member.State.CLOSED:
            return None
        to, subject = notice.member.user.email, wording.say(notice)
        text, html = compose_notice(notice)
    return OutgoingMail(
        mail_id=mail.id,
        sender=settings.LOCALEX.mail_from,
        to=to,
        subject=subject,
        text=text,
        html=html,
        sent_at=clock.now(),
    )


def compose_notice(notice: Notice) -> tuple[str, str]:
    """A notice's mail as plain text and as HTML: one sentence, what follows, one button."""
    base = settings.LOCALEX.base_url
    context = {
        "title": wording.say(notice),
        "greeting": f"Hello {notice.member.display_name},",
        "before": [words] if (words := wording.say_after(notice)) else [],
        "action": wording.known_kind(notice.kind).action,
        # The page's own address: it opens for whoever is signed in, and reading the mail marks nothing.
        "url": f"{base}{wording.find_path(notice)}",
        "place": notice.community.name,
        "why": f"You get this mail because you are a member of LocalEx in {notice.community.name}.",
        "base_url": base,
    }
    text = render_to_string("notifications/mail/notice.txt", context)
    return text.strip() + "\n", render_to_string("notifications/mail/mail.html", context)


def compose_account(*, text: str, action: str) -> str:
    """The HTML of an account's mail from its words: a paragraph that is a link alone becomes the button."""
    paragraphs = [part.strip() for part in text.split("\n\n") if part.strip()]
    at = next((number for number, part in enumerate(paragraphs) if _LINK.fullmatch(part)), len(paragraphs))
    return render_to_string(
        "notifications/mail/mail.html",
        {
            "before": paragraphs[:at],
            "after": paragraphs[at + 1 :],
            "url": paragraphs[at] if at < len(paragraphs) else "",
            "action": action,
            "why": "You get this mail because somebody used this address on LocalEx.",
            "base_url": settings.LOCALEX.base_url,
        },
    )
