"""Lets the ledger's clock follow `lib.clock`, for tests and for filling the demo town with a past. Never in earnest.

The ledger reads the time from one function of its own, `ledger.clock()`, which the application cannot change. The
database's owner can: inside `following_python` it adds a shift that each posting then names. Postings must still be
made in the order of their times, because an account's entries are later each time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
from django.db.backends.utils import CursorWrapper

from localex.lib import clock

SHIFTED = """
CREATE OR REPLACE FUNCTION ledger.clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT pg_catalog.clock_timestamp()
        + coalesce(nullif(pg_catalog.current_setting('localex.clock_shift', true), ''), '0')::interval
$$"""
TRUE = """
CREATE OR REPLACE FUNCTION ledger.clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT pg_catalog.clock_timestamp() $$"""

_following = False


@contextmanager
def following_python(owner_url: str) -> Iterator[None]:
    """Inside, postings of this process are booked at `lib.clock.now()`. `owner_url`: the database's owner."""
    global _following
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute(SHIFTED)
    _following = True
    try:
        yield
    finally:
        _following = False
        with psycopg.connect(owner_url, autocommit=True) as owner:
            owner.execute(TRUE)


def move_clock(cursor: CursorWrapper) -> None:
    """Tell the database the shift in force, before each call; nothing outside `following_python`."""
    if _following:
        shift = (clock.now() - datetime.now(UTC)).total_seconds()
        cursor.execute("SELECT set_config('localex.clock_shift', %s, false)", [f"{shift:.3f} seconds"])
