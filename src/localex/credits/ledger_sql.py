"""Reads the ledger's SQL files for the migrations.

A file belongs to the migration whose number it starts with and does not change once that is released; a later migration
brings its own file, with the whole text of each function that it replaces.
"""

from pathlib import Path

FOLDER = Path(__file__).parent / "sql"


def read(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def read_view(name: str, view: str) -> str:
    """The statement that makes the view `ledger.<view>` in `sql/<name>.sql`, for whoever has to make it anew."""
    text = read(name)
    start = text.index(f"CREATE VIEW ledger.{view} AS")
    return text[start : text.index(";\n", start) + 2].replace("CREATE VIEW", "CREATE OR REPLACE VIEW")
