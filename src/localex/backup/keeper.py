"""`python -m localex.backup.keeper`: the part of `localex up` that keeps everything safe.

One process without Django: the receiver ships the log all the time in one thread; backups, retention and drills run one
after the other in another; the main thread looks after both, writes down how things are (operations_status) and warns.
It may be killed at any moment. A part that cannot work says so and goes on trying: it never ends by itself.
"""

import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from localex.backup import engine, records
from localex.backup.catalogue import list_ids
from localex.backup.drill import clear_leftovers, run_drill
from localex.backup.errors import Busy, StoreFull, StoreGone, words_of
from localex.backup.health import Facts, find_problems
from localex.backup.keys import Keys
from localex.backup.manifest import Manifest
from localex.backup.proof import judge
from localex.backup.receiver import Receiver
from localex.backup.schedule import Memory, is_backup_due, is_drill_due
from localex.backup.site import Site
from localex.backup.stores import Store, find_mount, find_store, is_same_disk
from localex.embedded.directory import replace_file
from localex.embedded.errors import StartError
from localex.embedded.installation import Installation
from localex.embedded.logs import WARNING
from localex.embedded.naming import name_directory

# After the start the machine belongs to those who open their first pages.
FIRST_AFTER = timedelta(seconds=60)
POLL_SECONDS = 2.0
STATUS_EVERY = timedelta(seconds=30)
WARN_AGAIN_AFTER = timedelta(hours=6)
RETRY_SECONDS = 10.0
# A name with a dot is left out of every backup.
MEMORY = ".backup-memory.json"
DEFAULT_HOUR = 3
RETENTION = {"daily": "LOCALEX_BACKUP_DAILY", "weekly": "LOCALEX_BACKUP_WEEKLY", "monthly": "LOCALEX_BACKUP_MONTHLY"}
NICENESS = 10


@dataclass(frozen=True, slots=True)
class Kept:
    """Of how many days, weeks and months the newest backup is kept."""

    daily: int = 7
    weekly: int = 4
    monthly: int = 6


