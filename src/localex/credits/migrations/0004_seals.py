"""Seals, proofs, statements and the checker from I1 to I8; and the table that keeps what checks found."""

from django.db import migrations, models

import localex.lib.ids
from localex.credits.ledger_sql import read, read_view

PARTS = ("seals", "proofs", "reading", "checks", "views", "comments", "grants")

# Backwards only while nothing is sealed: a seal is a promise to whoever holds a copy.
UNDO = f"""
DO $$
BEGIN
    IF EXISTS (SELECT FROM ledger.seals) THEN
        RAISE EXCEPTION 'the ledger has seals; they are not removed';
    END IF;
END
$$;
SET LOCAL ROLE ledger_owner;
{read_view("0001_checks", "broken_i5")}
{read_view("0001_checks", "broken_i6")}
RESET ROLE;
DROP FUNCTION ledger.list_legs, ledger.find_broken, ledger.find_broken_roots, ledger.find_broken_chain, ledger.find_new_i7,
    ledger.find_ended_i6, ledger.how_asked,
    ledger.find_new_i4, ledger.find_new_i3, ledger.find_bonuses_i2, ledger.find_new_i2, ledger.find_inclusion, ledger.resume_postings,
    ledger.stop_postings, ledger.seal_step, ledger.seal_digest, ledger.merkle_path, ledger.merkle_root,
    ledger.merkle_level, ledger.seal_leaves, ledger.microseconds;
DROP VIEW ledger.seals;
DROP TABLE ledger.seal;
ALTER TABLE ledger.sealing DROP COLUMN sealed;
"""


class Migration(migrations.Migration):
    dependencies = [("credits", "0003_core")]
    operations = [
        migrations.RunSQL("\n".join(read(f"0004_{part}") for part in PARTS), UNDO),
        migrations.CreateModel(
            name="CheckRun",
            fields=[
                (
                    "id",
                    models.UUIDField(default=localex.lib.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField()),
                (
                    "scope",
                    models.CharField(choices=[("full", "everything"), ("incremental", "what is new")], max_length=12),
                ),
                ("ok", models.BooleanField()),
                ("results", models.JSONField(default=list)),
                ("sealed_until", models.DateTimeField(null=True)),
                # Which communities an operator let go on, knowing what the check had found.
                ("resumed", models.JSONField(default=list, db_default=[])),
            ],
            options={"ordering": ["-id"]},
        ),
    ]
