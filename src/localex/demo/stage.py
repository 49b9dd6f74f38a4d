"""Carries the plot out: each step calls services of other contexts as a member would, at its time, exactly once."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import transaction

from localex.communities.models import Community
from localex.credits import services as credit_services
from localex.demo.cast import Neighbour, Role
from localex.demo.plot import Showing
from localex.jobs import services as job_services
from localex.jobs.worker import run_until_idle
from localex.lib import clock, randomness
from localex.lib.ids import new_id
from localex.listings import services as listing_services
from localex.listings.models import Category, Listing
from localex.media.models import Photo, PhotoState
from localex.media.services import prepare_photos
from localex.members import services as member_services
from localex.members.models import Member, User
from localex.notifications import services as notification_services

EFFECT = "demo"
DECODERS = 2
VIEWS = ("", ", from close up", ", from another side", ", from further away")


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens at a moment. `key` is what it is remembered by, so that it happens once."""

    at: datetime
    key: str
    act: Callable[[], object]


@contextmanager
def at_time(moment: datetime) -> Iterator[None]:
    """Make `lib.clock.now()` this moment inside the block."""
    with clock.shifted(moment - datetime.now(UTC)):
        yield


def take(step: Step) -> bool:
    """Carry out a step unless that was done before, in one transaction with the note that it is done; then its jobs."""
    with at_time(step.at):
        with transaction.atomic():
            if not job_services.claim_effect(kind=EFFECT, key=step.key):
                return False
            step.act()
        run_until_idle()
    return True


def fixed_id(moment: datetime, name: str) -> UUID:
    """The UUIDv7 of this moment that `name` always gets, so that what was begun is found again."""
    tail = int.from_bytes(hashlib.sha256(name.encode()).digest()[:10])
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | (tail >> 64 & 0xFFF) << 64 | 0b10 << 62 | tail & (1 << 62) - 1)


class Town:
    """The community being filled, and its members by number."""

    def __init__(self, community: Community) -> None:
        self.community = community
        self._members: dict[int, Member] = {}
        self._categories = {category.slug: category for category in Category.objects.all()}

    def member(self, neighbour: Neighbour) -> Member:
        """The member who is this neighbour."""
        if neighbour.number not in self._members:
            self._members[neighbour.number] = Member.objects.select_related("community", "user").get(
                community=self.community, user__email=neighbour.email_in(self.community.slug)
            )
        return self._members[neighbour.number]

    def join(self, neighbour: Neighbour) -> None:
        """Sign up, confirm the address, join with the starter grant, say where home is."""
        user = member_services.open_account(email=neighbour.email_in(self.community.slug), password=None, is_adult=True)
        with randomness.seeded(f"{self.community.slug}/{neighbour.number}"):  # draws the same name each time
            member = member_services.join_community(user_id=user.id, community_id=self.community.id)
        EmailAddress.objects.get(user=user).set_verified()
        member_services.confirm_account(user_id=user.id)
        member_services.set_location(member_id=member.id, point=neighbour.home.point, area_name=neighbour.home.quarter)
        if neighbour.role is Role.COORDINATOR:
            User.objects.filter(pk=user.id).update(is_staff=True, is_superuser=True)

    def thank(self, neighbour: Neighbour, amount: int, coordinator: Neighbour) -> None:
        """A coordinator's grant for having helped the community."""
        credit_services.grant(
            key=new_id(),
            community_id=self.community.id,
            owner=self.member(neighbour).ledger_ref,
            amount=amount,
            reason=credit_services.GrantReason.COORDINATOR,
            actor=self.member(coordinator).ledger_ref,
        )

    def read_inbox(self, neighbour: Neighbour) -> None:
        """Look at every notice so far."""
        notification_services.mark_all_read(actor=self.member(neighbour))

    def draft(self, showing: Showing, listing_id: UUID, pictures: Callable[[int], bytes]) -> None:
        """Write a listing and add its pictures; they are prepared later, many at once."""
        entry, actor = showing.entry, self.member(showing.owner)
        direction = "wanted" if entry.is_wanted else "offer"
        listing_services.start_draft(actor=actor, draft_id=listing_id, direction=direction)
        listing_services.update_listing(
            actor=actor,
            listing_id=listing_id,
            changes={
                "kind": "gift" if entry.is_gift else "sale",
                "category": self._categories[entry.category],
                "title": entry.title,
                "description": entry.description,
                "condition": entry.condition,
                "price": entry.price,
                "known_issues": entry.known_issues,
                "brand": entry.brand,
                "size": entry.size,
            },
        )
        for shot in range(entry.shots):
            listing_services.add_photo(
                actor=actor,
                listing_id=listing_id,
                content=pictures(shot),
                alt_text=f"{entry.title}{VIEWS[shot]}",
                is_prepared_later=False,
            )

    def prepare_pictures(self) -> int:
        """Everything that was uploaded so far, on all cores; how many became ready."""
        pending = Photo.objects.filter(community_id=self.community.id, state=PhotoState.PENDING)
        waiting = list(pending.order_by("created_at", "id").values_list("id", flat=True))
        return prepare_photos(waiting, processes=DECODERS) if waiting else 0

    def publish(self, showing: Showing, listing_id: UUID) -> None:
        """Show the listing to everybody."""
        listing_services.publish_listing(actor=self.member(showing.owner), listing_id=listing_id)

    def pause(self, showing: Showing, listing_id: UUID) -> None:
        """Its owner is away for a while."""
        listing_services.pause_listing(actor=self.member(showing.owner), listing_id=listing_id)

    def are_pictures_pending(self, listing_id: UUID) -> bool:
        """Whether this listing waits for `prepare_pictures`."""
        return Listing.objects.filter(pk=listing_id, listing_photos__photo__state=PhotoState.PENDING).exists()
