"""What staff type about credits."""

from decimal import Decimal
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from localex.communities.models import (
    DEFAULT_STARTER_GRANT,
    MAX_CREDIT_LINE,
    MAX_FIXED_FEE,
    MAX_PERCENT_FEE,
    MAX_STARTER_GRANT,
)
from localex.lib.money import HUNDREDTHS, display


class CreditsField(forms.DecimalField):
    """Typed in credits with at most two decimals, kept in whole hundredths."""

    widget = UnfoldAdminDecimalFieldWidget

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", 0)
        super().__init__(max_digits=12, decimal_places=2, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Hundredths from the database as credits; what somebody typed stays as it is."""
        return Decimal(value) / HUNDREDTHS if isinstance(value, int) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compared as amounts: "1.5" is what 150 hundredths were."""
        return super().has_changed(self.prepare_value(initial), data)

    def clean(self, value: Any) -> Any:
        """The amount in hundredths, or None for an empty field that may be empty."""
        amount = super().clean(value)
        return None if amount is None else int(amount * HUNDREDTHS)


def _spell(field: forms.Field, value: Any) -> str:
    """A value of the form as people read it."""
    if value is None or value == "":
        return "none"
    if isinstance(field, CreditsField):
        return display(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(dict(getattr(field, "choices", ())).get(value, value))


def _most(amount: int) -> Decimal:
    return Decimal(amount) / HUNDREDTHS


class PolicyForm(forms.ModelForm):
    """A community as staff edit it: amounts in credits, with words on what each one does.

    A new one begins with what the model begins with. Each field knows its own bounds, so that it is marked itself.
    """

    starter_grant = CreditsField(
        initial=DEFAULT_STARTER_GRANT,
        max_value=_most(MAX_STARTER_GRANT),
        help_text="Credits, given once to each member who confirms their address.",
    )
    fee_fixed_buyer = CreditsField(
        initial=0,
        max_value=_most(MAX_FIXED_FEE),
        label="Fixed fee of the buyer",
        help_text="Credits on top of the price. Held with it, taken at the handover.",
    )
    fee_percent_buyer = forms.DecimalField(
        initial=0,
        min_value=0,
        max_value=MAX_PERCENT_FEE,
        max_digits=5,
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget,
        label="Percent from the buyer",
        help_text="Percent of the price, on top of it and rounded half-even to a hundredth; at most 50.",
    )
    fee_fixed_seller = CreditsField(
        initial=0,
        max_value=_most(MAX_FIXED_FEE),
        label="Fixed fee of the seller",
        help_text="Credits kept back from what the seller gets, at most the price.",
    )
    credit_line_per_trade = CreditsField(
        initial=0,
        max_value=_most(MAX_CREDIT_LINE),
        label="Credit line for each trade",
        help_text="Credits by which each completed trade lets both members go further below 0.",
    )
    credit_line_cap = CreditsField(
        initial=0,
        max_value=_most(MAX_CREDIT_LINE),
        label="Most of a credit line",
        help_text="No member earns more than this. Lowering it takes nothing back from those who have earned more.",
    )

    def describe_changes(self) -> str:
        """What is another now, with what it was: for the history, and for the page of decisions."""
        return "; ".join(
            f"{self[name].label}: {_spell(self.fields[name], self.initial.get(name))}"
            f" → {_spell(self.fields[name], self.cleaned_data[name])}"
            for name in self.changed_data
        )
