"""The drill: restores the newest backup into a scratch directory, starts it, checks the ledger, compares, removes it.

A backup that was never restored is a hope. What is proven here is the whole way: the store, the key, the log,
PostgreSQL itself, every credit. Nothing here needs Django, so a broken application cannot hide a broken backup.
"""

import contextlib
import functools
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from localex.backup import restoring
from localex.backup.errors import Busy, StoreFull, words_of
from localex.backup.facts import find_ledger_seal, find_lost_rows, find_shrunk_tables
from localex.backup.health import spell
from localex.backup.keys import Keys
from localex.backup.progress import Report, silent
from localex.backup.results import Restored
from localex.backup.stores import Store
from localex.embedded import roles
from localex.embedded.cluster import Cluster
from localex.embedded.directory import DataDirectory, DirectoryLock
from localex.embedded.errors import StartError
from localex.embedded.logs import LogFile

if TYPE_CHECKING:
    import psycopg

# A name with a dot is left out of every backup.
SCRATCH = ".drill"
LOCK = ".drill.lock"
CHECKS = ("I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8")
# A small server for itself: it lives for minutes and nothing in it has to survive.
SETTINGS = {"shared_buffers": "32MB", "autovacuum": "off", "fsync": "off", "max_connections": "20"}
CHECK_TIME_LIMIT = "30min"
BYTES_PER_GB = 1_000_000_000

Restore = Callable[..., Restored]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was proven, or was not."""

    what: str
    ok: bool
    words: str
    seconds: float | None = None


@dataclass
class Outcome:
    """What a drill found, line by line. `restored_to` is the newest moment that was there, None without a restore."""

    started_at: datetime
    lines: list[Line] = field(default_factory=list)
    # Which store was tried; see proof.judge.
    store: str = ""
    backup_id: str = ""
    restored_to: datetime | None = None
    restored_bytes: int = 0
    restore_seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether everything was proven."""
        return bool(self.lines) and all(line.ok for line in self.lines)

    @property
    def seconds_per_gb(self) -> float:
        """Of the restore; small backups are mostly starting and stopping."""
        return self.restore_seconds / self.restored_bytes * BYTES_PER_GB if self.restored_bytes else 0.0

    def summary(self) -> dict[str, Any]:
        """For the operator page."""
        failed = [f"{line.what}: {line.words}" for line in self.lines if not line.ok]
        words = (
            f"{self.backup_id} restored in {self.restore_seconds:.0f} s and checked" if self.ok else "; ".join(failed)
        )
        return {
            "words": words[:500],
            "backup": self.backup_id,
            "store": self.store,
            "restored_to": self.restored_to,
            "restore_seconds": round(self.restore_seconds, 1),
            "bytes": self.restored_bytes,
            "lines": [[line.what, line.ok, line.words[:300]] for line in self.lines],
        }


def run_drill(
    directory: DataDirectory,
    store: Store,
    keys: Keys,
    *,
    backup_id: str = "",
    restore: Restore | None = None,
    report: Report = silent,
) -> Outcome:
    """Prove the backup `backup_id` (empty: the newest, with all of the log) and remove everything that was restored.

    What fails is said in the outcome. Raises Busy when another drill runs here, StoreFull when there is no room for the
    restore, which says nothing about the backup, and StartError when the data directory itself cannot be used. What an
    earlier, killed drill left is removed first.
    """
    scratch = DataDirectory(directory.root / SCRATCH)
    outcome = Outcome(started_at=datetime.now(UTC), store=store.place)
    # Below the data directory, where people may not restore.
    restore = restore or functools.partial(restoring.restore, scratch_of=directory.root)
    with _holding(directory), _removing(scratch):
        try:
            restored = restore(store, keys, backup_id=backup_id, into=scratch.root, report=report)
        except StoreFull as error:
            # What is full is the place to restore to, which says nothing about the backup.
            raise _no_room(error) from error
        except Exception as error:
            # Whatever it is: a drill that ends without an outcome would say nothing about the backup.
            outcome.lines.append(Line("Restore", False, words_of(error)))
            return outcome
        _note_restore(outcome, restored)
        try:
            _examine(directory, scratch, restored, outcome, report)
        except Exception as error:
            outcome.lines.append(Line("Start", False, words_of(error).splitlines()[0]))
    return outcome


