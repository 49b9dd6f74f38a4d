"""What the pages of listing an item show."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.urls import reverse

from localex.lib import clock
from localex.listings import queries, rules
from localex.listings.cards import FIRST_PICTURES, make_card
from localex.listings.errors import Incomplete
from localex.listings.forms import CONDITION_HELP, StepForm
from localex.listings.models import Condition, Listing, ListingPhoto
from localex.listings.states import State
from localex.listings.steps import STEPS, Step, first_open, preceding
from localex.media.queries import photo_url
from localex.members.models import Member

STEP_NAMES = [*(step.name for step in STEPS), "Check and publish"]


def _frame(listing: Listing, step: Step) -> dict[str, Any]:
    """What all steps share: where one is, the way back, the preview."""
    before = preceding(step)
    is_draft = listing.state == State.DRAFT
    return {
        "listing": listing,
        "community": listing.community,
        "step": step,
        "question": step.question_for(listing),
        "steps": STEP_NAMES,
        "number": STEPS.index(step) + 1,
        "is_draft": is_draft,
        "back_url": _step_url(listing, before) if before and is_draft else "",
    }


def _step_url(listing: Listing, step: Step) -> str:
    return reverse("listings:step", args=[listing.pk, step.slug])


def _preview(listing: Listing) -> Any:
    """The card as others will see it."""
    listing.covers = list(FIRST_PICTURES.filter(listing=listing))  # type: ignore[attr-defined]
    return replace(make_card(listing), state="", published_at=clock.now())


def describe_new(actor: Member, draft_id: UUID, direction: str) -> dict[str, Any]:
    """The first page, before there is a draft; also offers the drafts that wait."""
    listing = Listing(id=draft_id, owner=actor, community=actor.community, direction=direction)
    return {
        **_frame(listing, STEPS[0]),
        **_tiles(listing, []),
        "is_new": True,
        "direction": direction,
        "drafts": [make_card(draft) for draft in queries.list_drafts(actor=actor)],
    }


def describe_photos(listing: Listing, refused: list[str] | None = None) -> dict[str, Any]:
    """The pictures of a draft as tiles, and sentences about files that were refused."""
    pictures = queries.list_all_photos(listing_id=listing.pk)
    return {
        **_frame(listing, STEPS[0]),
        **_tiles(listing, pictures),
        "direction": listing.direction,
        "refused": refused,
    }


def _tiles(listing: Listing, pictures: list[ListingPhoto]) -> dict[str, Any]:
    tiles = [
        {
            "shown": shown,
            "number": number,
            "url": photo_url(shown.photo, 600),
            "placeholder": shown.photo.placeholder,
            "state": shown.photo.state,
            "reason": shown.photo.reason,
            "is_first": number == 1,
            "is_last": number == len(pictures),
        }
        for number, shown in enumerate(pictures, 1)
    ]
    return {
        "tiles": tiles,
        "room": rules.MAX_PHOTOS - len(tiles),
        "most": rules.MAX_PHOTOS,
        "is_pending": any(tile["state"] == "pending" for tile in tiles),
    }


def describe_step(listing: Listing, step: Step, form: StepForm) -> dict[str, Any]:
    """One step with its form and the preview."""
    form.mark_needed()
    return {
        **_frame(listing, step),
        "form": form,
        "preview": _preview(listing),
        "map": _map(listing) if step.slug == "place" else None,
        "condition_help": [(Condition(value), words) for value, words in CONDITION_HELP.items()],
        "template": f"listings/steps/{step.slug}.html",
    }


def _map(listing: Listing) -> dict[str, Any]:
    """The map to choose a point on; only the owner gets this page."""
    return {
        "mode": "pick",
        "community_id": listing.community_id,
        "latitude": listing.cell_latitude,
        "longitude": listing.cell_longitude,
        "latitude_id": "id_latitude",
        "longitude_id": "id_longitude",
        "label": f"Map of {listing.community.area_name}",
    }


def describe_check(listing: Listing, missing: Incomplete | None = None) -> dict[str, Any]:
    """The whole listing, section by section, with what is missing in each."""
    problems = missing.fields if missing else queries.find_problems(listing)
    open_step = first_open({field: list(found) for field, found in problems.items()})
    return {
        "listing": listing,
        "community": listing.community,
        "is_draft": listing.state == State.DRAFT,
        "steps": STEP_NAMES,
        "number": len(STEP_NAMES),
        "preview": _preview(listing),
        "photo_count": len(queries.list_all_photos(listing_id=listing.pk)),
        "sections": [_section(listing, step, problems) for step in STEPS],
        "was_refused": missing is not None,
        "is_ready": not problems,
        "open_url": _step_url(listing, open_step) if open_step else "",
    }


def _section(listing: Listing, step: Step, problems: Any) -> dict[str, Any]:
    return {
        "step": step,
        "name": step.name,
        "url": _step_url(listing, step) + ("?back=check" if listing.state == State.DRAFT else ""),
        "problems": [words for field in step.fields for words in problems.get(field, [])],
        "template": f"listings/checks/{step.slug}.html",
    }
