"""A function that names the payee of holds of the release before. The file beside it holds the SQL."""

from django.db import migrations

from localex.credits.ledger_sql import read

UNDO = """
DROP FUNCTION ledger.name_payee(uuid, uuid);
REVOKE UPDATE (payee) ON ledger.hold FROM ledger_writer;
"""


class Migration(migrations.Migration):
    dependencies = [("credits", "0004_seals")]
    operations = [migrations.RunSQL(read("0005_payee"), UNDO)]
