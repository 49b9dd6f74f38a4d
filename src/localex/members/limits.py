"""Limits that hold even when nothing but PostgreSQL works.

Each attempt is one statement: it counts and decides in the same breath, so that a hundred attempts at once get no more
through than a hundred in a row. The window moves: at no moment are more than `limit` attempts younger than `window`.
Refused attempts do not count, so waiting always helps. Who tried is stored as a keyed digest only.

Outside a transaction the count is committed at once, which sign-in needs: its row must not stay locked while a password
is hashed.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.crypto import salted_hmac

from localex.lib import clock
from localex.members.errors import TooManyAttempts
from localex.members.models import AttemptCount

MAX_LIMIT = 1_000
FORGET_BATCH = 5_000

_HIT = """
INSERT INTO members_attemptcount AS kept (scope, key_digest, moments, is_allowed, expires_at)
VALUES (%(scope)s, %(key)s, ARRAY[%(now)s::timestamptz], true, %(now)s::timestamptz + %(window)s::interval)
ON CONFLICT (scope, key_digest) DO UPDATE SET (moments, is_allowed, expires_at) = (
    SELECT
        CASE WHEN cardinality(recent.moments) < %(limit)s
             THEN recent.moments || %(now)s::timestamptz ELSE recent.moments END,
        cardinality(recent.moments) < %(limit)s,
        %(now)s::timestamptz + %(window)s::interval
    FROM (
        SELECT coalesce(array_agg(moment ORDER BY moment), ARRAY[]::timestamptz[]) AS moments
        FROM unnest(kept.moments) AS moment
        WHERE moment > %(now)s::timestamptz - %(window)s::interval
    ) AS recent
)
RETURNING is_allowed, moments[1]
"""

_GIVE_BACK = """
UPDATE members_attemptcount SET moments = moments[:cardinality(moments) - 1]
WHERE scope = %(scope)s AND key_digest = %(key)s AND cardinality(moments) > 0
"""

_FORGET = """
DELETE FROM members_attemptcount WHERE id IN (
    SELECT id FROM members_attemptcount WHERE expires_at < %(now)s ORDER BY expires_at LIMIT %(batch)s
)
"""


def hit(scope: str, key: str, limit: int, window: timedelta) -> bool:
    """Count one attempt at `scope` by `key`; whether it is within `limit` per `window`."""
    return find_wait(scope, key, limit, window) is None


def spend(scope: str, key: str, limit: int, window: timedelta, *, doing: str, kept: str = "") -> None:
    """Count one attempt, or raise TooManyAttempts: its message says what was too much (`doing`) and when to return."""
    wait = find_wait(scope, key, limit, window)
    if wait is not None:
        raise TooManyAttempts(f"Too many {doing}. Try again in {wait_words(wait)}.", kept=kept)


def find_wait(scope: str, key: str, limit: int, window: timedelta) -> timedelta | None:
    """Count one attempt; None when it is within the limit, else how long until the next one is."""
    if not 1 <= limit <= MAX_LIMIT:
        raise ValueError(f"a limit is 1 to {MAX_LIMIT}, not {limit}")
    now = clock.now()
    values: dict[str, Any] = {"scope": scope, "key": _digest(scope, key), "now": now, "window": window, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(_HIT, values)
        is_allowed, oldest = _one_row(cursor.fetchone())
    return None if is_allowed else max(oldest + window - now, timedelta(seconds=1))


def give_back(scope: str, key: str) -> None:
    """Take back the latest counted attempt: it turned out not to be one, such as a sign-in with the right password."""
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_BACK, {"scope": scope, "key": _digest(scope, key)})


def forget_old_attempts() -> int:
    """Delete a batch of counts whose window has passed; how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, {"now": clock.now(), "batch": FORGET_BATCH})
        return cursor.rowcount


def clear(scope: str, key: str) -> None:
    """Forget every attempt at `scope` by `key`."""
    AttemptCount.objects.filter(scope=scope, key_digest=_digest(scope, key)).delete()


def wait_words(wait: timedelta) -> str:
    """A waiting time as people say it: "40 seconds", "12 minutes"; rounded up, so that waiting is always enough."""
    seconds = max(1, int(-(-wait.total_seconds() // 1)))
    if seconds < 60:
        return f"{seconds} second{'s' if seconds > 1 else ''}"
    minutes = -(-seconds // 60)
    return f"{minutes} minute{'s' if minutes > 1 else ''}"


def _digest(scope: str, key: str) -> str:
    return salted_hmac(f"localex.limits.{scope}", key, secret=settings.SECRET_KEY, algorithm="sha256").hexdigest()


def _one_row(row: tuple[bool, datetime] | None) -> tuple[bool, datetime]:
    assert row is not None, "INSERT .. ON CONFLICT DO UPDATE always returns its row"  # noqa: S101
    return row
