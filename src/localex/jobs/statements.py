"""The SQL of this context, read once from `sql/`."""

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return files("localex.jobs").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
