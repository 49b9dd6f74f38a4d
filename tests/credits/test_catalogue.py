"""How the ledger is built, compared with the golden file, and who may do what around it.

After a migration that changes the ledger: `python scripts/write_catalogue.py`, and look at the difference.
"""

from typing import Any

import pytest
from django.db import connection, transaction

from localex.credits import catalogue
from localex.credits.checks import run_structure_check
from localex.embedded import roles
from tests.credits.conftest import Town
from tests.servers import Servers


@pytest.fixture
def superuser(servers: Servers) -> Any:
    with servers.connect(roles.SUPER) as found:
        yield found


def test_the_ledger_is_built_as_the_golden_file_says(db: None) -> None:
    with transaction.atomic():
        lines = catalogue.find_lines()
    assert lines == catalogue.EXPECTED.read_text(encoding="utf-8").splitlines(), "run python scripts/write_catalogue.py"
    assert list(catalogue.compare(lines)) == []


def test_the_golden_file_names_every_guard() -> None:
    lines = catalogue.EXPECTED.read_text(encoding="utf-8").splitlines()
    guarded = ("account", "balance", "journal", "entry", "hold", "seal", "sealing", "audit", "bonus", "community")
    for table in guarded:
        for guard in ("refuse_outside", "refuse_removal"):
            assert [line for line in lines if line.startswith(f"trigger {guard} on ledger.{table}: always")], table
    for final in ("account", "journal", "entry", "seal", "audit", "bonus"):
        assert [line for line in lines if line.startswith(f"trigger refuse_update on ledger.{final}: always")], final
    assert not [line for line in lines if line.startswith("trigger") and ": always" not in line]
    assert not [line for line in lines if line.startswith("right on") and "everybody" in line]


def test_every_function_with_rights_of_its_owner_has_its_path_pinned() -> None:
    lines = catalogue.EXPECTED.read_text(encoding="utf-8").splitlines()
    definers = [line for line in lines if line.startswith("function") and "security definer" in line]
    assert len(definers) > 20
    assert all('"search_path=pg_catalog, pg_temp"' in line for line in definers)


