"""Completes the ledger: communities that can be stopped, fees, partitions, audit. The files beside it hold the SQL."""

from django.db import migrations

from localex.credits.ledger_sql import read

PARTS = (
    "tables",
    "guards",
    "posting",
    "batch",
    "accounts",
    "bounds",
    "granting",
    "operations",
    "across",
    "growth",
    # From here on postings wait, so it comes late.
    "partitions",
    "views",
    "comments",
    "grants",
)


# The release before, as its own files made it: its guard (the triggers are still there) and all the rest.
BEFORE = "\n".join(
    [
        read("0001_guards").split("DO $guards$")[0].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"),
        "RESET ROLE;",
        *(read(f"0001_{part}") for part in ("posting", "operations", "views", "checks", "grants")),
    ]
)


class Migration(migrations.Migration):
    dependencies = [("credits", "0002_kinds")]
    operations = [
        migrations.RunSQL("\n".join(read(f"0003_{part}") for part in PARTS), f"{read('0003_undo')}\n{BEFORE}"),
    ]