def remove_leftovers(directory: DataDirectory) -> bool:
    """Remove what a killed drill left below `directory`; False when there was nothing. Only when no drill runs."""
    scratch = DataDirectory(directory.root / SCRATCH)
    if not scratch.root.exists():
        return False
    with contextlib.suppress(StartError):
        Cluster.of(scratch).end_leftover()
    if not scratch.sockets.is_relative_to(scratch.root):
        shutil.rmtree(scratch.sockets, ignore_errors=True)
    shutil.rmtree(scratch.root, ignore_errors=True)
    return True


def clear_leftovers(directory: DataDirectory) -> bool:
    """At the start of `localex up`: like `remove_leftovers`, unless a drill is under way. What a killed drill left is
    the whole town in the clear."""
    if not (directory.root / SCRATCH).exists():
        return False
    lock = DirectoryLock(directory, LOCK)
    if not lock.try_acquire():
        return False
    try:
        return remove_leftovers(directory)
    finally:
        lock.release()


def _no_room(error: StoreFull) -> StoreFull:
    found = error.message.partition(". ")[0]
    return StoreFull(
        f"{found}. The drill needs room for a whole restore; nothing was proven, and nothing was found wrong. Free "
        "some space, or choose another disk: `localex drill --scratch DIR`."
    )


@contextlib.contextmanager
def _holding(directory: DataDirectory) -> Iterator[None]:
    """Be the only drill here. The lock lies beside the scratch directory, which comes and goes."""
    lock = DirectoryLock(directory, LOCK)
    if not lock.try_acquire():
        raise Busy(f"Another drill is under way in {directory.root}. Wait until it is done.")
    try:
        remove_leftovers(directory)
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _removing(scratch: DataDirectory) -> Iterator[None]:
    try:
        yield
    finally:
        remove_leftovers(DataDirectory(scratch.root.parent))


def _note_restore(outcome: Outcome, restored: Restored) -> None:
    manifest = restored.manifest
    outcome.backup_id = manifest.backup_id
    outcome.restored_to = restored.restored_to
    outcome.restored_bytes = manifest.base_bytes + manifest.file_bytes
    outcome.restore_seconds = restored.seconds
    age = spell(outcome.started_at - restored.restored_to) if restored.restored_to < outcome.started_at else "0 seconds"
    size = f"{outcome.restored_bytes / 1_000_000:.0f} MB"
    words = f"{size}, {restored.segment_count} pieces of the log, everything until {age} before the drill"
    outcome.lines.append(Line("Restore", True, words, restored.seconds))


def _examine(
    directory: DataDirectory, scratch: DataDirectory, restored: Restored, outcome: Outcome, report: Report
) -> None:
    """Start what was restored and look at it."""
    # The programs that the installation uses already, instead of a copy of their own.
    cluster = Cluster.of(scratch, SETTINGS, engine=directory.engine)
    begun = time.monotonic()
    try:
        report(0, None, "starting")
        scratch.prepare()
        cluster.start(LogFile(scratch.logs / "postgres.log"))
        outcome.lines.append(Line("Start", True, "PostgreSQL takes connections", time.monotonic() - begun))
        with cluster.connect(roles.SUPER, restored.manifest.database or roles.DATABASE) as connection:
            connection.execute(f"SET statement_timeout = '{CHECK_TIME_LIMIT}'".encode())
            _return_expired_holds(connection)
            for number, name in enumerate(CHECKS):
                report(number, len(CHECKS), f"checking {name}")
                line = _check(connection, name)
                if line is not None:
                    outcome.lines.append(line)
            outcome.lines.append(_compare_rows(restored))
            outcome.lines.append(_compare_seal(connection, restored))
    finally:
        cluster.stop()


