"""Holds the offers that were there before 0005 to its constraint, with a lock that lets people go on trading."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("trading", "0005_offer_fees")]

    operations = [ValidateConstraint(model_name="offer", name="offer_fees_possible")]
