"""The handoff code: six digits that change every 30 seconds and that only the buyer's page can show.

It is a time-based one-time password (RFC 6238) over a secret of the trade: the proof that buyer and seller stand
together. A code stays good for 90 seconds, so that reading it out loud and typing it takes nobody to the edge.
"""

import hashlib
import hmac
from datetime import datetime

STEP_SECONDS = 30
GOOD_STEPS = 3  # the present one and the two before it
DIGITS = 6


def _hotp(secret: bytes, counter: int) -> str:
    """RFC 4226, section 5.3."""
    digest = hmac.new(secret, counter.to_bytes(8), hashlib.sha1).digest()
    start = digest[-1] & 0xF
    number = int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def code_at(secret: bytes | memoryview, when: datetime) -> str:
    """The six digits at that moment."""
    return _hotp(bytes(secret), int(when.timestamp()) // STEP_SECONDS)


def seconds_left(when: datetime) -> int:
    """Until the next code, 1 to 30."""
    return STEP_SECONDS - int(when.timestamp()) % STEP_SECONDS


def is_code(secret: bytes | memoryview, digits: str, when: datetime) -> bool:
    """Whether `digits` is the code of this moment or of the two steps before; every comparison takes the same time."""
    counter = int(when.timestamp()) // STEP_SECONDS
    good = [_hotp(bytes(secret), counter - age) for age in range(GOOD_STEPS)]
    return sum(hmac.compare_digest(one.encode(), digits.encode()) for one in good) > 0