def _return_expired_holds(connection: "psycopg.Connection[Any]") -> None:
    """What the worker does first in a town that was away for long; else I6 would call its late holds broken books."""
    if not _exists(connection, "to_regprocedure('ledger.expire_holds(interval, integer)')"):
        return
    while connection.execute("SELECT trade_id FROM ledger.expire_holds('15 minutes', 500)").fetchall():
        pass


def _check(connection: "psycopg.Connection[Any]", name: str) -> Line | None:
    """One invariant of the ledger, over everything; None when the restored schema has no such check."""
    import psycopg

    begun = time.monotonic()
    try:
        if _exists(connection, "to_regprocedure('ledger.find_broken(text, timestamptz)')"):
            statement = "SELECT subject, detail FROM ledger.find_broken(%s, '-infinity') ORDER BY subject LIMIT 20"
            rows = connection.execute(statement, [name]).fetchall()
        elif _exists(connection, f"to_regclass('ledger.broken_{name.lower()}')"):
            statement = f"SELECT subject, detail FROM ledger.broken_{name.lower()} ORDER BY subject LIMIT 20"  # noqa: S608
            rows = connection.execute(statement.encode()).fetchall()
        else:
            return None
    except psycopg.Error as error:
        return Line(f"Ledger {name}", False, str(error).strip().splitlines()[0])
    seconds = time.monotonic() - begun
    if rows:
        more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
        return Line(f"Ledger {name}", False, f"{rows[0][0]}: {rows[0][1]}{more}", seconds)
    return Line(f"Ledger {name}", True, "holds", seconds)


def _exists(connection: "psycopg.Connection[Any]", expression: str) -> bool:
    row = connection.execute(f"SELECT {expression} IS NOT NULL".encode()).fetchone()
    return bool(row and row[0])


def _compare_rows(restored: Restored) -> Line:
    """Against the manifest, which was written when the backup began: later changes are there too."""
    before, after = restored.manifest.row_counts, restored.row_counts
    missing = sorted(set(before) - set(after))
    fewer = find_lost_rows(before, after) or find_shrunk_tables(before, after)
    if missing:
        return Line("Rows", False, f"{missing[0]} is missing ({len(missing)} tables)")
    if fewer:
        name = fewer[0]
        return Line(
            "Rows", False, f"{name} has {after.get(name, 0)} rows, and had {before[name]} when it was backed up"
        )
    return Line(
        "Rows", True, f"{sum(after.values()):,} rows in {len(after)} tables, {sum(before.values()):,} at the backup"
    )


def _compare_seal(connection: "psycopg.Connection[Any]", restored: Restored) -> Line:
    """The newest restored seal by number and digest; that of the manifest must be there with the same digest.

    The log goes on behind the backup, so the restored books may be sealed further than the manifest knows.
    """
    seal = restored.manifest.ledger_seal
    newest = find_ledger_seal(connection)
    if newest is None:
        return Line("Seal", seal is None, f"seal {seal.seal_no} is not there, nor any other" if seal else "none yet")
    if seal is not None:
        row = connection.execute(
            "SELECT encode(digest, 'hex') FROM ledger.seals WHERE seal_no = %s", [seal.seal_no]
        ).fetchone()
        if row is None or newest.seal_no < seal.seal_no:
            return Line("Seal", False, f"seal {seal.seal_no} is not there")
        if row[0] != seal.digest:
            return Line("Seal", False, f"seal {seal.seal_no} has another digest than the backup says")
    known = f"the backup knew number {seal.seal_no}" if seal else "the backup knew none"
    return Line("Seal", True, f"number {newest.seal_no}, {newest.digest[:16]}…; {known}")
