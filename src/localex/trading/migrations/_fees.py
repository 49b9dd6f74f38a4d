"""What the migrations of fees have in common. The underscore keeps Django from taking this for one of them."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.migrations.operations.base import Operation


def add_fees(model: str) -> list[Operation]:
    """The two fees of a trade or an offer, each 0 for whatever does not name them, and what is possible of new rows."""
    words = {"buyer_fee": "Hundredths, held together with the price.", "seller_fee": "Hundredths, kept back from the price."}
    possible = models.Q(buyer_fee__gte=0, seller_fee__gte=0, seller_fee__lte=models.F("price"))
    return [
        *[
            migrations.AddField(model, name, models.BigIntegerField(db_default=0, default=0, help_text=help_text))
            for name, help_text in words.items()
        ],
        AddConstraintNotValid(model, models.CheckConstraint(condition=possible, name=f"{model}_fees_possible")),
    ]
