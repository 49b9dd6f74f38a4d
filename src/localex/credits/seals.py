"""Seals: chained digests over everything that was booked, and their copies outside the database (docs/seals.md)."""

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import connection

from localex.credits.health import find_checked_until
from localex.ports.seals import FolderPublisher, SealPublisher

log = structlog.get_logger(__name__)

FORMAT = "localex-seal-1"
FIRST_PREVIOUS = "00" * 32
PATIENCE_S = 20.0
PAUSE_S = 0.2
MOST_STEPS = 2_000
CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class SealRecord:
    """A seal as it is published: times are microseconds since 1970 (`after` is None for the first), bytes are hex."""

    seal_no: int
    after: int | None
    until: int
    leaves: int
    root: str
    previous: str
    digest: str
    sealed_at: int

    def body(self) -> str:
        """The digest of what the seal says, as hex; what a proof gives of each later seal."""
        after = "-" if self.after is None else str(self.after)
        parts = (str(self.seal_no), after, str(self.until), str(self.leaves), self.root, str(self.sealed_at))
        return hashlib.sha256("|".join(parts).encode()).hexdigest()

    def text(self) -> str:
        """The file that is published; the same for the same seal."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n"


def publisher() -> SealPublisher:
    """Where seals of this installation are published: the folder `seals` of its data directory."""
    return FolderPublisher(settings.LOCALEX.data_dir / "seals")


def seal_step() -> str:
    """Make the next step towards a seal, which commits; see the SQL function. AssertionError inside a transaction."""
    if connection.in_atomic_block:
        raise AssertionError("a step of sealing is a transaction of its own")
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', '5min', false)")
        try:
            cursor.execute("SELECT ledger.seal_step()")
            row = cursor.fetchone()
        finally:
            cursor.execute("RESET statement_timeout")
    if row is None:
        raise AssertionError("a function of the ledger answers with one row")
    return str(row[0])


def seal_everything(*, patience_s: float = PATIENCE_S) -> int:
    """Seal what is booked up to now; returns how many seals that made.

    Waits at most `patience_s` seconds for postings that began before; what they keep waiting is sealed the next time,
    and so is everything while a rehearsal goes on. Takes no lock that a posting waits for. Inside a transaction, as
    tests are that roll back, nothing can be sealed.
    """
    if connection.in_atomic_block:
        log.info("ledger_not_sealed", reason="inside a transaction")
        return 0
    deadline, made, cuts = time.monotonic() + patience_s, 0, 0
    for _ in range(MOST_STEPS):
        step = seal_step()
        if step == "cut":
            cuts += 1
            if cuts > 1:
                # What was under way is sealed, and everything up to the first cut: the next run goes on from here.
                break
        elif step == "empty" and cuts:
            break
        elif step.startswith("sealed "):
            made += 1
            log.info("ledger_sealed", seal_no=int(step.split()[1]))
        elif step in {"waiting", "busy"}:
            if time.monotonic() >= deadline:
                log.info("ledger_not_sealed", reason=step)
                break
            time.sleep(PAUSE_S)
    return made


def list_seals(*, after_no: int = 0, limit: int | None = None) -> Iterator[SealRecord]:
    """The seals whose number is higher than `after_no`, in order, read a thousand at a time. Primary key."""
    while limit is None or limit > 0:
        rows = _find_seals(after_no, CHUNK if limit is None else min(limit, CHUNK))
        if not rows:
            return
        yield from rows
        after_no = rows[-1].seal_no
        limit = None if limit is None else limit - len(rows)


def _find_seals(after_no: int, limit: int) -> list[SealRecord]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT seal_no, (extract(epoch FROM after) * 1000000)::bigint,
                   (extract(epoch FROM until) * 1000000)::bigint, leaves, encode(root, 'hex'),
                   encode(previous, 'hex'), encode(digest, 'hex'), (extract(epoch FROM sealed_at) * 1000000)::bigint
            FROM ledger.seals WHERE seal_no > %s ORDER BY seal_no LIMIT %s
            """,
            [after_no, limit],
        )
        return [SealRecord(*row) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the published seals say about those in the database.

    `offences`: pairs of a seal and what is wrong with it; `missing`: numbers of seals without a file, though they had
    been published; `fresh`: numbers of those that are still to be published.
    """

    offences: list[tuple[str, str]]
    missing: list[int]
    fresh: list[int]


def compare_published(published: SealPublisher, *, since: datetime | None = None) -> Comparison:
    """Compare every seal that ends after `since` (None: all) with its published copy. Changes nothing.

    Seals that an earlier check found in order were published then, so a file of theirs that is not there is missing.
    """
    after_no = _count_until(since)
    known_no = _count_until(find_checked_until())
    offences: list[tuple[str, str]] = []
    missing: list[int] = []
    fresh: list[int] = []
    waiting = {number for number in published.numbers() if number > after_no}
    for seal in list_seals(after_no=after_no):
        waiting.discard(seal.seal_no)
        text = published.read(seal.seal_no)
        if text is None:
            (missing if seal.seal_no <= known_no else fresh).append(seal.seal_no)
        elif _parse(text) != seal:
            offences.append((f"seal {seal.seal_no}", "its published file says something else than the database"))
    offences += [(f"seal {number}", "it was published, but the database has none") for number in sorted(waiting)]
    return Comparison(offences, missing, fresh)


def _count_until(moment: datetime | None) -> int:
    """The number of the last seal that ends by `moment`; 0 for None. Unique index on `until`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seal_no FROM ledger.seals WHERE until <= %s ORDER BY until DESC LIMIT 1", [moment])
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def _parse(text: str) -> SealRecord | None:
    """The seal in a published file; None for anything else."""
    try:
        found: dict[str, Any] = json.loads(text)
        return SealRecord(**{name: found[name] for name in SealRecord.__dataclass_fields__})
    except (ValueError, KeyError, TypeError):
        return None


def publish_seals(published: SealPublisher, numbers: Sequence[int]) -> int:
    """Publish these seals of the database; returns how many. OSError when that cannot be done."""
    done = 0
    for number in numbers:
        for seal in list_seals(after_no=number - 1, limit=1):
            published.publish(seal.seal_no, seal.text())
            done += 1
    return done
