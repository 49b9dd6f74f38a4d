"""Fees of a trade. Expand only: the previous release's INSERTs, which do not name them, make trades without fees."""

from django.db import migrations

from localex.trading.migrations._fees import add_fees


class Migration(migrations.Migration):
    dependencies = [("trading", "0001_initial")]

    operations = add_fees("trade")
