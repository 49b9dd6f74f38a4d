"""Lets the ledger's clock follow `lib.clock`, for tests and for filling the demo town with a past. Never in earnest.

The ledger reads the time from one function of its own, `ledger.clock()`, which the application cannot change. The
database's owner can: inside `following_python` it adds a shift that each posting then names. Postings must still be
made in the order of their times, because an account's entries are later each time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg

from localex.lib import clock

if TYPE_CHECKING:
    # The supervisor calls `restore_clock`, and has no Django.
    from django.db.backends.utils import CursorWrapper

SHIFTED = """
CREATE OR REPLACE FUNCTION ledger.clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT pg_catalog.clock_timestamp()
        + coalesce(nullif(pg_catalog.current_setting('localex.clock_shift', true), ''), '0')::interval
$$"""
TRUE = """
CREATE OR REPLACE FUNCTION ledger.clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT pg_catalog.clock_timestamp() $$"""
FIND_SHIFTED = """
SELECT 1 FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = 'ledger' AND p.proname = 'clock' AND p.prosrc LIKE '%clock_shift%'"""

# While it is held no seal is made: what is posted about the past would come too late for it. See ledger.seal_step.
NO_SEALS = "SELECT pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended('localex.ledger.seal', 0))"

_following = False


@contextmanager
def following_python(owner_url: str) -> Iterator[None]:
    """Inside, postings of this process are booked at `lib.clock.now()`. `owner_url`: the database's owner."""
    global _following
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute(NO_SEALS)  # until this connection ends, in whatever way
        owner.execute(SHIFTED)
        _following = True
        try:
            yield
        finally:
            _following = False
            owner.execute(TRUE)


def restore_clock(*, app_url: str, owner_url: str) -> bool:
    """Put the true clock back after a rehearsal that was killed; whether that was needed. Cheap when it was not.

    `app_url`: the database as anybody may read it; its owner is asked only when there is something to do.
    """
    with psycopg.connect(app_url, autocommit=True, connect_timeout=5) as connection:
        row = connection.execute(FIND_SHIFTED).fetchone()
    if row is None:
        return False
    with psycopg.connect(owner_url, autocommit=True, connect_timeout=5) as owner:
        owner.execute(TRUE)
    return True


def move_clock(cursor: "CursorWrapper") -> None:
    """Tell the database the shift in force, before each call; nothing outside `following_python`."""
    if _following:
        shift = (clock.now() - datetime.now(UTC)).total_seconds()
        cursor.execute("SELECT set_config('localex.clock_shift', %s, false)", [f"{shift:.3f} seconds"])
