"""UUID version 7 (RFC 9562, section 5.7): identity and time order in one value."""

import threading
import uuid
from datetime import UTC, datetime

from localex.lib import clock, randomness

_lock = threading.Lock()
_last = 0


def new_id() -> uuid.UUID:
    """A new UUIDv7, strictly greater than every earlier one of this process made at a later or equal time.

    Layout: 48 bits of Unix milliseconds, the version, 12 bits counting within the millisecond (method 1 of
    section 6.2), the variant, 62 random bits.
    """
    global _last
    milliseconds = int(clock.now().timestamp() * 1000)
    with _lock:
        stamp = milliseconds << 12
        # Only a repeat within the same millisecond counts up: a shifted clock must not drag later ids along.
        if _last >> 12 == milliseconds:
            stamp = _last + 1
        _last = stamp
    tail = int.from_bytes(randomness.token_bytes(8)) >> 2
    value = (stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64 | 0b10 << 62 | tail
    return uuid.UUID(int=value)


def time_of(identifier: uuid.UUID) -> datetime:
    """The millisecond in which a UUIDv7 was made, in UTC; ValueError for any other version."""
    if identifier.version != 7:
        raise ValueError(f"{identifier} is not a UUID of version 7")
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, UTC)
