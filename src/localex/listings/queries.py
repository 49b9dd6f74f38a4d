"""What can be asked about listings. Nothing here writes, and nothing shows an exact place to anybody but its owner."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, When

from localex.lib.errors import BadRequest
from localex.lib.geo import Point
from localex.lib.pages import Page, decode_cursor, encode_cursor
from localex.listings import access, rules
from localex.listings.cards import Card, make_cards, with_covers
from localex.listings.errors import ListingNotFound
from localex.listings.models import Category, Listing, ListingPhoto
from localex.listings.states import State
from localex.members.models import Member

access_own = access.access_own

PAGE_SIZE = 24
SIMILAR = 6
MAX_LISTED = 100
# What others may open by its address. A reserved or traded one says so; the rest is the owner's alone.
OPEN_TO_ALL = frozenset({State.ACTIVE, State.RESERVED, State.TRADED})

# The tabs of "My listings", in their order.
GROUPS: Mapping[str, frozenset[State]] = {
    "active": frozenset({State.ACTIVE, State.PENDING_REVIEW}),
    "drafts": frozenset({State.DRAFT}),
    "reserved": frozenset({State.RESERVED}),
    "paused": frozenset({State.PAUSED, State.EXPIRED}),
    "traded": frozenset({State.TRADED}),
}


@dataclass(frozen=True, slots=True)
class Branch:
    """A category of the first level with those below it."""

    category: Category
    children: Sequence[Category]


TREE_SECONDS = 60
_tree: tuple[float, list[Branch]] = (0.0, [])


def list_tree() -> list[Branch]:
    """The whole category tree, in its order; about a hundred rows, one query a minute in each process.

    It stands on most pages and changes once a year: making its rows anew would be a fifth of a page's time.
    """
    global _tree
    made, branches = _tree
    if not branches or time.monotonic() - made > TREE_SECONDS:
        branches = _read_tree()
        _tree = (time.monotonic(), branches)
    return branches


def _read_tree() -> list[Branch]:
    children: dict[UUID, list[Category]] = {}
    tops = []
    for category in Category.objects.order_by("position", "name"):
        if category.parent_id is None:
            tops.append(category)
        else:
            children.setdefault(category.parent_id, []).append(category)
    return [Branch(top, children.get(top.pk, [])) for top in tops]


def find_listing(*, listing_id: UUID) -> Listing | None:
    """The listing with owner, category and community, whatever its state and whoever asks; or None."""
    listing = Listing.objects.select_related("owner", "category__parent", "community").filter(pk=listing_id).first()
    if listing is not None:
        # An owner lists in their own community, so it need not be read twice.
        listing.owner.community = listing.community
    return listing


def get_visible(*, viewer: Member | None, listing_id: UUID) -> Listing:
    """A listing that `viewer` (None: a visitor) may open, with owner, category and community. ListingNotFound.

    Everybody sees what is active, reserved or traded; the owner also sees drafts and what is paused or expired.
    """
    listing = find_listing(listing_id=listing_id)
    if listing is None or listing.state == State.REMOVED:
        raise ListingNotFound
    if listing.state in OPEN_TO_ALL or (viewer is not None and listing.owner_id == viewer.pk):
        return listing
    raise ListingNotFound


def list_photos(*, listing_id: UUID) -> list[ListingPhoto]:
    """The finished pictures of a listing in their order, cover first; at most 12."""
    return _photos(listing_id, Q(photo__state="ready"))


def list_all_photos(*, listing_id: UUID) -> list[ListingPhoto]:
    """All pictures of a listing, also those in preparation and those refused; for its owner."""
    return _photos(listing_id, Q())


def _photos(listing_id: UUID, which: Q) -> list[ListingPhoto]:
    rows = ListingPhoto.objects.filter(which, listing_id=listing_id).select_related("photo").order_by("position")
    return list(rows[: rules.MAX_PHOTOS])


def find_problems(listing: Listing) -> rules.Problems:
    """What keeps the listing from being shown, by field; empty when nothing does."""
    states = ListingPhoto.objects.filter(listing=listing).values_list("photo__state", flat=True)
    return rules.list_problems(listing, list(states))


def list_newest(
    *, community_id: UUID, viewer: Point | None = None, direction: str = "", limit: int = PAGE_SIZE
) -> list[Card]:
    """The newest active listings of a community as cards, at most `limit` (bounded by 100). Index listing_newest.

    `direction`: only offers or only wanteds; empty: both.
    """
    rows = Listing.objects.filter(community_id=community_id, state=State.ACTIVE).order_by("-published_at", "-id")
    rows = rows.filter(direction=direction) if direction else rows
    return make_cards(with_covers(rows)[: min(limit, MAX_LISTED)], viewer)


def list_similar(*, listing: Listing, viewer: Point | None = None, limit: int = SIMILAR) -> list[Card]:
    """Active listings by other owners from the same branch of the tree: those of the same category first, then the
    newest. Index listing_category, over the few categories of the branch."""
    if listing.category is None:
        return []
    branch = Q(category_id=listing.category_id)
    if listing.category.parent_id is not None:
        branch |= Q(category__parent_id=listing.category.parent_id)
    rows = active_listings(community_id=listing.community_id).filter(branch).exclude(owner_id=listing.owner_id)
    rows = rows.annotate(is_other=Case(When(category_id=listing.category_id, then=0), default=1))
    rows = rows.order_by("is_other", "-published_at", "-id")
    return make_cards(with_covers(rows)[: min(limit, MAX_LISTED)], viewer)


def list_by_owner(*, owner: Member, viewer: Point | None = None, limit: int = PAGE_SIZE) -> list[Card]:
    """A member's active listings for their public profile, the newest first. Index listing_owner."""
    rows = Listing.objects.filter(owner=owner, state=State.ACTIVE).order_by("-updated_at", "-id")
    return make_cards(with_covers(rows)[: min(limit, MAX_LISTED)], viewer)


