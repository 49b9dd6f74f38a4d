"""Double-blind reviews: invisible until both have written or 7 days have passed."""

import uuid
from collections.abc import Sequence

from django.db import IntegrityError, transaction

from localex.jobs import events
from localex.lib import clock
from localex.lib.errors import Conflict, Unprocessable
from localex.members import services as member_services
from localex.members.models import Member
from localex.trading import steps
from localex.trading.models import Review, Trade
from localex.trading.states import Event, NotPossibleNow, Subject, get_step

MIN_TEXT, MAX_TEXT = 10, 500
TAGS = ("On time", "As described", "Friendly", "Easy to talk to", "Well packed", "Generous")


class AlreadyReviewed(Conflict):
    """One review per side and trade."""

    code = "already_reviewed"


class ReviewNotValid(Unprocessable):
    """Stars, text or tags break a rule."""

    code = "review_not_valid"


def check_review(stars: int, text: str, tags: Sequence[str]) -> None:
    """Raise ReviewNotValid unless 1 to 5 stars, no text or 10 to 500 characters, and known tags."""
    if not 1 <= stars <= 5:
        raise ReviewNotValid("Give 1 to 5 stars.", fields={"stars": ["Give 1 to 5 stars."]})
    if text and not MIN_TEXT <= len(text) <= MAX_TEXT:
        words = f"Write {MIN_TEXT} to {MAX_TEXT} characters, or nothing."
        raise ReviewNotValid(words, fields={"text": [words]})
    if set(tags) - set(TAGS):
        raise ReviewNotValid("Choose from the words given.", fields={"tags": ["Choose from the words given."]})


def write_review(*, actor: Member, trade_id: uuid.UUID, stars: int, text: str = "", tags: Sequence[str] = ()) -> Review:
    """Write what `actor` says of the other side; when both have, both are published. Locks the trade.

    Raises TradeNotFound, NotPossibleNow, ReviewNotValid, AlreadyReviewed.
    """
    text = text.strip()
    check_review(stars, text, tags)
    trade = steps.access_trade(actor, trade_id, lock=True)
    get_step(Subject.TRADE, trade.state, Event.REVIEW)
    if trade.closed_at is not None:
        raise NotPossibleNow("The time for reviews of this trade is over.")
    try:
        with transaction.atomic():
            review = Review.objects.create(
                community_id=trade.community_id,
                trade=trade,
                writer=actor,
                about=steps.other_side(trade, actor),
                stars=stars,
                text=text,
                tags=list(dict.fromkeys(tags)),
                created_at=clock.now(),
            )
    except IntegrityError:
        raise AlreadyReviewed("You have already reviewed this trade.", kept="Your first review stands.") from None
    steps.move_trade(trade, Event.REVIEW, actor=actor)
    events.publish("review.written", trade_id=trade.id, actor_id=actor.id)
    if Review.objects.filter(trade=trade).count() == 2:
        publish_reviews(trade, Event.PUBLISH_REVIEWS)
    return review


def publish_reviews(trade: Trade, event: Event) -> None:
    """Make the reviews of a locked, completed trade visible and close it, because of `event`."""
    now = clock.now()
    steps.move_trade(trade, event, actor=None, closed_at=now)
    for review in Review.objects.filter(trade=trade).order_by("about_id"):
        review.published_at = now
        review.save(update_fields=["published_at"])
        member_services.record_review(member_id=review.about_id, stars=review.stars)
    events.publish("reviews.published", trade_id=trade.id)
