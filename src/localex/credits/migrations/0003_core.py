"""Completes the ledger: communities that can be stopped, fees, partitions, audit. The files beside it hold the SQL."""

from django.db import migrations

from localex.credits.ledger_sql import read, read_view

PARTS = (
    "tables",
    "guards",
    "posting",
    "pair",
    "batch",
    "accounts",
    "bounds",
    "granting",
    "holds",
    "across",
    "growth",
    # From here on postings wait, so it comes late.
    "partitions",
    "views",
    "comments",
    "grants",
)

# A view follows the table that it was made over, also when that is renamed: these stay as they were, over the partitions.
AGAIN = "\n".join(
    ["SET LOCAL ROLE ledger_owner;"]
    + [read_view("0001_views", view) for view in ("journals", "entries")]
    + [read_view("0001_checks", "broken_i4"), "RESET ROLE;"]
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
        migrations.RunSQL(
            "\n".join([*(read(f"0003_{part}") for part in PARTS), AGAIN]), f"{read('0003_undo')}\n{BEFORE}"
        ),
    ]
