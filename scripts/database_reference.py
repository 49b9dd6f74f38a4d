"""Makes docs/engineers/database.md from the catalogue of a migrated database: the schema `ledger` as it really is."""

from typing import Any

import psycopg

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
-- The functions and views of the schema `ledger` as they are in force: several migrations define some of them anew.
-- Made from a migrated database by `UPDATE_DOCS=1 pytest tests/credits/test_database_reference.py`; nothing runs it.

"""


def build_in_force(connection: psycopg.Connection[Any]) -> str:
    """docs/engineers/ledger_in_force.sql: each function and view once, in its last form."""
    texts = [row[0].strip().rstrip(";") + ";" for query in (SOURCES, VIEWS) for row in connection.execute(query)]
    lines = [line.rstrip() for text in texts for line in (*text.splitlines(), "")]
    return IN_FORCE_TOP + "\n".join(lines).rstrip() + "\n"
