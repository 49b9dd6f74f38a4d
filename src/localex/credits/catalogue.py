"""How the schema `ledger` is built, as text: who owns what, who may do what, every guard, function, constraint, column.

`catalogue.txt` beside this file is what this release makes. A guard that somebody switched off for a moment and forgot
shows as a difference, also when no row was harmed yet.

    python scripts/write_catalogue.py     writes catalogue.txt from a freshly migrated database
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from django.db import connection

EXPECTED = Path(__file__).with_suffix(".txt")

MIGRATIONS = Path(__file__).parent / "migrations"
LINES = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")


def find_lines() -> list[str]:
    """The schema of the connected database, in the order of `catalogue.txt`. In a transaction; locks nothing."""
    with connection.cursor() as cursor:
        # Names are then written with their schemas. Only for this transaction, and put back for what follows in it.
        cursor.execute("SELECT current_setting('search_path')")
        before = cursor.fetchone()[0]
        cursor.execute("SET LOCAL search_path = pg_catalog")
        cursor.execute(LINES)
        lines = sorted(row[0] for row in cursor.fetchall())
        cursor.execute("SELECT set_config('search_path', %s, true)", [before])
    return lines


def is_at_this_release() -> bool:
    """Whether exactly the migrations of credits that this release has were applied."""
    ours = {path.stem for path in MIGRATIONS.glob("[0-9]*.py")}
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM django_migrations WHERE app = 'credits'")
        return {row[0] for row in cursor.fetchall()} == ours


def compare(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What differs from this release, as (which thing, what is wrong with it)."""
    found, expected = set(lines), set(EXPECTED.read_text(encoding="utf-8").splitlines())
    changed = {line.split(": ", 1)[0] for line in found ^ expected}
    for what in sorted(changed):
        is_now = sorted(line for line in found - expected if line.split(": ", 1)[0] == what)
        was = sorted(line for line in expected - found if line.split(": ", 1)[0] == what)
        for line in is_now:
            yield what, f"it is {line.split(': ', 1)[1]}" + ("" if was else ", which this release does not make")
        if not is_now:
            yield what, f"it should be {was[0].split(': ', 1)[1]}"
