"""Fees of an offer. Expand only: offers of the previous release, which does not name them, have none."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trading", "0004_staffpayment")]

    operations = [
        migrations.AddField(
            model_name="offer",
            name="buyer_fee",
            field=models.BigIntegerField(
                db_default=0, default=0, help_text="Hundredths, held together with the price."
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="seller_fee",
            field=models.BigIntegerField(
                db_default=0, default=0, help_text="Hundredths, kept back from the price."
            ),
        ),
        AddConstraintNotValid(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(buyer_fee__gte=0, seller_fee__gte=0, seller_fee__lte=models.F("price")),
                name="offer_fees_possible",
            ),
        ),
    ]
