"""The steps of listing an item, as one table: the question, the fields it asks for, and how they are drawn."""

from dataclasses import dataclass
from typing import Final

from localex.listings.models import Listing
from localex.listings.rules import Problems


@dataclass(frozen=True, slots=True)
class Step:
    """One short page. `fields` are those of `rules.list_problems`; `wanted` is the question when somebody needs it."""

    slug: str
    name: str
    question: str
    wanted: str
    fields: tuple[str, ...]

    def question_for(self, listing: Listing) -> str:
        """The heading of the page."""
        return self.wanted if listing.is_wanted else self.question


STEPS: Final = (
    Step("photos", "Pictures", "Add pictures", "Add pictures, if you like", ("photos",)),
    Step("what", "Title and category", "What is it?", "What do you need?", ("title", "category")),
    Step("condition", "Condition", "What condition is it in?", "What condition would do?", ("condition",)),
    Step("description", "Description", "Describe it", "Describe what you need", ("description",)),
    Step("price", "Price", "What is it worth?", "What is it worth to you?", ("price",)),
    Step("place", "Place", "Where is it?", "Where are you?", ("location",)),
)
SLUGS: Final = tuple(step.slug for step in STEPS)


def find_step(slug: str) -> Step | None:
    """The step with this slug, or None."""
    return next((step for step in STEPS if step.slug == slug), None)


def following(step: Step) -> Step | None:
    """The step after this one, or None after the last."""
    place = STEPS.index(step) + 1
    return STEPS[place] if place < len(STEPS) else None


def preceding(step: Step) -> Step | None:
    """The step before this one, or None before the first."""
    place = STEPS.index(step)
    return STEPS[place - 1] if place else None


def first_open(problems: Problems) -> Step | None:
    """The first step that still lacks something, or None when all is there."""
    return next((step for step in STEPS if any(field in problems for field in step.fields)), None)
