"""What people type in a trade. Prices are typed in whole credits and become hundredths here."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from localex.credits.queries import Balance
from localex.lib import clock, money
from localex.lib.ids import new_id
from localex.listings.models import Listing
from localex.trading.services.meetups import EARLIEST_AHEAD
from localex.trading.services.reviews import MAX_TEXT, MIN_TEXT, TAGS

SOON = timedelta(minutes=10)
QUARTER_MINUTES = 15
OTHER = "other"


def _say_balance(balance: Balance) -> str:
    """What the field for a price says beside it; with a credit line also how much of it would be owed."""
    words = f"You have {money.display(balance.available)} credits to spend"
    if not balance.credit_line:
        return f"{words}."
    lowest = money.display(-balance.credit_line)
    return f"{words}: your balance is {money.display(balance.own)}, and it may go down to {lowest}."


class OfferForm(forms.Form):
    """A price for a listing; the hidden key makes the same form sent twice one offer.

    `slip` says what is wrong with a price in the address, "" for nothing: the page asks while somebody types.
    """

    slip = ""

    key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    price = forms.IntegerField(
        label="Your offer",
        min_value=1,
        max_value=100_000,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "required": "Say how many credits you offer.",
            "invalid": "Write a whole number of credits.",
            "min_value": "Offer at least 1 credit.",
            "max_value": "Offer at most 100,000 credits.",
        },
    )

    def __init__(self, *args: Any, listing: Listing, balance: Balance, asked: str | None = None, **kwargs: Any) -> None:
        """`balance` is what the maker has, said beside the field; `asked` a price to begin with."""
        kwargs.setdefault("initial", {"key": new_id(), "price": listing.price // money.HUNDREDTHS})
        super().__init__(*args, **kwargs)
        if asked is not None and not listing.is_gift:
            self._take(asked[:9])
        if listing.is_gift:
            del self.fields["price"]
        elif listing.is_wanted:
            self.fields["price"].label = "What you ask for it"
        else:
            self.fields["price"].help_text = _say_balance(balance)

    def _take(self, asked: str) -> None:
        """A price of the address: what is no price stays out of the field, and no sum is shown for it."""
        try:
            self.initial["price"] = self.fields["price"].clean(asked)
        except forms.ValidationError as error:
            self.initial["price"] = None
            self.slip = error.messages[0] if asked else ""

    @property
    def amount(self) -> int:
        """The price in hundredths; 0 for a gift."""
        return money.from_whole(self.cleaned_data.get("price") or 0)

    @property
    def shown_amount(self) -> int:
        """The price that stands in the field, in hundredths; 0 for a gift or for what is no price."""
        if "price" not in self.fields:
            return 0
        said = self.data.get("price") if self.is_bound else self.initial.get("price")
        try:
            return money.from_whole(self.fields["price"].clean(said))
        except forms.ValidationError:
            return 0

    @property
    def offer_id(self) -> uuid.UUID | None:
        """The form's own key, when it carried a UUIDv7."""
        key: uuid.UUID | None = self.cleaned_data.get("key")
        return key if key is not None and key.version == 7 else None


class PlaceForm(forms.Form):
    """Which of the proposed places suits."""

    place = forms.UUIDField(error_messages={"required": "Choose a place."})
    accepts_distance = forms.BooleanField(required=False)


def _next_quarter(after: datetime) -> datetime:
    rest = timedelta(minutes=after.minute % QUARTER_MINUTES, seconds=after.second, microseconds=after.microsecond)
    return after - rest + timedelta(minutes=QUARTER_MINUTES)


def suggest_times(now: datetime) -> list[datetime]:
    """Four half hours that people often choose, from the soonest on, in the time zone in force."""
    local = timezone.localtime(now)
    noon = local.replace(hour=12, minute=0, second=0, microsecond=0)
    tomorrow = noon + timedelta(days=1)
    saturday = noon.replace(hour=10) + timedelta(days=(5 - local.weekday()) % 7 or 7)
    soon = _next_quarter(local + SOON)
    wished = [soon, noon, noon.replace(hour=18), tomorrow, tomorrow.replace(hour=18), saturday]
    return sorted({time for time in wished if time >= soon})[:4]


class TimeForm(forms.Form):
    """One of the suggested half hours, or any other within a week."""

    choice = forms.CharField(
        label="When could you meet?",
        widget=forms.RadioSelect,
        max_length=40,
        error_messages={"required": "Choose a time."},
    )
    other = forms.DateTimeField(
        label="Another time",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": 900}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
        error_messages={"invalid": "Write the time like 2026-11-24 17:00."},
    )

    def __init__(self, *args: Any, describe: Any = str, **kwargs: Any) -> None:
        """`describe` turns a moment into the words beside its choice."""
        super().__init__(*args, **kwargs)
        soonest, *later = suggest_times(clock.now())
        times = [(soonest.isoformat(), f"As soon as possible: {describe(soonest)}")]
        times += [(time.isoformat(), f"{describe(time)[0].upper()}{describe(time)[1:]}") for time in later]
        # Not a ChoiceField: a time that was offered when the page was opened is judged by the service, not by the list.
        self.fields["choice"].widget = forms.RadioSelect(choices=[*times, (OTHER, "Another time")])

    def clean(self) -> dict[str, Any]:
        """Put the moment meant, whichever way it was said, into `starts_at`."""
        cleaned: dict[str, Any] = super().clean() or {}
        choice = cleaned.get("choice")
        if choice == OTHER:
            if not cleaned.get("other") and "other" not in self.errors:
                self.add_error("other", "Say when.")
            cleaned["starts_at"] = cleaned.get("other")
        elif choice:
            cleaned["starts_at"] = self._parse(choice)
        starts_at = cleaned.get("starts_at")
        if starts_at and starts_at < clock.now() + EARLIEST_AHEAD:
            self.add_error("other" if choice == OTHER else "choice", "This time is too soon or has passed.")
        return cleaned

    def _parse(self, choice: str) -> datetime | None:
        try:
            when = datetime.fromisoformat(choice)
        except ValueError:
            when = None
        if when is None or when.tzinfo is None:
            self.add_error("choice", "Choose a time.")
            return None
        return when


class CodeForm(forms.Form):
    """The six digits that the buyer shows; spaces and dashes do not matter."""

    code = forms.RegexField(
        label="The buyer's code",
        regex=r"^\s*([0-9][\s-]?){6}\s*$",
        max_length=20,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "placeholder": "", "class": "code-input"}
        ),
        error_messages={"required": "Type the six digits.", "invalid": "The code has six digits."},
    )


class ReviewForm(forms.Form):
    """Stars, some words that fit, and what one wants to say."""

    stars = forms.TypedChoiceField(
        label="How was it?",
        coerce=int,
        widget=forms.RadioSelect,
        choices=[(5, "5 – very good"), (4, "4 – good"), (3, "3 – all right"), (2, "2 – not good"), (1, "1 – bad")],
        error_messages={"required": "Give 1 to 5 stars."},
    )
    tags = forms.MultipleChoiceField(
        label="What fits?", required=False, widget=forms.CheckboxSelectMultiple, choices=[(tag, tag) for tag in TAGS]
    )
    text = forms.CharField(
        label="Your words",
        required=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=f"{MIN_TEXT} to {MAX_TEXT} characters, or nothing. No names, addresses or phone numbers.",
    )
