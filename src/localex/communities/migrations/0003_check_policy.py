"""Holds the communities that were there before 0002 to its constraints."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("communities", "0002_policy")]

    operations = [
        ValidateConstraint(model_name="community", name="communities_fees_in_bounds"),
        ValidateConstraint(model_name="community", name="communities_credit_line_in_bounds"),
    ]
