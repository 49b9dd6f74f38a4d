"""How the ledger's views are read: plain SQL, rows as tuples."""

from collections.abc import Sequence
from typing import Any

from django.db import connection


def fetch(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """All rows of one statement; whoever writes it bounds their number."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
