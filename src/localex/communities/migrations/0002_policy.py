"""Fees and earned credit lines as policy of a community; all of it off until a coordinator says otherwise.

Expand only: the columns have defaults of the database's own, so the previous release goes on founding communities.
The constraints are checked for new rows at once and for the old ones by 0003, without a lock that anybody would feel.
"""

from decimal import Decimal

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("communities", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="community",
            name="fee_fixed_buyer",
            field=models.BigIntegerField(
                db_default=0,
                default=0,
                help_text="Hundredths that the buyer pays on top of the price of each trade.",
            ),
        ),
        migrations.AddField(
            model_name="community",
            name="fee_percent_buyer",
            field=models.DecimalField(
                db_default=Decimal(0),
                decimal_places=2,
                default=Decimal(0),
                help_text="Percent of the price that the buyer pays on top, rounded half-even to a hundredth.",
                max_digits=5,
            ),
        ),
        migrations.AddField(
            model_name="community",
            name="fee_fixed_seller",
            field=models.BigIntegerField(
                db_default=0,
                default=0,
                help_text="Hundredths that are kept back from what the seller of each trade gets.",
            ),
        ),
        migrations.AddField(
            model_name="community",
            name="credit_line_per_trade",
            field=models.BigIntegerField(
                db_default=0,
                default=0,
                help_text="Hundredths by which each completed trade lets a member go further below 0.",
            ),
        ),
        migrations.AddField(
            model_name="community",
            name="credit_line_cap",
            field=models.BigIntegerField(
                db_default=0,
                default=0,
                help_text="Hundredths that an earned credit line never exceeds; 0 means none is earned.",
            ),
        ),
        AddConstraintNotValid(
            model_name="community",
            constraint=models.CheckConstraint(
                condition=models.Q(fee_fixed_buyer__gte=0, fee_fixed_buyer__lte=100_000)
                & models.Q(fee_fixed_seller__gte=0, fee_fixed_seller__lte=100_000)
                & models.Q(fee_percent_buyer__gte=0, fee_percent_buyer__lte=Decimal(50)),
                name="communities_fees_in_bounds",
                violation_error_message="Fixed fees are 0 to 1,000 credits, the percentage is 0 to 50.",
            ),
        ),
        AddConstraintNotValid(
            model_name="community",
            constraint=models.CheckConstraint(
                condition=models.Q(credit_line_per_trade__gte=0, credit_line_cap__lte=10_000_000)
                & models.Q(credit_line_per_trade__lte=models.F("credit_line_cap")),
                name="communities_credit_line_in_bounds",
                violation_error_message=(
                    "What one trade adds to a credit line is at most the cap, and the cap at most 100,000 credits."
                ),
            ),
        ),
    ]
