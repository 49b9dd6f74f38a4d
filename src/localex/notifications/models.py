"""Tables of the notifications context."""

from django.db import models
from django.db.models import F, Q

from localex.lib import clock
from localex.lib.records import Record


class Subject(models.TextChoices):
    """What a notice leads to."""

    OFFER = "offer", "Offer"
    TRADE = "trade", "Trade"
    LISTING = "listing", "Listing"
    CREDITS = "credits", "Credits"


class MailKind(models.TextChoices):
    """Why a mail is sent."""

    NOTICE = "notice", "Notice"
    ACCOUNT = "account", "Account"


class MailState(models.TextChoices):
    """Where a mail is. From `sending` on it is never sent again; `uncertain` means that nobody knows if it arrived."""

    QUEUED = "queued", "Waiting"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    FAILED = "failed", "Not accepted"
    UNCERTAIN = "uncertain", "Perhaps sent"


class Notice(Record):
    """One thing that one member is told. Its id is its moment: lists go by it.

    `facts` is what the sentence of its kind needs, as it was then; see wording.py.
    """

    community = models.ForeignKey("communities.Community", models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey("members.Member", models.CASCADE, related_name="notices", db_index=False)
    actor = models.ForeignKey("members.Member", models.SET_NULL, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=40)
    facts = models.JSONField(default=dict)
    subject = models.CharField(max_length=7, choices=Subject)
    subject_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index("member", F("id").desc(), name="notice_inbox"),
            models.Index(fields=["member"], name="notice_unread", condition=Q(read_at__isnull=True)),
        ]
        constraints = [
            models.CheckConstraint(name="notice_subject_known", condition=Q(subject__in=Subject.values)),
            models.CheckConstraint(
                name="notice_subject_is_named",
                condition=Q(subject="credits", subject_id__isnull=True)
                | (~Q(subject="credits") & Q(subject_id__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.member_id}"


class Mail(Record):
    """One mail to one person, sent at most once.

    A notice's mail is composed when it is sent, to the address that the member has then. An account's mail holds its
    words until it is sent, and then loses them: they carry links that open the account. Mail belongs to the
    installation, because accounts do.
    """

    kind = models.CharField(max_length=7, choices=MailKind)
    notice = models.OneToOneField(Notice, models.CASCADE, null=True, blank=True, related_name="mail")
    to = models.EmailField(max_length=254, blank=True, default="")
    subject = models.CharField(max_length=200, blank=True, default="")
    text = models.TextField(max_length=20_000, blank=True, default="")
    html = models.TextField(max_length=100_000, blank=True, default="")
    state = models.CharField(max_length=9, choices=MailState, default=MailState.QUEUED)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["state", "id"], name="mail_open", condition=~Q(state="sent"))]
        constraints = [
            models.CheckConstraint(name="mail_state_known", condition=Q(state__in=MailState.values)),
            models.CheckConstraint(
                name="mail_kind_fits",
                condition=Q(kind="notice", notice__isnull=False, to="", text="", html="")
                | (Q(kind="account", notice__isnull=True) & ~Q(to="")),
            ),
            # The words of an account's mail open the account: once it is sent they are gone.
            models.CheckConstraint(
                name="mail_sent_is_empty", condition=~Q(state__in=["sent", "uncertain", "failed"]) | Q(text="", html="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} mail {self.id}"
