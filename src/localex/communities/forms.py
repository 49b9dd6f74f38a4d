"""What staff type about credits."""

from decimal import Decimal
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from localex.lib.money import HUNDREDTHS


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


class PolicyForm(forms.ModelForm):
    """A community as staff edit it: amounts in credits, with words on what each one does."""

    starter_grant = CreditsField(help_text="Credits, given once to each member who confirms their address.")
    fee_fixed_buyer = CreditsField(
        label="Fixed fee of the buyer", help_text="Credits on top of the price. Held with it, taken at the handover."
    )
    fee_fixed_seller = CreditsField(
        label="Fixed fee of the seller", help_text="Credits kept back from what the seller gets, at most the price."
    )
    credit_line_per_trade = CreditsField(
        label="Credit line for each trade",
        help_text="Credits by which each completed trade lets both members go further below 0.",
    )
    credit_line_cap = CreditsField(
        label="Most of a credit line",
        help_text="No member earns more than this. Lowering it takes nothing back from those who have earned more.",
    )

    class Meta:
        labels = {"fee_percent_buyer": "Percent from the buyer"}
