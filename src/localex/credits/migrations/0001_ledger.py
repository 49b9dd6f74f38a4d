"""Makes the ledger: roles, tables, guards, functions, views. The files beside it hold the SQL."""

from django.conf import settings
from django.db import migrations, models
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from localex.credits.ledger_sql import read

PARTS = ("tables", "guards", "posting", "operations", "views", "checks", "grants")

# Credits do not vanish by a migration: backwards only while nothing was ever posted. The roles stay, because other
# databases of the cluster may use them.
UNDO = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM ledger.journals) THEN
        RAISE EXCEPTION 'the ledger holds postings; it is not removed';
    END IF;
END
$$;
DROP SCHEMA ledger CASCADE;
"""


def app_role() -> str:
    """The sign-in role of the application, from DATABASE_URL."""
    return conninfo_to_dict(settings.LOCALEX.database_url).get("user") or "localex_app"


def admit_application(apps, schema_editor):
    """Let the application's sign-in role use the ledger. The role itself is made by whoever sets up the server."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_has_role(oid, 'ledger_app', 'USAGE') FROM pg_roles WHERE rolname = %s AND rolname <> current_user",
            [app_role()],
        )
        if cursor.fetchone() == (False,):
            cursor.execute(sql.SQL("GRANT ledger_app TO {}").format(sql.Identifier(app_role())))


def view(name, table, *fields, **options):
    """A model without a table of its own: it reads one of the ledger's views."""
    return migrations.CreateModel(
        name=name, fields=list(fields), options={"managed": False, "db_table": f'"ledger"."{table}"', **options}
    )


VIEWS = [
    view(
        "Account",
        "accounts",
        ("account_id", models.BigIntegerField(primary_key=True, serialize=False)),
        ("community_id", models.UUIDField()),
        ("owner", models.UUIDField(null=True)),
        ("kind", models.TextField()),
        ("posted", models.BigIntegerField()),
        ("floor", models.BigIntegerField(null=True)),
        ("ceiling", models.BigIntegerField(null=True)),
        ("available", models.BigIntegerField(null=True)),
        ("entry_count", models.BigIntegerField()),
        ("last_at", models.DateTimeField(null=True)),
        ("opened_at", models.DateTimeField()),
        ("is_open", models.BooleanField()),
    ),
    view(
        "Journal",
        "journals",
        ("journal_id", models.UUIDField(primary_key=True, serialize=False)),
        ("community_id", models.UUIDField()),
        ("kind", models.TextField()),
        ("reason", models.TextField(null=True)),
        ("booked_at", models.DateTimeField()),
        ("actor", models.UUIDField(null=True)),
        ("reference", models.UUIDField(null=True)),
    ),
    view(
        "Entry",
        "entries",
        (
            "pk",
            models.CompositePrimaryKey(
                "account_id", "seq", blank=True, editable=False, primary_key=True, serialize=False
            ),
        ),
        ("account_id", models.BigIntegerField()),
        ("seq", models.BigIntegerField()),
        ("amount", models.BigIntegerField()),
        ("balance_after", models.BigIntegerField()),
        ("booked_at", models.DateTimeField()),
        ("journal_id", models.UUIDField()),
        verbose_name_plural="entries",
    ),
    view(
        "Hold",
        "holds",
        ("trade_id", models.UUIDField(primary_key=True, serialize=False)),
        ("community_id", models.UUIDField()),
        ("payer", models.UUIDField()),
        ("escrow_id", models.BigIntegerField()),
        ("amount", models.BigIntegerField()),
        ("from_gift", models.BigIntegerField()),
        ("from_main", models.BigIntegerField()),
        ("expires_at", models.DateTimeField()),
        ("state", models.TextField()),
        ("held_by", models.UUIDField()),
        ("ended_by", models.UUIDField(null=True)),
    ),
]


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(read("0001_roles"), migrations.RunSQL.noop),
        migrations.RunSQL("\n".join(read(f"0001_{part}") for part in PARTS), UNDO),
        migrations.RunPython(admit_application, migrations.RunPython.noop),
        *VIEWS,
    ]
