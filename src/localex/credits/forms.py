"""What can be asked of a statement, read from the address."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError

from localex.credits import references
from localex.credits.statements import Filters
from localex.credits.wording import COMMUNITY_KINDS, GROUPS

COMMUNITY = "community"  # no member is called that: every display name holds a number
FIRST_DAY = date(2000, 1, 1)
LAST_DAY = date(2199, 12, 31)


class DayInput(forms.DateInput):
    """The browser's own calendar."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class StatementForm(forms.Form):
    """Every field may be missing; no line is shown while one is wrong, and the page says which.

    Only partners of the member can be chosen: a name of anybody else is answered like one that nobody has.
    """

    kind = forms.ChoiceField(label="What", required=False)
    partner = forms.ChoiceField(
        label="With whom",
        required=False,
        error_messages={"invalid_choice": "You have not traded with anybody of this name."},
    )
    since = forms.DateField(label="From", required=False, widget=DayInput)
    until = forms.DateField(label="To", required=False, widget=DayInput)

    def __init__(self, data: Any, *, partners: Sequence[str]) -> None:
        super().__init__(data)
        self._offer("kind", [("", "Everything"), *((value, words) for value, words, _ in GROUPS)])
        self._offer("partner", [("", "Anybody"), (COMMUNITY, "The community"), *((name, name) for name in partners)])
        self.is_valid()

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def clean_since(self) -> date | None:
        """A day that can be looked up."""
        return _check_day(self.cleaned_data["since"])

    def clean_until(self) -> date | None:
        """A day that can be looked up, not before the first."""
        day = _check_day(self.cleaned_data["until"])
        first = self.cleaned_data.get("since")
        if day and first and day < first:
            raise ValidationError("This day is before the first one.")
        return day

    def value(self, name: str) -> Any:
        """The cleaned value of a field, or None; None for all of them while one is wrong."""
        return (self.cleaned_data.get(name) or None) if not self.errors else None

    @property
    def is_used(self) -> bool:
        """Whether anything is filtered."""
        return bool(self.chips)

    @property
    def query(self) -> str:
        """The filters in force for an address, without a page."""
        return self._query_without("")

    def _query_without(self, left_out: str) -> str:
        return urlencode({name: self.value(name) for name in self.fields if name != left_out and self.value(name)})

    @property
    def chips(self) -> list[dict[str, str]]:
        """Each filter in force: its name, its words, and the query without it."""
        found = []
        for name in self.fields:
            value = self.value(name)
            if value:
                found.append({"name": name, "label": self._say(name, value), "query": self._query_without(name)})
        return found

    def _say(self, name: str, value: Any) -> str:
        match name:
            case "since":
                return f"From {say_date(value)}"
            case "until":
                return f"To {say_date(value)}"
            case "partner":
                return "With the community" if value == COMMUNITY else f"With {value}"
            case _:
                return next(words for group, words, _ in GROUPS if group == value)

    def filters(self, *, community_id: UUID, owner: UUID, zone: ZoneInfo) -> Filters:
        """What the ledger is asked for. Days begin at midnight in `zone`. May ask the book of references."""
        kinds = next((kinds for value, _, kinds in GROUPS if value == self.value("kind")), None)
        partner = self.value("partner")
        trades: frozenset[UUID] | None = None
        if partner == COMMUNITY:
            kinds = COMMUNITY_KINDS if kinds is None else kinds & COMMUNITY_KINDS
        elif partner:
            trades = references.list_trades_with(community_id=community_id, owner=owner, partner=partner)
        since, until = self.value("since"), self.value("until")
        return Filters(
            kinds=kinds,
            references=trades,
            since=start_of(since, zone) if since else None,
            until=start_of(until + timedelta(days=1), zone) if until else None,
        )


def _check_day(day: date | None) -> date | None:
    if day and not FIRST_DAY <= day <= LAST_DAY:
        raise ValidationError("Nothing was written down then.")
    return day


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """Midnight at the beginning of the day."""
    return datetime.combine(day, time(), zone)


def say_date(day: date) -> str:
    """ "24 November 2026"."""
    return f"{day.day} {day:%B %Y}"
