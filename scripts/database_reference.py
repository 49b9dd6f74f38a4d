"""Makes docs/engineers/database.md from the catalogue of a migrated database: the schema `ledger` as it really is.

`python scripts/database_reference.py` writes build/ledger_in_force.sql, for reading: the source of every function and
view of the ledger, as the migrations of this checkout leave them in a database of its own.
"""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).parent.parent

TOP = """# The schema `ledger`

Made from the database's own catalogue; `UPDATE_DOCS=1 pytest tests/credits/test_database_reference.py` writes it again,
and the same test fails when it is out of date. Amounts are hundredths of a credit. [The ledger](../ledger.md) explains
how it works.

Functions marked with a role may be called by it; the others are parts of those. Call them as a statement of their own
(`SELECT ledger.hold_credits(...)`), not from a `DO` block: the guards refuse anything else.
"""

FUNCTIONS = """
SELECT * FROM (SELECT p.proname, pg_get_function_identity_arguments(p.oid) AS arguments,
       pg_get_function_result(p.oid), p.prosecdef, pg_get_userbyid(p.proowner),
       coalesce((SELECT string_agg(DISTINCT g.grantee::regrole::text, ', ' ORDER BY g.grantee::regrole::text)
                 FROM aclexplode(p.proacl) g
                 WHERE g.privilege_type = 'EXECUTE' AND g.grantee <> p.proowner AND g.grantee <> 0), '') AS callers,
       coalesce(obj_description(p.oid, 'pg_proc'), '')
FROM pg_proc p WHERE p.pronamespace = 'ledger'::regnamespace AND p.prorettype <> 'trigger'::regtype) found
ORDER BY callers = '', proname, arguments
"""
RELATIONS = """
SELECT c.oid, c.relname, coalesce(obj_description(c.oid, 'pg_class'), '') FROM pg_class c
WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind = ANY (%s::"char"[]) AND NOT c.relispartition
ORDER BY c.relname
"""
COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       coalesce(col_description(a.attrelid, a.attnum), '')
FROM pg_attribute a WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
CONSTRAINTS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = %s AND contype IN ('c', 'u', 'p', 'f') ORDER BY contype = 'c', conname
"""
ENUMS = """
SELECT t.typname, array_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid
WHERE t.typnamespace = 'ledger'::regnamespace GROUP BY t.typname ORDER BY 1
"""


def build_database(connection: psycopg.Connection[Any]) -> str:
    """The page, from a connection that may read the catalogue."""
    lines = [TOP, "## Functions", ""]
    for name, arguments, result, is_definer, owner, callers, words in connection.execute(FUNCTIONS):
        lines += [f"### `{name}({arguments})`", ""]
        rights = f"runs as `{owner}`" if is_definer else "runs as its caller"
        lines += [f"Answers `{result}`; {rights}{f'; for {callers}' if callers else ''}.", ""]
        lines += [words, ""] if words else []
    lines += ["## Values", "", "| type | values |", "| --- | --- |"]
    lines += [f"| `{name}` | {', '.join(values)} |" for name, values in connection.execute(ENUMS)]
    lines += ["", "## Views: the public face", ""]
    for oid, name, words in connection.execute(RELATIONS, [["v"]]).fetchall():
        lines += _relation(connection, oid, name, words, has_words=True)
    lines += ["## Tables: nobody reads them but the functions", ""]
    for oid, name, words in connection.execute(RELATIONS, [["r", "p"]]).fetchall():
        lines += _relation(connection, oid, name, words, has_words=False)
    return "\n".join(lines).rstrip() + "\n"


def _relation(connection: psycopg.Connection[Any], oid: int, name: str, words: str, *, has_words: bool) -> list[str]:
    lines = [f"### `{name}`", ""] + ([words, ""] if words else [])
    columns = connection.execute(COLUMNS, [oid]).fetchall()
    if has_words:
        lines += ["| column | type | what it is |", "| --- | --- | --- |"]
        lines += [f"| `{column}` | {kind} | {about} |" for column, kind, _, about in columns]
    else:
        lines += ["| column | type | may be empty |", "| --- | --- | --- |"]
        lines += [f"| `{column}` | {kind} | {'no' if not_null else 'yes'} |" for column, kind, not_null, _ in columns]
    constraints = connection.execute(CONSTRAINTS, [oid]).fetchall()
    lines += ["", *[f"- `{rule}`: `{definition}`" for rule, definition in constraints]]
    return [*lines, ""]


SOURCES = """
SELECT pg_get_functiondef(p.oid) FROM pg_proc p WHERE p.pronamespace = 'ledger'::regnamespace
ORDER BY p.proname, pg_get_function_identity_arguments(p.oid)
"""
VIEWS = """
SELECT format(E'CREATE OR REPLACE VIEW ledger.%I AS\n%s', relname, pg_get_viewdef(oid, true))
FROM pg_class WHERE relnamespace = 'ledger'::regnamespace AND relkind = 'v' ORDER BY relname
"""
IN_FORCE_TOP = """\
-- The functions and views of the schema `ledger` as they are in force, from a migrated database. Nothing runs this.

"""


def build_in_force(connection: psycopg.Connection[Any]) -> str:
    """The source of each function and view."""
    texts = [row[0].strip().rstrip(";") + ";" for query in (SOURCES, VIEWS) for row in connection.execute(query)]
    lines = [line.rstrip() for text in texts for line in (*text.splitlines(), "")]
    return IN_FORCE_TOP + "\n".join(lines).rstrip() + "\n"


@contextlib.contextmanager
def migrated_database() -> Iterator[psycopg.Connection[Any]]:
    """A superuser's connection to an empty database with the migrations of this checkout; it ends with the block."""
    sys.path.insert(0, str(ROOT))
    from tests.servers import TEMPLATE, RunningServers, Servers

    from localex.embedded import roles

    running = RunningServers()
    try:
        running.start()
        with psycopg.connect(Servers(running.root, "template").url(roles.SUPER, TEMPLATE)) as connection:
            yield connection
    finally:
        running.stop()


def main() -> int:
    """Write the file."""
    with migrated_database() as connection:
        text = build_in_force(connection)
    page = ROOT / "build" / "ledger_in_force.sql"
    page.parent.mkdir(exist_ok=True)
    page.write_text(text, encoding="utf-8")
    print(page.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
