"""Reads the ledger's SQL files for the migrations.

A file belongs to the migration whose number it starts with and does not change once that is released; a later migration
brings its own file, with the whole text of each function that it replaces.
"""

from pathlib import Path

FOLDER = Path(__file__).parent / "sql"


def read(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