class Keeper:
    """Keeps one installation's backups. `tell` takes one line for the log."""

    def __init__(
        self,
        site: Site,
        store: Store,
        keys: Keys,
        *,
        app_url: str,
        hour: int = DEFAULT_HOUR,
        kept: Kept | None = None,
        first_after: timedelta = FIRST_AFTER,
        tell: Callable[[str], None],
    ) -> None:
        self._site = site
        self._store = store
        self._keys = keys
        self._app_url = app_url
        self._hour = hour
        self._kept = kept or Kept()
        # The log is read from another shell than the one in which LocalEx was started.
        self._tell = lambda line: tell(name_directory(line, site.directory.root))
        self._began_at = datetime.now(UTC)
        self._first_after = first_after
        self._stop = threading.Event()
        self._receiver = Receiver(site, store, keys, tell=self._tell)
        self._remembering = threading.Lock()
        self._memory = self._read_memory()
        self._manifests: list[Manifest] = []
        self._unreadable: list[str] = []
        self._looked_at: datetime | None = None
        self._has_to_prune = False
        self._retention_error = ""
        self._error = ""
        self._said_at: datetime | None = None
        self._warned: dict[str, tuple[datetime, str]] = {}

    def run(self) -> None:
        """Keep everything safe until `stop` is called."""
        with contextlib.suppress(StartError):
            clear_leftovers(self._site.directory)
        workers = [
            threading.Thread(target=self._receive, name="receiver", daemon=True),
            threading.Thread(target=self._work, name="backups", daemon=True),
        ]
        for worker in workers:
            worker.start()
        while not self._stop.is_set():
            self._look_after()
            self._stop.wait(POLL_SECONDS)
        workers[0].join(timeout=1.5)

    def stop(self) -> None:
        """End `run` soon. What is half-done does not count and is done again."""
        self._stop.set()

    def _receive(self) -> None:
        """The receiver tries again by itself once it has begun; this is for a beginning that fails."""
        while not self._stop.is_set():
            try:
                self._receiver.run(self._stop)
            except Exception as error:
                # Whatever it is, the daily backup must go on, and somebody must hear of it.
                self._receiver.state.trouble = words_of(error)
                self._stop.wait(RETRY_SECONDS)

    def _work(self) -> None:
        """Backups and drills, one after the other, when they are due."""
        with contextlib.suppress(Exception):
            # Soon, so that the operator page knows what is kept; what is wrong is said by the first round. Where the
            # store is gone an empty folder says nothing, and what was known last stays written down.
            self._store.check_known()
            self._look_into_store()
        self._stop.wait(self._first_after.total_seconds())
        while not self._stop.is_set():
            try:
                self._store.check_known()
                self._look_into_store()
                self._see_drills()
                self._do_what_is_due()
                if self._has_to_prune:
                    self._prune()
            except StoreGone:
                # Said by `describe` for as long as it lasts; what is due is done when the store is back.
                pass
            except Exception as error:
                # Whatever it is, the next round must come, and somebody must hear of it.
                self._note_error(words_of(error))
            self._stop.wait(RETRY_SECONDS)

    def _do_what_is_due(self) -> None:
        now = datetime.now(UTC)
        last = self._last_backup_at()
        if is_backup_due(self._memory, last_backup_at=None if self._has_gap() else last, now=now, hour=self._hour):
            self._remember(backup_tried_at=now)
            self._make_backup()
        elif is_drill_due(self._memory, last_backup_at=last, now=now, hour=self._hour):
            self._remember(drill_tried_at=now)
            self._drill()

    def _has_gap(self) -> bool:
        """Whether the log does not follow on the newest backup: the slot was lost, or the database was exchanged."""
        state = self._receiver.state
        if state.has_gap:
            return True
        newest = self._manifests[-1] if self._manifests else None
        return newest is not None and state.timeline > 0 and newest.timeline != state.timeline

    def _make_backup(self) -> None:
        began = datetime.now(UTC)
        run = records.begin_run(self._app_url, "backup", started_at=began)
        had_gap = self._receiver.state.has_gap
        try:
            manifest = engine.make_backup(self._site, self._store, self._keys)
        except Exception as error:
            records.end_run(self._app_url, run, finished_at=_now(), ok=False, detail={"error": words_of(error)})
            raise
        if had_gap:
            self._receiver.state.has_gap = False
        self._error = ""
        self._tell(f"Backup {manifest.backup_id}.")
        detail = {"words": manifest.backup_id, "backup": manifest.backup_id, "bytes": manifest.stored_bytes}
        records.end_run(self._app_url, run, finished_at=_now(), ok=True, detail=detail)
        # A run of its own: what goes wrong there makes the backup no worse.
        self._has_to_prune = True

    def _prune(self) -> None:
        """Take away what no rule keeps; tried again while somebody is busy in the store."""
        kept = self._kept
        try:
            pruned = engine.apply_retention(
                self._store, self._keys, daily=kept.daily, weekly=kept.weekly, monthly=kept.monthly
            )
        except Busy:
            return
        except StartError as error:
            self._retention_error = error.message
        else:
            self._retention_error = ""
            if pruned.backups:
                self._tell(f"{len(pruned.backups)} older backups removed.")
        self._has_to_prune = False
        self._look_into_store()

    def _look_into_store(self) -> None:
        looked_at = _now()
        self._manifests = engine.list_backups(self._store, self._keys)
        readable = {manifest.backup_id for manifest in self._manifests}
        self._unreadable = [backup_id for backup_id in list_ids(self._store) if backup_id not in readable]
        self._looked_at = looked_at

    def _drill(self) -> None:
        run = records.begin_run(self._app_url, "drill", started_at=_now())
        try:
            outcome = run_drill(self._site.directory, self._store, self._keys)
        except (Busy, StoreFull):
            # Somebody else's drill says what there is to say, or there is no room: nothing was found out here.
            records.drop_run(self._app_url, run)
            self._remember(drill_ended_at=_now())
            raise
        except Exception as error:
            words = words_of(error)
            detail = {"error": words, "words": words, "store": self._store.place}
            records.end_run(self._app_url, run, finished_at=_now(), ok=False, detail=detail)
            self._remember(drill_ended_at=_now(), drill_failed=True)
            raise
        summary = outcome.summary()
        self._tell(f"Drill {'passed' if outcome.ok else 'FAILED'}: {summary['words']}.")
        records.end_run(self._app_url, run, finished_at=_now(), ok=outcome.ok, detail=summary)
        if outcome.ok:
            passed = {"drill_passed_at": outcome.started_at, "proven_to": outcome.restored_to}
            self._remember(drill_ended_at=_now(), drill_failed=False, **passed)
        else:
            self._remember(drill_ended_at=_now(), drill_failed=True)

    def _see_drills(self) -> None:
        """Learn from the drills that are written down, also those that people ran. Without a database: remember."""
        memory = self._memory
        # What came with a restored database was proven about the town that it was.
        drills = [
            drill for drill in records.list_drills(self._app_url) or () if drill.started_at > memory.first_seen_at
        ]
        proof = judge(drills, store=self._store.place)
        last = memory.drill_passed_at
        if proof.proven_at is not None and (last is None or proof.proven_at > last):
            self._remember(drill_passed_at=proof.proven_at, proven_to=proof.proven_to)
        if proof.is_known and proof.has_failed != self._memory.drill_failed:
            self._remember(drill_failed=proof.has_failed)

    def _last_backup_at(self) -> datetime | None:
        return self._manifests[-1].started_at if self._manifests else None

    def _note_error(self, words: str) -> None:
        if words != self._error:
            self._tell(f"A backup or drill failed: {words}")
        self._error = words

    def describe(self) -> dict[str, Any]:
        """What the operator page shows; see health.Facts."""
        newest = self._receiver.state.newest
        shipped_at = newest.at if newest else None
        # What was booked before this start is shipped with the first round.
        lag = (_now() - max(shipped_at or self._began_at, self._began_at)).total_seconds()
        return {
            "first_seen_at": self._memory.first_seen_at,
            "store": self._store.place,
            "same_disk": is_same_disk(self._site.directory.root, self._store),
            "disk": find_mount(self._site.directory.root),
            "key_confirmed": self._keys.is_confirmed,
            "key_fingerprint": self._keys.fingerprint,
            "shipped_at": shipped_at,
            "lag_s": max(0.0, round(lag, 1)),
            "error": self._error or self._receiver.state.trouble,
            "store_gone": self._describe_place(),
            "store_is_there": bool(self._store.own_folder and self._store.own_folder.is_dir()),
            "retention": self._describe_retention(),
            **self._describe_kept(),
        }

    def _describe_kept(self) -> dict[str, Any]:
        """What is in the store; nothing before it was looked at, so that what was known last stays written down."""
        if self._looked_at is None:
            return {}
        kept = [
            {"id": made.backup_id, "at": made.started_at, "bytes": made.stored_bytes}
            for made in reversed(self._manifests[-60:])
        ]
        return {"looked_at": self._looked_at, "backups": kept}

    def _describe_place(self) -> str:
        try:
            self._store.check_known()
        except StoreGone as error:
            return error.message
        return ""

    def _describe_retention(self) -> str:
        if self._unreadable:
            return f"backup {self._unreadable[0]} cannot be read, and until it can nothing is taken away."
        return self._retention_error

    def _look_after(self) -> None:
        """Write down how things are, and warn of what is wrong."""
        now = _now()
        if self._said_at is not None and now - self._said_at < STATUS_EVERY:
            return
        self._said_at = now
        detail = json.loads(json.dumps(self.describe(), default=datetime.isoformat))
        records.write_status(self._app_url, at=now, detail=detail)
        self._warn(detail, now)

    def _warn(self, detail: dict[str, Any], now: datetime) -> None:
        self._see_drills()
        memory = self._memory
        facts = Facts(now, detail, self._last_backup_at(), memory.proven_to, memory.drill_failed)
        problems = find_problems(facts, now=now)
        for problem in problems:
            last = self._warned.get(problem.code)
            if last is None or now - last[0] >= WARN_AGAIN_AFTER:
                self._warned[problem.code] = now, problem.words
                self._tell(f"{WARNING}{problem.words} {problem.remedy}")
        gone = set(self._warned) - {problem.code for problem in problems}
        for code in gone:
            self._tell(f"No longer so: {self._warned.pop(code)[1]}")

    def _remember(self, **changes: Any) -> None:
        with self._remembering:
            self._memory = replace(self._memory, **changes)
            replace_file(self._site.directory.root / MEMORY, json.dumps(self._memory.to_json()))

    def _read_memory(self) -> Memory:
        path = self._site.directory.root / MEMORY
        try:
            found = json.loads(path.read_text())
        except (OSError, ValueError):
            found = {}
        memory = Memory.from_json(found if isinstance(found, dict) else {}, now=_now())
        if memory.store != self._store.place:
            memory = Memory(first_seen_at=_now(), store=self._store.place)
        replace_file(path, json.dumps(memory.to_json()))
        return memory