ADMIT = "DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO somebody', current_database()); END $$"
SOMEBODY = f"CREATE ROLE somebody LOGIN; {ADMIT}"
CHANGES = {
    "ALTER TABLE ledger.entry DISABLE TRIGGER refuse_update": "trigger refuse_update on ledger.entry",
    "ALTER TABLE ledger.entry_first ENABLE TRIGGER refuse_update": "trigger refuse_update on partition of ledger.entry",
    "ALTER TABLE ledger.balance DROP CONSTRAINT balance_within_limits": "constraint on ledger.balance",
    "GRANT SELECT ON ledger.balance TO localex_app": "right on ledger.balance",
    "GRANT UPDATE (floor) ON ledger.balance TO PUBLIC": "right on ledger.balance.floor",
    "ALTER FUNCTION ledger.find_broken SECURITY INVOKER": "function ledger.find_broken(",
    "ALTER FUNCTION ledger.grant_credits(uuid, uuid, uuid, bigint, ledger.journal_kind, uuid) RESET search_path":
        "function ledger.grant_credits(",
    "CREATE INDEX ON ledger.hold (payer)": "index on ledger.hold",
    "CREATE RULE eat AS ON DELETE TO ledger.hold DO INSTEAD NOTHING": "rule on ledger.hold",
    "ALTER TABLE ledger.hold ENABLE ROW LEVEL SECURITY": "table ledger.hold",
    "CREATE TABLE public.child () INHERITS (ledger.balance)": "child of ledger.balance",
    "ALTER TYPE ledger.refusal RENAME VALUE 'hold_ended' TO 'hold_over'": "type ledger.refusal",
    "ALTER ROLE ledger_writer LOGIN": "role ledger_writer",
    "GRANT ledger_writer TO ledger_app": "member of ledger_writer",
    "CREATE ROLE between_two; GRANT ledger_owner TO between_two; GRANT between_two TO localex_app":
        "member of between_two",
    "GRANT pg_write_all_data TO localex_app": "member of pg_write_all_data",
    "GRANT localex_owner TO localex_app": "member of the database's owner",
    f"{SOMEBODY}; GRANT ledger_auditor TO somebody WITH ADMIN TRUE, INHERIT FALSE, SET FALSE":
        "member of ledger_auditor",
    f"{SOMEBODY}; GRANT ledger_app TO somebody; GRANT ALL ON public.credits_checkrun TO somebody":
        "member of ledger_app",
    f"{SOMEBODY}; GRANT localex_owner TO somebody": "member of the database's owner",
    "ALTER ROLE localex_app SUPERUSER": "role the application",
    "ALTER ROLE localex_app BYPASSRLS": "role the application",
    "ALTER ROLE ledger_writer REPLICATION": "role ledger_writer",
    "GRANT SET ON PARAMETER session_replication_role TO localex_app": "right on parameter session_replication_role",
    "GRANT ALTER SYSTEM ON PARAMETER fsync TO PUBLIC": "right on parameter fsync",
    "CREATE FUNCTION public.eat() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
    "CREATE EVENT TRIGGER eat ON ddl_command_end EXECUTE FUNCTION public.eat()": "event trigger eat",
    "CREATE FUNCTION public.eat() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
    "CREATE TRIGGER eat BEFORE INSERT ON public.credits_checkrun FOR EACH ROW EXECUTE FUNCTION public.eat()":
        "trigger eat on runs of checks",
    "ALTER SEQUENCE ledger.account_id INCREMENT 1000": "sequence ledger.account_id",
    "ALTER ROLE localex_app SET session_replication_role = replica": "setting of the application",
    "ALTER FUNCTION ledger.clock() LEAKPROOF": "function ledger.clock(",
    "CREATE RULE eat AS ON INSERT TO public.credits_checkrun DO INSTEAD NOTHING": "rule on runs of checks",
    "CREATE OR REPLACE FUNCTION ledger.clock() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'":
        "function ledger.clock(",
    "ALTER VIEW ledger.totals RENAME COLUMN total TO sum": "column ledger.totals",
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_named(fragile_town: Town, change: str) -> None:
    assert run_structure_check().holds
    with connection.cursor() as cursor:
        cursor.execute(change)
    found = run_structure_check()
    assert not found.holds
    assert any(offence.subject.startswith(CHANGES[change]) for offence in found.offences), found.offences
    assert not found.communities


@pytest.mark.parametrize(
    "server",
    [
        # Who hosts the server made the owner, and may be it.
        f"{SOMEBODY}; ALTER ROLE somebody CREATEROLE CREATEDB; GRANT localex_owner TO somebody WITH ADMIN TRUE",
        # The owner has its roles from a superuser, who made them all; or made the application's role itself.
        "REVOKE ledger_owner, ledger_writer, ledger_auditor FROM localex_owner CASCADE",
        "GRANT ledger_app TO localex_owner WITH ADMIN TRUE; GRANT localex_app TO localex_owner WITH ADMIN TRUE",
        # Other names.
        "ALTER ROLE localex_app RENAME TO town_web; ALTER ROLE localex_owner RENAME TO town_owner",
        # Another installation on the same server, whose roles cannot connect here.
        "CREATE ROLE town_two LOGIN; CREATE ROLE owner_two LOGIN CREATEROLE;"
        "GRANT ledger_app TO town_two; GRANT ledger_owner, ledger_writer, ledger_auditor TO owner_two",
        # A superuser who is a member besides.
        f"{SOMEBODY}; ALTER ROLE somebody SUPERUSER; GRANT ledger_owner TO somebody",
    ],
)
def test_another_server_with_the_same_rights_is_no_difference(fragile_town: Town, server: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(server)
    assert run_structure_check().holds, run_structure_check().offences


def test_in_the_middle_of_an_upgrade_nothing_is_compared(fragile_town: Town) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger.entry DISABLE TRIGGER refuse_update")
        cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('credits', '9999_next', now())")
    assert run_structure_check().holds


def test_nobody_may_create_anything_who_need_not(superuser: Any) -> None:
    rows = superuser.execute(
        "SELECT nspname, grantee::regrole::text FROM pg_namespace, aclexplode(nspacl)"
        " WHERE privilege_type = 'CREATE' AND nspname !~ '^pg_' AND grantee <> nspowner"
    ).fetchall()
    assert rows == []
    for role in (roles.APP, "ledger_app", "ledger_writer", "ledger_auditor"):
        rows = superuser.execute(
            "SELECT nspname FROM pg_namespace WHERE has_schema_privilege(%s, oid, 'CREATE')"
            " AND nspname !~ '^pg_(toast|temp)'",
            [role],
        ).fetchall()
        assert rows == [], role
        assert superuser.execute(
            "SELECT has_database_privilege(%s, current_database(), 'CREATE, TEMPORARY')", [role]
        ).fetchone() == (False,)


def test_roles_are_only_what_they_must_be(superuser: Any) -> None:
    powers = superuser.execute(
        "SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname ~ '^(ledger|localex)_'"
        " AND NOT (rolsuper OR rolcreatedb OR rolreplication OR rolbypassrls) ORDER BY 1"
    ).fetchall()
    assert powers == [
        ("ledger_app", False),
        ("ledger_auditor", False),
        ("ledger_owner", False),
        ("ledger_writer", False),
        (roles.APP, True),
        (roles.OWNER, True),
    ]
    members = superuser.execute(
        "SELECT DISTINCT roleid::regrole::text, member::regrole::text FROM pg_auth_members"
        " WHERE (roleid::regrole::text ~ '^(ledger|localex)_' OR member::regrole::text ~ '^(ledger|localex)_')"
        " AND (inherit_option OR set_option) AND member::regrole::text !~ '^attack_test_' ORDER BY 1, 2"
    ).fetchall()
    assert ("ledger_app", roles.APP) in members
    assert {role for role, member in members if member == roles.APP} == {"ledger_app"}
    assert {member for role, member in members if role in ("ledger_owner", "ledger_writer", "ledger_auditor")} <= {
        roles.OWNER,
        roles.SUPER,
    }
