"""Fees of an offer, as 0002 has them of a trade. Apart, so that nobody waits for the locks of both tables."""

from django.db import migrations

from localex.trading.migrations._fees import add_fees


class Migration(migrations.Migration):
    dependencies = [("trading", "0002_fees")]

    operations = add_fees("offer")
