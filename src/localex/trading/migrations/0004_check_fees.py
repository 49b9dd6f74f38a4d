"""Holds the trades and offers that were there before to what is possible, with locks that let people go on trading."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("trading", "0003_offer_fees")]

    operations = [ValidateConstraint(model_name=model, name=f"{model}_fees_possible") for model in ("trade", "offer")]
