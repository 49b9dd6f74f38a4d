"""Making notices and mail, and marking notices read."""

from datetime import timedelta
from uuid import UUID

from localex.jobs import services as job_services
from localex.lib import clock
from localex.members.models import Member
from localex.notifications import audience, queries
from localex.notifications.errors import NoticeNotFound
from localex.notifications.models import Mail, MailKind, Notice
from localex.notifications.wording import KINDS

KEEP_FOR = timedelta(days=90)
PRUNE_BATCH = 1_000
# Somebody waits for the link in front of the screen.
ACCOUNT_PRIORITY = 50


def tell(happened: audience.Happened) -> list[Notice]:
    """Make the notices that follow from an event, and one mail for each that has one, in the caller's transaction."""
    from localex.notifications.tasks import send_mail

    drafts = audience.list_drafts(happened)
    notices = Notice.objects.bulk_create(
        Notice(
            community_id=draft.member.community_id,
            member=draft.member,
            actor=draft.actor,
            kind=draft.kind,
            facts=draft.facts,
            subject=draft.subject,
            subject_id=draft.subject_id,
        )
        for draft in drafts
    )
    mails = Mail.objects.bulk_create(
        Mail(kind=MailKind.NOTICE, notice=notice) for notice in notices if KINDS[notice.kind].has_mail
    )
    job_services.enqueue_many([job_services.Wanted(task=send_mail, payload={"mail_id": mail.id}) for mail in mails])
    return notices


def queue_account_mail(*, to: str, subject: str, text: str, html: str) -> Mail:
    """Put a mail about an account into the outbox, in the caller's transaction. Sent, it loses its words."""
    from localex.notifications.tasks import send_mail

    mail = Mail.objects.create(
        kind=MailKind.ACCOUNT,
        to=to,
        subject=" ".join(subject.split())[:200],
        text=text,
        html=html,
    )
    job_services.enqueue(send_mail, payload={"mail_id": mail.id}, priority=ACCOUNT_PRIORITY)
    return mail


def open_notice(*, actor: Member, notice_id: UUID) -> Notice:
    """Mark one notice read, and with it what else is unread about the same thing. NoticeNotFound unless it is theirs.

    The page that it leads to shows all of that. Uses notice_unread.
    """
    notice = Notice.objects.select_related("community").filter(id=notice_id, member=actor).first()
    if notice is None:
        raise NoticeNotFound("There is no such notice in your inbox.")
    unread = Notice.objects.filter(member=actor, read_at__isnull=True)
    same = unread.filter(subject=notice.subject, subject_id=notice.subject_id, id__lte=notice.id)
    same.update(read_at=clock.now())
    return notice


def see_subject(*, actor: Member, subject: str, subject_id: UUID) -> int:
    """Mark read what is unread about one thing, because its page is open; returns how many. Uses notice_unread."""
    unread = Notice.objects.filter(member=actor, read_at__isnull=True, subject=subject, subject_id=subject_id)
    return unread.update(read_at=clock.now())


def mark_all_read(*, actor: Member) -> int:
    """Mark everything in the inbox read; returns how many were not. Uses notice_unread."""
    return Notice.objects.filter(member=actor, read_at__isnull=True).update(read_at=clock.now())


def prune(*, max_batches: int = 50) -> int:
    """Delete notices and mails older than 90 days, in small batches; returns how many. Ids are moments: primary key."""
    before = queries.first_id_at(clock.now() - KEEP_FOR)
    deleted = 0
    for model in (Mail, Notice):
        for _ in range(max_batches):
            batch = list(model.objects.filter(id__lt=before).order_by("id").values_list("id", flat=True)[:PRUNE_BATCH])
            if not batch:
                break
            deleted += model.objects.filter(id__in=batch).delete()[0]
    return deleted
