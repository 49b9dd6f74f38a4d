"""What the database says about its own schema: kept as the comment of the table that lists the applied migrations.

A comment needs no table of its own, is part of every backup, and everybody may read it.
"""

import json
from typing import Any

import psycopg
from psycopg import sql

from localex.embedded.fingerprints import list_migrations

TABLE = "public.django_migrations"


def read_schema_state(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """The `version` of LocalEx and the `fingerprint` of the last complete migration; empty for a new database."""
    row = connection.execute("SELECT obj_description(to_regclass(%s), 'pg_class')", [TABLE]).fetchone()
    try:
        found = json.loads(row[0]) if row and row[0] else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def write_schema_state(connection: psycopg.Connection[Any], *, version: str, fingerprint: str) -> None:
    """Note that the schema is complete for this version; run as the owner, after migrations and grants."""
    text = json.dumps({"version": version, "fingerprint": fingerprint})
    statement = sql.SQL("COMMENT ON TABLE {} IS {}")
    connection.execute(statement.format(sql.SQL("public.django_migrations"), sql.Literal(text)))


def find_pending(connection: psycopg.Connection[Any]) -> list[str]:
    """The migrations of this code that the database does not have, as `label.name`; quick, without Django."""
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [TABLE]).fetchone()
    done: set[tuple[str, str]] = set()
    if row and row[0]:
        done = {(label, name) for label, name in connection.execute("SELECT app, name FROM public.django_migrations")}
    return sorted(f"{label}.{name}" for label, name in list_migrations() - done)


def database_identity(connection: psycopg.Connection[Any]) -> str:
    """A text that no other database has, also none with the same name made later."""
    row = connection.execute(
        "SELECT (SELECT system_identifier FROM pg_control_system()) || '/' || oid "
        "FROM pg_database WHERE datname = current_database()"
    ).fetchone()
    return str(row[0]) if row else ""
