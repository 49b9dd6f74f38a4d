"""The roles of the database, and what each may do. The supervisor and the test suite both come through here.

`localex_super` is known to the supervisor only. `localex_owner` owns the database and runs migrations. `localex_app` is
what web and worker connect as: it reads and writes rows, and can alter nothing.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, LiteralString

if TYPE_CHECKING:
    # Imported late everywhere else: it takes as long as PostgreSQL's own start, and both can happen at once.
    import psycopg

SUPER = "localex_super"
OWNER = "localex_owner"
APP = "localex_app"
DATABASE = "localex"
# Made by the migrations of credits; members of it may call the ledger's functions and read its views.
LEDGER_APP = "ledger_app"

# What the application may not do to some tables of schema public: what Django applied is the owner's business, and the
# history of trades and of what staff paid only grows.
_WITHHELD: Mapping[str, LiteralString] = {
    "django_migrations": "INSERT, UPDATE, DELETE, TRUNCATE",
    "trading_tradeevent": "UPDATE, DELETE, TRUNCATE",
    "trading_staffpayment": "UPDATE, DELETE, TRUNCATE",
}

_RIGHTS: Mapping[str, LiteralString] = {
    OWNER: "LOGIN CREATEROLE NOSUPERUSER NOCREATEDB NOREPLICATION NOBYPASSRLS",
    APP: "LOGIN NOCREATEROLE NOSUPERUSER NOCREATEDB NOREPLICATION NOBYPASSRLS",
}


def create_roles(connection: "psycopg.Connection[Any]", passwords: Mapping[str, str]) -> None:
    """Make the owner and the application's role where they are missing.

    `connection` is the superuser's, in autocommit mode; `passwords` go to the server as SCRAM verifiers, so that not
    even its log could show them. A role that is there keeps its password.
    """
    from psycopg import sql

    found = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
    for role, rights in _RIGHTS.items():
        if role in found:
            continue
        verifier = connection.pgconn.encrypt_password(passwords[role].encode(), role.encode(), b"scram-sha-256")
        words = (sql.Identifier(role), sql.SQL(rights), sql.Literal(verifier.decode()))
        connection.execute(sql.SQL("CREATE ROLE {} {} PASSWORD {}").format(*words))


def create_database(connection: "psycopg.Connection[Any]", name: str, *, template: str = "template0") -> bool:
    """Make the database `name`, owned by the owner role and closed to everybody but the application's role.

    `connection` is the superuser's, in autocommit mode. Returns whether it had to be made.
    """
    from psycopg import sql

    row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
    if row is None:
        # A file copy beats a copy through the log for small databases, and nobody is connected to a template.
        statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY FILE_COPY")
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(template)))
    for words in ("REVOKE ALL ON DATABASE {} FROM PUBLIC", "GRANT CONNECT ON DATABASE {} TO {}"):
        connection.execute(sql.SQL(words).format(sql.Identifier(name), sql.Identifier(APP)))
    return row is None


def grant_application(connection: "psycopg.Connection[Any]", app: str = APP) -> None:
    """Let the role `app` use what migrations made; run after each migration, as the owner.

    Rows of schema public may be read and changed. What the ledger allows is decided in its own migrations: the role
    only becomes a member of `ledger_app`. What else it may not change is in `_WITHHELD`.
    """
    from psycopg import sql

    role = sql.Identifier(app)
    for words in (
        "GRANT USAGE ON SCHEMA public TO {}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {}",
    ):
        connection.execute(sql.SQL(words).format(role))
    tables = {row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    for table, rights in _WITHHELD.items():
        if table in tables:
            statement = sql.SQL("REVOKE {} ON public.{} FROM {}")
            connection.execute(statement.format(sql.SQL(rights), sql.Identifier(table), role))
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'ledger_app'").fetchone():
        connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(LEDGER_APP), role))
