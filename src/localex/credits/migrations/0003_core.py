"""Completes the ledger: communities that can be stopped, fees, partitions, audit. The files beside it hold the SQL."""

from django.db import migrations

from localex.credits.ledger_sql import read

PARTS = ("tables", "guards", "partitions", "posting", "batch", "accounts", "operations", "across", "growth", "views", "grants")


class Migration(migrations.Migration):
    dependencies = [("credits", "0002_kinds")]
    operations = [
        migrations.RunSQL("\n".join(read(f"0003_{part}") for part in PARTS), migrations.RunSQL.noop),
    ]