def list_own(*, actor: Member, group: str = "active", cursor: str | None = None) -> Page[Listing]:
    """One page of the actor's listings of a group (a key of `GROUPS`), last touched first. Index listing_owner.

    Each has `covers` for its card. BadRequest for an unknown group or a damaged cursor.
    """
    if group not in GROUPS:
        raise BadRequest("There is no such list.")
    rows = Listing.objects.filter(owner=actor, state__in=GROUPS[group])
    if cursor:
        moment, identifier = _read_cursor(cursor)
        rows = rows.filter(Q(updated_at__lt=moment) | Q(updated_at=moment, id__lt=identifier))
    found = list(with_covers(rows).order_by("-updated_at", "-id")[: PAGE_SIZE + 1])
    last = found[PAGE_SIZE - 1] if len(found) > PAGE_SIZE else None
    return Page(found[:PAGE_SIZE], encode_cursor([last.updated_at.isoformat(), str(last.id)]) if last else None)


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    moment, identifier = decode_cursor(cursor, length=2)
    try:
        return datetime.fromisoformat(moment), UUID(identifier)
    except (TypeError, ValueError, AttributeError) as error:
        raise BadRequest("This page link is damaged. Start again from the first page.", code="bad_cursor") from error


def count_own(*, actor: Member) -> dict[str, int]:
    """How many listings the actor has in each group. Index listing_owner."""
    rows = Listing.objects.filter(owner=actor).values_list("state").annotate(count=Count("id"))
    counts = dict(rows.order_by())
    return {group: sum(counts.get(state, 0) for state in states) for group, states in GROUPS.items()}


def list_drafts(*, actor: Member, limit: int = 3) -> list[Listing]:
    """The drafts that the actor touched last, with `covers`."""
    rows = Listing.objects.filter(owner=actor, state=State.DRAFT).order_by("-updated_at", "-id")
    return list(with_covers(rows)[: min(limit, MAX_LISTED)])


def active_listings(*, community_id: UUID) -> QuerySet[Listing]:
    """The rows that search looks through: what is on show in a community. Nothing else may be found."""
    return Listing.objects.filter(community_id=community_id, state=State.ACTIVE)


def has_picture() -> Exists:
    """A condition on listings: at least one finished picture. Uses the index of listing_photo_once."""
    return Exists(ListingPhoto.objects.filter(listing_id=OuterRef("pk"), photo__state="ready"))


def list_cards(*, listing_ids: Sequence[UUID], viewer: Point | None = None) -> list[Card]:
    """The cards of these listings in this order, at most 100; those that are not on show any more are left out."""
    rows = with_covers(Listing.objects.filter(pk__in=listing_ids[:MAX_LISTED], state=State.ACTIVE))
    found = {listing.pk: listing for listing in rows}
    return make_cards((found[identifier] for identifier in listing_ids if identifier in found), viewer)