def _now() -> datetime:
    return datetime.now(UTC)


def stamp_line(line: str, now: datetime) -> str:
    """`line` with its time; WARNING stays in front, by which the supervisor knows what to tell (embedded.logs)."""
    mark = WARNING if line.startswith(WARNING) else ""
    return f"{mark}{now:%Y-%m-%d %H:%M:%S} {line.removeprefix(mark)}"


def _say(line: str) -> None:
    # One write for each line, so that the supervisor's reader never sees two of them mixed.
    sys.stdout.write(f"{stamp_line(line, _now())}\n")
    sys.stdout.flush()


def main() -> None:
    """Keep the installation that LOCALEX_DATA_DIR names until SIGTERM; an argument says after how many seconds."""
    environ = dict(os.environ)
    first_after = timedelta(seconds=float(sys.argv[1])) if len(sys.argv) > 1 else FIRST_AFTER
    installation = Installation.at(Path(environ["LOCALEX_DATA_DIR"]), environ)
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    folder = environ.get("LOCALEX_BACKUP_DIR", "")
    keeper = Keeper(
        Site.of(installation, outside_url=environ.get("LOCALEX_BACKUP_URL", "")),
        find_store(installation.directory, Path(folder) if folder else None),
        Keys.prepare(installation.directory.secrets),
        app_url=installation.app_url,
        hour=int(environ.get("LOCALEX_BACKUP_HOUR") or DEFAULT_HOUR),
        kept=Kept(**{name: int(environ[variable]) for name, variable in RETENTION.items() if environ.get(variable)}),
        first_after=first_after,
        tell=_say,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: keeper.stop())
    keeper.run()


if __name__ == "__main__":
    main()
