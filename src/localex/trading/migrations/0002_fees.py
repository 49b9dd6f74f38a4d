"""Fees of a trade. Expand only: the previous release's INSERTs, which do not name them, make trades without fees."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trading", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="trade",
            name="buyer_fee",
            field=models.BigIntegerField(
                db_default=0, default=0, help_text="Hundredths, held together with the price."
            ),
        ),
        migrations.AddField(
            model_name="trade",
            name="seller_fee",
            field=models.BigIntegerField(
                db_default=0, default=0, help_text="Hundredths, kept back from the price."
            ),
        ),
        AddConstraintNotValid(
            model_name="trade",
            constraint=models.CheckConstraint(
                condition=models.Q(buyer_fee__gte=0, seller_fee__gte=0, seller_fee__lte=models.F("price")),
                name="trade_fees_possible",
            ),
        ),
    ]
