"""What can be asked of the search, read from the address."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict

from localex.lib import clock
from localex.lib.geo import KM_PER_MILE
from localex.lib.money import HUNDREDTHS
from localex.listings.models import Condition, Direction
from localex.listings.queries import Branch
from localex.ports.search import MAX_WORDS_LENGTH, Sort, Wish
from localex.search.here import Here

DISTANCES = (1, 2, 5, 10, 20)
DAYS = {"1": "Today", "3": "3 days", "7": "A week", "30": "A month"}
SORTS = {
    Sort.RELEVANCE: "Best match",
    Sort.NEWEST: "Newest",
    Sort.NEAREST: "Nearest",
    Sort.CHEAPEST: "Lowest price",
    Sort.DEAREST: "Highest price",
}
KINDS = {"": "Everything", "offer": "Things on offer", "gift": "Gifts only", "wanted": "Wanted"}


class SearchForm(forms.Form):
    """Every field may be missing. A value that makes no sense is shown as an error and does not count."""

    q = forms.CharField(label="Search", max_length=MAX_WORDS_LENGTH, required=False)
    category = forms.ChoiceField(label="Category", required=False)
    what = forms.ChoiceField(label="Show", choices=list(KINDS.items()), required=False)
    least = forms.IntegerField(label="From", min_value=0, max_value=100_000, required=False)
    most = forms.IntegerField(label="To", min_value=0, max_value=100_000, required=False)
    condition = forms.MultipleChoiceField(
        label="Condition", choices=Condition.choices, widget=forms.CheckboxSelectMultiple, required=False
    )
    within = forms.ChoiceField(label="Distance", required=False)
    posted = forms.ChoiceField(label="Listed within", choices=[("", "Any time"), *DAYS.items()], required=False)
    photos = forms.BooleanField(label="With pictures", required=False)
    sort = forms.ChoiceField(label="Sort by", required=False)

    def __init__(self, data: QueryDict, *, here: Here, tree: list[Branch]) -> None:
        super().__init__(data)
        self.here, self.tree = here, tree
        unit = here.community.distance_unit
        self._choose("category", [("", "All categories"), *_groups(tree)])
        self._choose("within", [("", "Any distance"), *((str(far), f"{far} {unit}") for far in DISTANCES)])
        self._choose("sort", [(sort.value, name) for sort, name in SORTS.items() if self._is_possible(sort)])
        self.is_valid()

    def _choose(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def _is_possible(self, sort: Sort) -> bool:
        if sort == Sort.RELEVANCE:
            return bool(self.data.get("q", "").strip())
        return sort != Sort.NEAREST or self.here.point is not None

    def value(self, name: str) -> Any:
        """The cleaned value of a field, or None."""
        return self.cleaned_data.get(name) or None

    @property
    def order(self) -> Sort:
        """The order asked for, or the natural one."""
        asked = self.value("sort")
        return Sort(asked) if asked else Sort.RELEVANCE if self.value("q") else Sort.NEWEST

    @property
    def category_slug(self) -> str:
        """The category in force; the page draws the long list itself, ten times faster than a widget."""
        return self.value("category") or ""

    @property
    def sort_value(self) -> str:
        """The order in force, for the list of orders."""
        return self.order.value

    def wish(self) -> Wish:
        """What the engine is asked for."""
        what = self.value("what")
        per_unit = KM_PER_MILE if self.here.community.distance_unit == "mi" else 1.0
        least, most, posted = self.value("least"), self.value("most"), self.value("posted")
        return Wish(
            community_id=self.here.community.pk,
            language=self.here.community.language,
            words=self.value("q") or "",
            category_ids=category_ids(self.tree, self.value("category") or ""),
            conditions=frozenset(self.value("condition") or ()),
            direction={"offer": Direction.OFFER, "wanted": Direction.WANTED}.get(what, ""),
            kind="gift" if what == "gift" else "",
            min_price=least * HUNDREDTHS if least else None,
            max_price=most * HUNDREDTHS if most else None,
            near=self.here.point,
            within_km=int(self.value("within")) * per_unit if self.value("within") and self.here.point else None,
            has_photos=bool(self.value("photos")),
            posted_since=_since(int(posted)) if posted else None,
            sort=self.order,
        )


def _since(days: int) -> Any:
    """The start of the hour, so that the pages of one list ask the same thing."""
    return (clock.now() - timedelta(days=days)).replace(minute=0, second=0, microsecond=0)


def _groups(tree: list[Branch]) -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (
            branch.category.name,
            [
                (branch.category.slug, f"All of {branch.category.name}"),
                *((child.slug, child.name) for child in branch.children),
            ],
        )
        for branch in tree
    ]


def category_ids(tree: list[Branch], slug: str) -> frozenset[UUID]:
    """The leaves below a category, or the leaf itself; empty for none."""
    for branch in tree:
        if branch.category.slug == slug:
            return frozenset(child.pk for child in branch.children)
        for child in branch.children:
            if child.slug == slug:
                return frozenset([child.pk])
    return frozenset()
