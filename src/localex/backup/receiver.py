"""Ships the log and new pictures to the store all the time, so that at most a minute is ever lost.

pg_receivewal streams the log from a replication slot into a folder, as every commit is written. Here it is compressed,
encrypted and stored: each segment when it is finished, and every `interval` seconds the unfinished one too. A forced
switch of segments (`archive_timeout`) is not needed for that: it would write 16 MB each minute, and one more object.
"""

import contextlib
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from localex.backup.catalogue import check_system, list_backups, list_ids
from localex.backup.errors import BackupError
from localex.backup.files import File, find_known, scan, store_new
from localex.backup.keys import Keys
from localex.backup.manifest import Manifest
from localex.backup.shipping import Shipper
from localex.backup.site import Site
from localex.backup.stores import Store
from localex.backup.wal import Newest, parse_lsn, read_newest
from localex.embedded.logs import LogFile
from localex.embedded.postgres_settings import MAX_SLOT_MB
from localex.embedded.processes import Child, Command

if TYPE_CHECKING:
    import psycopg

SLOT = "localex_backup"
LOCK = "receiving"
FOLDER = "wal"
# The promise is 60 s at most: this, what shipping takes, and room.
INTERVAL_SECONDS = 30.0
POLL_SECONDS = 1.0
PAUSE_SECONDS = 5.0
# How long a commit may take to come through pg_receivewal before we say that it is stuck.
CATCH_UP_SECONDS = 20.0
# A store that takes nothing must not fill the database's disk: beyond this pg_receivewal is stopped, and PostgreSQL
# keeps what it may (max_slot_wal_keep_size), then lets the slot go.
MAX_BACKLOG_BYTES = 1024 * 1024 * 1024


@dataclass
class Shipped:
    """What happened last, for whoever watches. `newest` is up to when everything is in the store."""

    newest: Newest | None = None
    segments: int = 0
    trouble: str = ""
    # The slot was lost, so the log has a gap: a new base backup is due now.
    has_gap: bool = False
    timeline: int = 0


