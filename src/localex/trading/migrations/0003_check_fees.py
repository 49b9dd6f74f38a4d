"""Holds the trades that were there before 0002 to its constraint, with a lock that lets people go on trading."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("trading", "0002_fees")]

    operations = [ValidateConstraint(model_name="trade", name="trade_fees_possible")]
