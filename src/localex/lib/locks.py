"""Advisory locks of PostgreSQL, named by words instead of numbers."""

import hashlib

from django.db import connection


def lock_number(name: str) -> int:
    """The signed 64-bit number that stands for `name` in PostgreSQL's advisory locks."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


def advisory_lock(name: str) -> None:
    """Wait for the lock called `name` and hold it until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lock_number(name)])
