"""Checks that also compare limits, holds and bonuses with what cannot change; refunds that a ceiling cannot stop."""

from django.db import migrations

from localex.credits.ledger_sql import read


def function(file: str, name: str) -> str:
    """The text of one function of an earlier file."""
    start = read(file).index(f"CREATE FUNCTION ledger.{name}(")
    return read(file)[start:].split("\n$$;")[0].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION") + "\n$$;\n"


UNDO = "\n".join([
    read("0001_checks").replace("CREATE VIEW", "CREATE OR REPLACE VIEW"),
    "SET LOCAL ROLE ledger_owner; GRANT CREATE ON SCHEMA ledger TO ledger_writer; SET LOCAL ROLE ledger_writer;",
    function("0003_operations", "give_back"),
    function("0003_operations", "pay_out"),
    "DROP FUNCTION ledger.room_in_main(bigint[], bigint, bigint);",
    "SET LOCAL ROLE ledger_owner; REVOKE CREATE ON SCHEMA ledger FROM ledger_writer; RESET ROLE;",
])


class Migration(migrations.Migration):
    dependencies = [("credits", "0006_comments")]
    operations = [migrations.RunSQL(read("0007_checks"), UNDO)]
