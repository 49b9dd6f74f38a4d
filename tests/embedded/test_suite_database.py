"""The database that every test gets: a clone of the migrated template, used as the application's role."""

import pytest
from django.db import ProgrammingError, connection

from localex.embedded import roles
from tests.servers import Servers


@pytest.mark.django_db
def test_tests_connect_as_the_application() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_database()")
        assert cursor.fetchone() == (roles.APP, connection.settings_dict["NAME"])


@pytest.mark.django_db
def test_the_application_cannot_alter_tables() -> None:
    with pytest.raises(ProgrammingError), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE own (id int)")


@pytest.mark.django_db
def test_the_application_cannot_change_the_list_of_migrations() -> None:
    with pytest.raises(ProgrammingError), connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    ["UPDATE trading_tradeevent SET event = event", "DELETE FROM trading_tradeevent", "TRUNCATE trading_tradeevent"],
)
def test_the_application_only_adds_to_the_history_of_trades(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege('trading_tradeevent', 'INSERT')")
        assert cursor.fetchone() == (True,)
        with pytest.raises(ProgrammingError, match="permission denied"):
            cursor.execute(statement)


def test_committed_rows_are_seen_by_other_connections(committed_db: None, servers: Servers) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_session VALUES ('seen-by-others', '', now())")
    with servers.connect(roles.OWNER) as other:
        assert other.execute("SELECT count(*) FROM django_session WHERE session_key = 'seen-by-others'").fetchone() == (
            1,
        )


def test_a_scratch_database_ends_with_its_block(servers: Servers) -> None:
    with servers.scratch_database() as name, servers.connect(roles.OWNER, name) as owner:
        assert owner.execute("SELECT count(*) > 0 FROM django_migrations").fetchone() == (True,)
    with servers.connect(roles.SUPER, "postgres") as superuser:
        assert superuser.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None
