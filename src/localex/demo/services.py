"""Fills the demo town: Krems an der Donau, through the services that members use.

What happens is decided in `plot`, and every step of it is carried out at its own time in the past, once and in order.
Each step is one transaction that also notes that it is done (`job.effect_done`), so a fill that was killed goes on
where it stopped, and a second one finds nothing to do.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.db import transaction

from localex.communities import queries as community_queries
from localex.communities import services as community_services
from localex.communities.models import Community
from localex.credits import rehearsal
from localex.demo.cast import SLUG, Role
from localex.demo.painting import Painter
from localex.demo.plot import SEED, THANKS, Plot, Showing, Size, plan
from localex.demo.reading import EXTRACT, ReviewText, read_reviews
from localex.demo.stage import EFFECT, Step, Town, at_time, fixed_id, take
from localex.demo.story import Story, Texts
from localex.jobs import services as job_services
from localex.jobs.models import EffectDone
from localex.lib import clock
from localex.lib.errors import Conflict
from localex.lib.geo import Box, Point
from localex.listings import services as listing_services
from localex.places import services as place_services

FOUNDED = timedelta(days=120)  # before the anchor
CENTRE = Point(48.4075, 15.6180)
BOX = Box(south=48.3800, west=15.5700, north=48.4400, east=15.6750)
TIMEZONE = "Europe/Vienna"
INBOX_READ = timedelta(hours=29)  # before the anchor everybody had read everything
LISTING_LASTS = timedelta(days=60, minutes=20)


class Progress(Protocol):
    """Is told how many of how many steps are done, and what is being done."""

    def __call__(self, done: int, total: int | None, what: str = "") -> None: ...


class OwnerUrlMissing(Conflict):
    """The town has a past, and only the owner of the database can let the ledger's clock follow."""

    code = "owner_url_missing"


def is_filled(*, slug: str = SLUG) -> bool:
    """Whether the town of this slug was filled to the end."""
    return EffectDone.objects.filter(kind=EFFECT, key=f"{slug}/filled").exists()


def fill(*, progress: Progress | None = None, owner_url: str = "", size: Size | None = None, slug: str = SLUG) -> int:
    """Make the town, or go on with one that was begun; returns how many steps were taken, 0 when it is complete.

    `owner_url` is the database's owner (default DATABASE_OWNER_URL; OwnerUrlMissing without): the past of the ledger is
    written in a rehearsal. Runs for about a minute, outside any transaction, as the only process on the database.
    """
    if is_filled(slug=slug):
        return 0
    owner_url = owner_url or settings.LOCALEX.database_owner_url
    if not owner_url:
        raise OwnerUrlMissing(
            "DATABASE_OWNER_URL is not set: the demo town is filled with its help.", kept="Nothing was changed."
        )
    with rehearsal.following_python(owner_url):
        taken = _Filling(slug, size or Size(), progress).run()
    with transaction.atomic():
        job_services.claim_effect(kind=EFFECT, key=f"{slug}/filled")
    return taken


def _say_nothing(done: int, total: int | None, what: str = "") -> None:
    pass


