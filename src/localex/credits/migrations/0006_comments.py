"""Says in the database what each function of the ledger is for. The file beside it holds the SQL."""

from django.db import migrations

from localex.credits.ledger_sql import read


class Migration(migrations.Migration):
    dependencies = [("credits", "0005_payee")]
    operations = [migrations.RunSQL(read("0006_comments"), migrations.RunSQL.noop)]
