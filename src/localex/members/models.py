"""Tables of the members context. A `User` is an account that signs in; a `Member` is that person in one community."""

import uuid
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from localex.lib import clock, randomness
from localex.lib.geo import Point
from localex.lib.records import Record
from localex.members.names import NAME_LENGTH, NAME_PATTERN


def new_ledger_ref() -> uuid.UUID:
    """An account number of the ledger that says nothing about its owner: version 4, because a version 7 made in the
    same millisecond as the member would lead back to them after their account is closed."""
    return uuid.UUID(bytes=randomness.token_bytes(16), version=4)


class UserManager(BaseUserManager["User"]):
    """Makes accounts whose e-mail address is always stored in lower case."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        """A new account, not yet confirmed; `password` None means that nobody can sign in with one."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        """An account that may use the staff pages for everything."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(Record, AbstractBaseUser, PermissionsMixin):
    """An account: how somebody signs in. Never shown to other members."""

    email = models.EmailField("e-mail address", max_length=254)
    is_active = models.BooleanField(default=True, help_text="Switched off, nobody can sign in with this account.")
    is_staff = models.BooleanField(default=False, help_text="May open the staff pages.")
    attested_adult_at = models.DateTimeField(null=True, blank=True, help_text="When they said to be 18 or older.")
    joined_at = models.DateTimeField(default=clock.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = "account"
        constraints = [
            models.UniqueConstraint(fields=["email"], name="user_email_unique"),
            # Together with the constraint above: unique whatever the case, with one plain index to look it up by.
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_lower_case"),
        ]

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        super().clean()
        self.email = self.email.strip().lower()


class Member(Record):
    """A person in one community; others know them by `display_name` and avatar only."""

    class State(models.TextChoices):
        PENDING = "pending", "Pending"  # has not confirmed the e-mail address
        ACTIVE = "active", "Active"
        SUSPENDED = "suspended", "Suspended"  # may look and sign out, may not act
        CLOSED = "closed", "Closed"

    community = models.ForeignKey(
        # No index of its own: every unique index below begins with it.
        "communities.Community",
        on_delete=models.PROTECT,
        related_name="members",
        db_index=False,
    )
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    display_name = models.CharField(max_length=NAME_LENGTH)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    joined_at = models.DateTimeField(default=clock.now, editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    name_redrawn_at = models.DateTimeField(null=True, blank=True)
    # Exactly where they are: only they see it. Distances, even their own, are from the cell.
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    # The centre of the fixed cell of about 1 km around it: all that others may get.
    cell_latitude = models.FloatField(null=True, blank=True)
    cell_longitude = models.FloatField(null=True, blank=True)
    area_name = models.CharField(max_length=80, blank=True, help_text="A part of town, as others may know it.")
    ledger_ref = models.UUIDField(default=new_ledger_ref, editable=False, help_text="Their owner number in the ledger.")
    starter_granted_at = models.DateTimeField(null=True, blank=True, editable=False)
    review_count = models.PositiveIntegerField(default=0)
    review_stars = models.PositiveIntegerField(default=0, help_text="The sum of the stars of all published reviews.")
    trades_completed = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint("community", Lower("display_name"), name="member_name_unique"),
            models.UniqueConstraint(fields=["community", "user"], name="member_user_unique"),
            models.UniqueConstraint(fields=["community", "ledger_ref"], name="member_ledger_ref_unique"),
            models.CheckConstraint(condition=Q(display_name__regex=NAME_PATTERN), name="member_name_shape"),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "active", "suspended", "closed"]), name="member_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="active") | Q(confirmed_at__isnull=False), name="member_active_is_confirmed"
            ),
            models.CheckConstraint(
                condition=Q(
                    latitude__isnull=True,
                    longitude__isnull=True,
                    cell_latitude__isnull=True,
                    cell_longitude__isnull=True,
                )
                | Q(
                    # A comparison with NULL is not false, and a check refuses only what is false.
                    latitude__isnull=False,
                    longitude__isnull=False,
                    cell_latitude__isnull=False,
                    cell_longitude__isnull=False,
                    latitude__range=(-90, 90),
                    longitude__range=(-180, 180),
                    cell_latitude__range=(-90, 90),
                    cell_longitude__range=(-180, 180),
                ),
                name="member_place_whole",
            ),
            models.CheckConstraint(
                condition=Q(review_stars__gte=F("review_count"), review_stars__lte=F("review_count") * 5),
                name="member_stars_possible",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def is_active(self) -> bool:
        """Whether they may act: confirmed, not suspended, not closed."""
        return self.state == self.State.ACTIVE

    @property
    def point(self) -> Point | None:
        """Exactly where they are. Private: for their own map and their listings. Distances are from `cell`."""
        if self.latitude is None or self.longitude is None:
            return None
        return Point(self.latitude, self.longitude)

    @property
    def cell(self) -> Point | None:
        """The centre of their cell of about 1 km, which others may see."""
        if self.cell_latitude is None or self.cell_longitude is None:
            return None
        return Point(self.cell_latitude, self.cell_longitude)

    @property
    def rating(self) -> float | None:
        """The mean of their stars, 1 to 5, or None while nobody has reviewed them."""
        return self.review_stars / self.review_count if self.review_count else None


class FormerName(Record):
    """A display name that a member gave up. Kept for audit, and never drawn for anybody else."""

    community = models.ForeignKey("communities.Community", on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="former_names")
    display_name = models.CharField(max_length=NAME_LENGTH)
    given_up_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint("community", Lower("display_name"), name="former_name_unique"),
        ]

    def __str__(self) -> str:
        return self.display_name


class AttemptCount(models.Model):
    """The moments of recent attempts at one limited thing; see limits.py. One row per scope and key, reused."""

    id = models.BigAutoField(primary_key=True)
    scope = models.CharField(max_length=40)
    key_digest = models.CharField(max_length=64, help_text="Who, as a keyed digest: no address is stored.")
    moments = ArrayField(models.DateTimeField())
    is_allowed = models.BooleanField(help_text="Whether the latest attempt was within the limit.")
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "key_digest"], name="attempt_count_unique")]

    def __str__(self) -> str:
        return f"{self.scope}: {len(self.moments)}"