class _Filling:
    """One run of `fill`."""

    def __init__(self, slug: str, size: Size, progress: Progress | None) -> None:
        self.slug, self.size = slug, size
        self.report = progress or _say_nothing

    def run(self) -> int:
        """All steps that are not done yet; how many."""
        self.report(0, None, "Drawing the map")
        community, anchor = self._found()
        self._import_places(community, anchor)
        self.plot = plan(anchor, self.size)
        self.town = Town(community)
        order = sorted(self.plot.showings, key=_drafted_at)
        with Painter(showing.entry for showing in self._undone(order)) as self.painter:
            steps = sorted(self._steps(), key=lambda step: step.at)
            taken = 0
            for number, step in enumerate(steps):
                self.report(number, len(steps), _words_for(step.at, anchor))
                taken += take(step)
        self.report(len(steps), len(steps), "Done")
        return taken

    def _found(self) -> tuple[Community, datetime]:
        """The community and the moment that the town is to look like; kept as the day of its founding."""
        community = community_queries.find_by_slug(slug=self.slug)
        if community is None:
            with clock.shifted(-FOUNDED), transaction.atomic():
                community = community_services.create_community(
                    slug=self.slug,
                    name=SEED,
                    area_name="Krems",
                    country="AT",
                    timezone=TIMEZONE,
                    centre=CENTRE,
                    box=BOX,
                )
        return community, community.created_at + FOUNDED

    def _import_places(self, community: Community, anchor: datetime) -> None:
        with at_time(anchor - FOUNDED + timedelta(hours=1)):
            if not EffectDone.objects.filter(kind=EFFECT, key=f"{self.slug}/places").exists():
                place_services.import_places(community_id=community.id, path=EXTRACT)
                with transaction.atomic():
                    job_services.claim_effect(kind=EFFECT, key=f"{self.slug}/places")

    def _undone(self, showings: list[Showing]) -> list[Showing]:
        """Those whose pictures still have to be painted."""
        done = set(EffectDone.objects.filter(kind=EFFECT, key__endswith="/draft").values_list("key", flat=True))
        return [showing for showing in showings if self._key(showing, "draft") not in done]

    def _key(self, showing: Showing, what: str) -> str:
        return f"{self.slug}/{showing.entry.key}/{what}"

    def _steps(self) -> Iterator[Step]:
        plot, town = self.plot, self.town
        coordinator = next(each for each in plot.neighbours if each.role is Role.COORDINATOR)
        for neighbour in plot.neighbours:
            yield Step(neighbour.joins_at, f"{self.slug}/join/{neighbour.number}", partial(town.join, neighbour))
        for number, (neighbour, at) in enumerate(plot.thanks):
            thank = partial(town.thank, neighbour, THANKS, coordinator)
            yield Step(at, f"{self.slug}/thanks/{number}", thank)
        for neighbour in plot.neighbours:
            if neighbour.joins_at < plot.anchor - INBOX_READ:
                read = partial(town.read_inbox, neighbour)
                yield Step(plot.anchor - INBOX_READ, f"{self.slug}/read/{neighbour.number}", read)
        for showing in plot.showings:
            yield from self._show(showing)
        yield from self._trade(plot)

    def _show(self, showing: Showing) -> Iterator[Step]:
        drafted, listing_id = _drafted_at(showing), self._listing_id(showing)
        pictures = partial(self.painter.picture, showing.entry)
        yield Step(drafted, self._key(showing, "draft"), partial(self.town.draft, showing, listing_id, pictures))
        if showing.published_at is None:
            yield Step(drafted + timedelta(hours=1), self._key(showing, "prepare"), self.town.prepare_pictures)
            return
        yield Step(showing.published_at, self._key(showing, "publish"), partial(self._publish, showing))
        if showing.is_paused:
            away = showing.published_at + (self.plot.anchor - showing.published_at) / 2
            yield Step(away, self._key(showing, "pause"), partial(self.town.pause, showing, listing_id))
        if showing.expires:
            ended = showing.published_at + LISTING_LASTS
            yield Step(ended, self._key(showing, "expire"), listing_services.expire_listings)

    def _publish(self, showing: Showing) -> None:
        listing_id = self._listing_id(showing)
        if self.town.are_pictures_pending(listing_id):
            self.town.prepare_pictures()
        self.town.publish(showing, listing_id)

    def _trade(self, plot: Plot) -> Iterator[Step]:
        chance = Random(SEED)  # noqa: S311 - the town repeats on purpose
        texts = {about: _shuffled(read_reviews(about), chance) for about in ("seller", "buyer")}
        showings = {showing.entry.key: showing for showing in plot.showings}
        for number, deal in enumerate(plot.deals):
            listing_id = self._listing_id(showings[deal.entry_key])
            offer_id = fixed_id(deal.offered_at, f"{self.slug}/{deal.key}")
            said = Texts(*(texts[about][number % len(texts[about])] for about in ("seller", "buyer")))
            story = Story(self.town, deal, (listing_id, offer_id), said, plot.anchor)
            for step in story.steps():
                yield Step(step.at, f"{self.slug}/{step.key}", step.act)

    def _listing_id(self, showing: Showing) -> UUID:
        return fixed_id(_drafted_at(showing), f"{self.slug}/{showing.entry.key}")


def _drafted_at(showing: Showing) -> datetime:
    """Everybody photographs what they have as soon as they have settled in; the newcomer is still at it."""
    return showing.owner.settled_at + timedelta(minutes=1)


def _shuffled(texts: tuple[ReviewText, ...], chance: Random) -> list[ReviewText]:
    return chance.sample(texts, len(texts))


def _words_for(at: datetime, anchor: datetime) -> str:
    days = (anchor - at).days
    return f"{days} days ago" if days > 1 else "now"
