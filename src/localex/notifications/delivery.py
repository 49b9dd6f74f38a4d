"""Sending one mail at most once, whatever happens in the middle.

The order is the point: compose, connect, say in a committed transaction that the mail goes out now, hand it over, note
how it ended. Until the third step a failure costs nothing and is tried again. After it, the mail is sent again only
when the server itself said that it did not take it. Whoever dies in between leaves the mail in `sending`; the next run
finds it so and stops.
"""

from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from localex.jobs import services as job_services
from localex.lib import clock
from localex.notifications import composing
from localex.notifications.models import Mail, MailState
from localex.ports import mail as port

log = structlog.get_logger(__name__)

EFFECT = "mail"


def deliver(*, mail_id: UUID) -> None:
    """Send the mail unless that was tried before. Raises MailUnavailable when it should be tried again later."""
    mail = Mail.objects.select_related("notice__community", "notice__member__user", "notice__actor").get(id=mail_id)
    if mail.state == MailState.SENDING:
        _settle(mail, MailState.UNCERTAIN, "Interrupted while it was being sent.")
    if mail.state != MailState.QUEUED:
        return
    outgoing = composing.compose(mail)
    if outgoing is None:
        _settle(mail, MailState.FAILED, "There is nobody to write to any more.")
        return
    mailbox = port.get_mailbox(email_url=settings.LOCALEX.email_url, folder=settings.LOCALEX.data_dir / "mail")
    with mailbox.open() as open_mailbox:
        if _begin(mail):
            _hand_over(mail, outgoing, open_mailbox)


def _begin(mail: Mail) -> bool:
    """Commit that the mail goes out now; False when somebody else is at it or was."""
    with transaction.atomic():
        if not Mail.objects.filter(id=mail.id, state=MailState.QUEUED).update(state=MailState.SENDING):
            return False
        if job_services.claim_effect(kind=EFFECT, key=str(mail.id)):
            return True
        _settle(mail, MailState.UNCERTAIN, "It was on its way once before.")
    return False


def _hand_over(mail: Mail, outgoing: port.OutgoingMail, mailbox: port.OpenMailbox) -> None:
    try:
        mailbox.send(outgoing)
    except port.MailUnavailable as error:
        with transaction.atomic():
            job_services.release_effect(kind=EFFECT, key=str(mail.id))
            Mail.objects.filter(id=mail.id).update(state=MailState.QUEUED, last_error=error.message[:300])
        raise
    except port.MailRefused as error:
        _settle(mail, MailState.FAILED, error.message)
    except port.MailUncertain as error:
        _settle(mail, MailState.UNCERTAIN, error.message)
    else:
        _settle(mail, MailState.SENT, "")


def _settle(mail: Mail, state: MailState, reason: str) -> None:
    """Note how it ended. The words go: those of an account's mail open the account."""
    mail.state = state
    mail.sent_at = clock.now() if state == MailState.SENT else None
    mail.last_error = reason[:300]
    mail.text = mail.html = ""
    mail.save(update_fields=["state", "sent_at", "last_error", "text", "html"])
    level = log.info if state == MailState.SENT else log.warning
    level("mail_settled", mail_id=str(mail.id), state=str(state), reason=reason)
