"""The forms of listing an item. Fields take what fits into the table; the rules decide what may be shown to others."""

from typing import Any

from django import forms

from localex.lib.geo import Point
from localex.lib.money import HUNDREDTHS
from localex.listings.models import Category, Condition, Kind, Listing
from localex.listings.queries import Branch, list_tree
from localex.listings.rules import DESCRIPTION_LENGTH, TITLE_LENGTH, Problems
from localex.members.models import Member
from localex.places.queries import find_postcode

CONDITION_HELP = {
    Condition.NEW: "Unused, as from the shop",
    Condition.LIKE_NEW: "Used once or twice, no marks",
    Condition.GOOD: "Works well, small signs of use",
    Condition.FAIR: "Works, with marks that you can see",
    Condition.POOR: "For parts or repair",
}
FIELD_OF_PROBLEM = {"location": "postcode"}


class StepForm(forms.Form):
    """One step. `changes` is what to save, also when the rules still ask for more.

    No field is required while it is read, because a draft keeps anything; `needed` names those that a listing must
    have, so that they are drawn as such.
    """

    needed: tuple[str, ...] = ()

    def __init__(self, *args: Any, listing: Listing, actor: Member, **kwargs: Any) -> None:
        self.listing, self.actor = listing, actor
        super().__init__(*args, **kwargs)

    def changes(self) -> dict[str, Any]:
        """The values to save, by the listing's field; those that could not be read are left out."""
        return dict(self.cleaned_data)

    def mark_needed(self) -> None:
        """Call before drawing."""
        for name in self.needed:
            if name in self.fields:
                self.fields[name].required = True

    def point(self) -> Point | None:
        """The place to save; None leaves it as it is."""
        return None

    def add_problems(self, problems: Problems) -> None:
        """Show what the rules say beside the fields that they are about."""
        for field, found in problems.items():
            name = FIELD_OF_PROBLEM.get(field, field)
            if name in self.fields and name not in self.errors:
                self.add_error(name, found)


class CategoryField(forms.ModelChoiceField):
    """The tree as one list in groups; the phone's own picker shows it best."""

    def __init__(self, branches: list[Branch], **options: Any) -> None:
        super().__init__(queryset=Category.objects.filter(parent__isnull=False), **options)
        self.choices = [
            ("", "Choose a category"),
            *(
                (branch.category.name, [(str(child.pk), child.name) for child in branch.children])
                for branch in branches
            ),
        ]


class WhatForm(StepForm):
    """Title and category."""

    needed = ("title", "category")
    title = forms.CharField(
        label="Title",
        max_length=TITLE_LENGTH[1],
        required=False,
        help_text="What a neighbour would type to find it, such as “Oak bedside table with drawer”.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"] = CategoryField(list_tree(), label="Category", required=False)
        self.initial.update({"title": self.listing.title, "category": self.listing.category_id})


class ConditionForm(StepForm):
    """Condition, what is wrong with it, brand and size."""

    needed: tuple[str, ...] = ("condition",)
    condition = forms.ChoiceField(
        label="Condition", choices=Condition.choices, widget=forms.RadioSelect, required=False
    )
    known_issues = forms.CharField(
        label="Known issues",
        max_length=500,
        required=False,
        widget=forms.Textarea,
        help_text="Scratches, missing parts, what does not work. Saying it now saves you both a trip.",
    )
    brand = forms.CharField(label="Brand", max_length=60, required=False)
    size = forms.CharField(
        label="Size", max_length=40, required=False, help_text="Clothes size, or width × depth × height."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.update(
            {name: getattr(self.listing, name) for name in ("condition", "known_issues", "brand", "size")}
        )
        if self.listing.is_wanted:
            condition = self.fields["condition"]
            condition.choices = [("", "Any condition"), *Condition.choices]  # type: ignore[attr-defined]
            self.needed = ()
            del self.fields["known_issues"]


class DescriptionForm(StepForm):
    """The description."""

    needed = ("description",)
    description = forms.CharField(
        label="Description", max_length=DESCRIPTION_LENGTH[1], required=False, widget=forms.Textarea
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["description"] = self.listing.description


class PriceForm(StepForm):
    """For credits or as a gift, and how many. People type whole credits; the table has hundredths."""

    needed = ("kind", "price")
    kind = forms.ChoiceField(
        label="How do you give it?",
        choices=[(Kind.SALE, "For credits"), (Kind.GIFT, "As a gift")],
        widget=forms.RadioSelect,
        required=False,
    )
    price = forms.IntegerField(label="Price", min_value=0, max_value=1_000_000, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        price = self.listing.price // HUNDREDTHS
        self.initial.update({"kind": self.listing.kind, "price": price or None})
        if self.listing.is_wanted:
            self.fields["kind"].label = "What do you offer for it?"
            self.fields["kind"].choices = [  # type: ignore[attr-defined]
                (Kind.SALE, "Credits"),
                (Kind.GIFT, "Nothing: I hope for a gift"),
            ]

    def clean_price(self) -> int | None:
        """Beyond the largest price nothing can be saved."""
        price: int | None = self.cleaned_data["price"]
        if price is not None and price > 100_000:
            raise forms.ValidationError("At most 100,000 credits.")
        return price

    def changes(self) -> dict[str, Any]:
        """Hundredths; an empty price is 0 until the listing is published."""
        kind = self.cleaned_data.get("kind") or self.listing.kind
        found: dict[str, Any] = {"kind": kind}
        if "price" in self.cleaned_data:
            found["price"] = 0 if kind == Kind.GIFT else (self.cleaned_data["price"] or 0) * HUNDREDTHS
        return found


class PlaceForm(StepForm):
    """A postcode, or a point chosen on the map, or where the member is."""

    needed = ("where",)
    HOME, ELSEWHERE = "home", "elsewhere"

    where = forms.ChoiceField(
        label="Where",
        choices=[(HOME, "Where I am"), (ELSEWHERE, "Somewhere else")],
        widget=forms.RadioSelect,
        required=False,
    )
    postcode = forms.CharField(label="Postcode", max_length=12, required=False)
    latitude = forms.FloatField(min_value=-90, max_value=90, required=False, widget=forms.HiddenInput)
    longitude = forms.FloatField(min_value=-180, max_value=180, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.actor.point is None:
            del self.fields["where"]
            return
        is_home = self.listing.latitude == self.actor.latitude and self.listing.longitude == self.actor.longitude
        self.initial["where"] = self.HOME if is_home else self.ELSEWHERE

    def clean(self) -> dict[str, Any]:
        """A postcode that is typed must be one that is known."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        self._found = None
        code = values.get("postcode", "")
        if values.get("where") != self.HOME and code:
            self._found = find_postcode(community_id=self.listing.community_id, code=code)
            if self._found is None:
                self.add_error("postcode", "We do not know this postcode. Try one nearby, or set the point on the map.")
        return values

    def changes(self) -> dict[str, Any]:
        """No words: only `point`."""
        return {}

    def point(self) -> Point | None:
        """The member's own place, the middle of the postcode, or the point on the map; in this order."""
        values = self.cleaned_data
        if values.get("where") == self.HOME:
            return self.actor.point
        if self._found is not None:
            return self._found.point
        if values.get("latitude") is not None and values.get("longitude") is not None:
            return Point(values["latitude"], values["longitude"])
        return None


FORMS: dict[str, type[StepForm]] = {
    "what": WhatForm,
    "condition": ConditionForm,
    "description": DescriptionForm,
    "price": PriceForm,
    "place": PlaceForm,
}