class Receiver:
    """One receiver for one site and store. `tell` takes a line for people when something changes."""

    def __init__(
        self,
        site: Site,
        store: Store,
        keys: Keys,
        *,
        interval: float = INTERVAL_SECONDS,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._site = site
        self._store = store
        self._keys = keys
        self._interval = interval
        self._tell = tell
        self._folder = site.directory.root / FOLDER
        self._child: Child | None = None
        self._log = LogFile(site.directory.logs / "backup.log")
        self._known: dict[str, File] | None = None
        self._last_lsn = 0
        self._system = ""
        self._seen: set[str] = set()
        self._newest_manifest: Manifest | None = None
        self.state = Shipped()

    def run(self, stop: threading.Event) -> None:
        """Receive and ship until `stop` is set; trouble is told and tried again. Raises Busy when another one does."""
        with self._store.holding(f"{LOCK}-{self._identify()}"):
            try:
                while not stop.is_set():
                    try:
                        self._work(stop)
                    except (BackupError, OSError) as error:
                        self._note_trouble(getattr(error, "message", str(error)))
                        # The store may be another one afterwards: what is in it is looked up anew.
                        self._known, self._seen, self._last_lsn = None, set(), 0
                        stop.wait(PAUSE_SECONDS)
            finally:
                self._stop_child()

    def _identify(self) -> str:
        """The lock is that of the database: a town and what was restored from it must not write at the same time."""
        with self._site.connect() as connection:
            row = connection.execute("SELECT system_identifier::text FROM pg_control_system()").fetchone()
        return str(row[0]) if row else ""

    def _work(self, stop: threading.Event) -> None:
        import psycopg

        try:
            with self._site.connect() as connection:
                shipper = self._begin(connection)
                next_time = time.monotonic()
                while not stop.is_set():
                    self._tend_child(shipper)
                    self.state.segments += shipper.ship_complete()
                    if time.monotonic() >= next_time:
                        next_time = time.monotonic() + self._interval
                        self.ship_now(connection, shipper)
                    stop.wait(POLL_SECONDS)
                # What was booked until the end of the town is in the store as well.
                with contextlib.suppress(BackupError, psycopg.Error):
                    self.ship_now(connection, shipper)
        except psycopg.Error as error:
            raise BackupError(f"The database went away ({str(error).strip().splitlines()[-1]}).") from error

    def _begin(self, connection: "psycopg.Connection[Any]") -> Shipper:
        row = connection.execute(
            "SELECT s.system_identifier::text, c.timeline_id FROM pg_control_system() s, pg_control_checkpoint() c"
        ).fetchone()
        system, self.state.timeline = (str(row[0]), int(row[1])) if row else ("", 0)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for path in (self._folder, *self._folder.iterdir()):
            # Also what another user's pg_receivewal left, such as root's for a server outside.
            self._site.user.own(path)
        shipper = Shipper(self._folder, self._store, self._keys, system)
        self._system = system
        self._check_place()
        self._limit_slot(connection)
        self._ensure_slot(connection, shipper)
        if self.state.newest is None:
            self.state.newest = read_newest(self._store, self._keys, system, self.state.timeline)
        return shipper

    def _limit_slot(self, connection: "psycopg.Connection[Any]") -> None:
        """A slot that nobody reads must not fill the disk. An operator's own limit or server is left alone."""
        row = connection.execute(
            "SELECT source FROM pg_settings WHERE name = 'max_slot_wal_keep_size' AND setting = '-1'"
        ).fetchone()
        is_super = connection.info.parameter_status("is_superuser") == "on"
        if row and row[0] == "default" and is_super:
            connection.execute(f"ALTER SYSTEM SET max_slot_wal_keep_size = '{MAX_SLOT_MB}MB'")
            connection.execute("SELECT pg_reload_conf()")

    def _check_place(self) -> None:
        """Look at the backups when there is a new one. Raises BackupError when the store is another town's."""
        ids = set(list_ids(self._store))
        if not ids <= self._seen:
            manifests = list_backups(self._store, self._keys)
            check_system(self._store, manifests, self._system)
            self._newest_manifest = manifests[-1] if manifests else None
            self._seen = ids

    def _ensure_slot(self, connection: "psycopg.Connection[Any]", shipper: Shipper) -> None:
        row = connection.execute(
            "SELECT wal_status, active_pid FROM pg_replication_slots WHERE slot_name = %s", [SLOT]
        ).fetchone()
        if row and row[0] == "lost":
            self._stop_child()
            # What was fetched in whole leads up to the gap; only then is it forgotten here.
            self.state.segments += shipper.ship_complete()
            connection.execute("SELECT pg_drop_replication_slot(%s)", [SLOT])
            for path in self._folder.iterdir():
                path.unlink()
            self.state.has_gap = True
            self._tell("The log was not fetched for too long and has a gap now. A new base backup is needed.")
            row = None
        if row is None:
            connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", [SLOT])

    def _tend_child(self, shipper: Shipper) -> None:
        """Keep pg_receivewal alive, unless too much waits for the store."""
        if shipper.backlog_bytes() > MAX_BACKLOG_BYTES:
            self._stop_child()
            return
        if self._child and self._child.poll() is not None:
            self._child.kill_group()
            self._child = None
            # The last line only says that it is disconnected, the one before why.
            words = " ".join(self._log.tail(1000).strip().splitlines()[-2:])
            raise BackupError(f"pg_receivewal ended ({words or 'without a word'}).")
        if self._child is None:
            self._child = Child(self._command(), self._log)

    def _command(self) -> Command:
        site = self._site
        return Command(
            name="pg_receivewal",
            argv=(
                *(str(site.programs / "pg_receivewal"), "-d", site.program_address(), "--no-password"),
                # It says every second how far it is; an end of the connection is our business.
                *("-D", str(self._folder), "--slot", SLOT, "--no-loop", "--status-interval", "1"),
            ),
            env=site.program_environment(),
            user=site.user,
            stop_signal=signal.SIGINT,
            directory=self._folder,
        )

    def _stop_child(self) -> None:
        if self._child is not None:
            self._child.stop(5)
            self._child = None

    def ship_now(self, connection: "psycopg.Connection[Any]", shipper: Shipper) -> None:
        """Bring everything that is booked by now into the store, pictures first."""
        self._check_place()
        self._ship_files()
        newest = self._mark(connection)
        if newest.lsn != self._last_lsn:
            self._await(connection, newest.lsn)
            self.state.segments += shipper.ship_complete()
            shipper.ship_partial()
            # It may have been finished between the two.
            self.state.segments += shipper.ship_complete()
        shipper.note_newest(newest)
        self._last_lsn = newest.lsn
        self.state.newest = newest
        if self.state.trouble:
            self._tell("The log is shipped again.")
            self.state.trouble = ""

    def _mark(self, connection: "psycopg.Connection[Any]") -> Newest:
        """A point of the log, the end of a record, that everything booked until a time lies before.

        While nothing happens the last mark stays true for now; only then is no new record written.
        """
        row = connection.execute("SELECT clock_timestamp(), pg_current_wal_insert_lsn()::text").fetchone()
        now, lsn = (row[0], parse_lsn(row[1])) if row else (datetime.now(UTC), 0)
        if lsn != self._last_lsn:
            row = connection.execute(
                "SELECT pg_logical_emit_message(false, 'localex', 'backup', true)::text"
            ).fetchone()
            lsn = parse_lsn(row[0]) if row else lsn
        # A transaction takes its time just before it writes it down.
        return Newest(self.state.timeline, lsn, now - timedelta(seconds=1))

    def _await(self, connection: "psycopg.Connection[Any]", lsn: int) -> None:
        """Wait until pg_receivewal has written the log up to `lsn`."""
        deadline = time.monotonic() + CATCH_UP_SECONDS
        while time.monotonic() < deadline:
            row = connection.execute(
                "SELECT r.write_lsn::text FROM pg_stat_replication r "
                "JOIN pg_replication_slots s ON s.active_pid = r.pid WHERE s.slot_name = %s",
                [SLOT],
            ).fetchone()
            if row and row[0] and parse_lsn(row[0]) >= lsn:
                return
            if self._child and self._child.poll() is not None:
                break
            time.sleep(0.1)
        raise BackupError("The log does not come through pg_receivewal; logs/backup.log may say why.")

    def _ship_files(self) -> None:
        """Store pictures, seals and secrets that are new since the last time."""
        if self._known is None:
            self._known = find_known(self._store, self._keys, self._newest_manifest)
        root = self._site.directory.root
        # Mail that is kept in a folder changes all the time and belongs to no row: the daily backup takes it.
        files = [file for file in scan(root, but=self._store.own_folder) if not file.path.startswith("mail/")]
        store_new(self._store, self._keys, root, files, self._known)

    def _note_trouble(self, words: str) -> None:
        if words != self.state.trouble:
            self._tell(f"The log is not being shipped: {words}")
        self.state.trouble = words
