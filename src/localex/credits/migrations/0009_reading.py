"""Statements and balances of long ago at the same price in a ledger of many months."""

from django.db import migrations

from localex.credits.ledger_sql import read


def function(file: str, name: str) -> str:
    """The text of one function of an earlier file."""
    start = read(file).index(f"CREATE FUNCTION ledger.{name}(")
    return read(file)[start:].split("\n$$;")[0].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION") + "\n$$;\n"


UNDO = "\n".join(
    [
        "SET LOCAL ROLE ledger_owner; GRANT CREATE ON SCHEMA ledger TO ledger_writer; SET LOCAL ROLE ledger_writer;",
        function("0003_accounts", "balance_at"),
        "RESET ROLE; DROP FUNCTION ledger.list_legs(uuid, uuid, bigint[], bigint[], integer);",
        "SET LOCAL ROLE ledger_owner; REVOKE CREATE ON SCHEMA ledger FROM ledger_writer; RESET ROLE;",
    ]
)


class Migration(migrations.Migration):
    dependencies = [("credits", "0008_resumed")]
    operations = [migrations.RunSQL(read("0009_reading"), UNDO)]
