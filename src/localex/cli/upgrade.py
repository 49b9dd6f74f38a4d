"""`localex upgrade`: back up, stop, copy, migrate, try, check, or put everything back. May be killed and run again."""

import contextlib
import signal
import socket
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from localex.cli.calling import command, start_word
from localex.cli.output import progress, say
from localex.cli.up import Start
from localex.embedded import database_copy
from localex.embedded.cluster import STOP_SECONDS
from localex.embedded.database_copy import COPIED, GOING_BACK, MIGRATED, Note
from localex.embedded.directory import DataDirectory, DirectoryLock
from localex.embedded.errors import ExitCode, StartError, Stopped
from localex.embedded.installation import Installation
from localex.embedded.leftovers import end_leftovers
from localex.embedded.parts import NotReady, web_answers, web_part
from localex.embedded.processes import PROC, ProcessRecord, send, wait_until
from localex.embedded.supervisor import Supervisor

HOST = "127.0.0.1"
# The supervisor promises to be gone after 10 seconds.
STOPPING_SECONDS = 30
# The first release: there is nothing older to upgrade from.
OLDEST_VERSION = "0.1.0"
NOTHING = "Nothing to do: the database is up to date, and nothing was stopped."


def run_upgrade(installation: Installation, *, steps: "type[Upgrade] | None" = None) -> None:
    """Bring an installation to the version of this code, or leave it as it was.

    Raises StartError with a sentence; `steps` lets tests upgrade a smaller application.
    """
    _check_installation(installation)
    directory = installation.directory
    if _runs_and_is_current(installation):
        say(NOTHING)
        return
    lock = DirectoryLock(directory)
    was_running = _stop_running(directory, lock)
    supervisor = Supervisor(directory, tell=say)
    with supervisor.signals():
        try:
            directory.prepare()
            end_leftovers(directory)
            installation.cluster.end_leftover()
            (steps or Upgrade)(installation, supervisor, host=HOST, port=_free_port(), is_demo=False).run()
        except Stopped:
            raise StartError(
                "Interrupted. Run `localex upgrade` again: it goes on where it was.", ExitCode.FAILED
            ) from None
        finally:
            supervisor.stop()
            lock.release()
    if was_running:
        say(f"LocalEx was stopped for this. Start it again as before:  {command(start_word(directory.root))}")


class Upgrade(Start):
    """The steps; each may be killed, and `run` goes on from the note that the last one left."""

    def run(self) -> None:
        """Go on with an unfinished upgrade, or begin one."""
        self.began_at = datetime.now(UTC)
        note = database_copy.find_note(self.directory)
        if note is not None and note.step == GOING_BACK:
            self._go_back(note)
        if note is None:
            note = self._begin_upgrade()
        if note is None:
            say(NOTHING)
            return
        if note.to_version != version("localex"):
            # Another version was installed while the upgrade was unfinished.
            note = replace(note, to_version=version("localex"))
            database_copy.write_note(self.directory, note)
        say(f"Upgrading from LocalEx {note.from_version} to {note.to_version}.")
        try:
            self._go_forward(note)
        except StartError as error:
            self._go_back(self._note_failure(note, error.message))
        except SystemExit:
            # A step has said why on its own.
            self._go_back(self._note_failure(note, "a step failed, see above"))
        self.supervisor.stop()
        database_copy.forget(self.directory)
        say(f"Done: LocalEx {note.to_version}. The ledger was checked and a page was served.")

    def _is_schema_current(self) -> bool:
        return _is_current(self.installation)

    @property
    def directory(self) -> DataDirectory:
        """Where everything lies."""
        return self.installation.directory

    def _begin_upgrade(self) -> Note | None:
        """Look, back up, stop, copy. Nothing is changed yet. None when there is nothing to do."""
        self._start_servers()
        from_version = self._examine()
        if self._is_schema_current():
            self.supervisor.stop()
            return None
        backup_id = self._make_backup()
        self.supervisor.stop()
        say("Copying the database, to be able to go back ...")
        with progress("Copying", is_bytes=True) as report:
            database_copy.make_copy(self.directory, report)
        note = Note(COPIED, from_version, version("localex"), backup_id)
        database_copy.write_note(self.directory, note)
        return note

    def _go_forward(self, note: Note) -> None:
        """Migrate, serve a page, check the ledger. Raises StartError or SystemExit when one of them fails."""
        self._start_servers()
        # Also a database that another LocalEx migrated before it was interrupted: the code that runs now has to fit it.
        if note.step == COPIED or not self._is_schema_current():
            self._migrate()
            database_copy.write_note(self.directory, replace(note, step=MIGRATED))
        if not self._are_static_files_current():
            self._finish(self._begin("gather-static"))
        self._serve_a_page()
        self._check()
        self._record(note)

    def _note_failure(self, note: Note, why: str) -> Note:
        failed = replace(note, step=GOING_BACK, why=why.splitlines()[0])
        database_copy.write_note(self.directory, failed)
        return failed

    def _go_back(self, note: Note) -> None:
        """Put the copy back and say so; always raises StartError."""
        self.supervisor.stop()
        self.installation.cluster.end_leftover()
        database_copy.put_back(self.directory)
        database_copy.forget(self.directory)
        raise StartError(
            f"The upgrade to LocalEx {note.to_version} failed ({note.why}). Everything was put back as it was: "
            f"the database is that of LocalEx {note.from_version}. Install that version again and start it, "
            "or mend the cause and run `localex upgrade` again.",
            ExitCode.MIGRATION_FAILED,
        )

    def _examine(self) -> str:
        """The version that made the database. Raises StartError for one that must not be upgraded."""
        from localex.embedded.schema_state import read_schema_state

        with self.installation.cluster.connect("localex_owner") as connection:
            row = connection.execute(
                "SELECT to_regclass('django_migrations') IS NOT NULL, to_regclass('members_user') IS NOT NULL"
            ).fetchone()
            is_migrated, has_table = row or (False, False)
            state = read_schema_state(connection)
            # A first migration that was interrupted leaves some tables and not this one.
            people = connection.execute("SELECT EXISTS (SELECT FROM members_user)").fetchone() if has_table else None
        if not is_migrated or (not (people and people[0]) and self._has_pictures()):
            raise StartError(
                f"The database in {self.directory.postgres} is empty, though LocalEx was used here. Nothing was "
                "changed. If it was lost, restore a backup (`localex restore`); a new installation needs no upgrade.",
                ExitCode.DAMAGED,
            )
        return check_version(state.get("version", ""))

    def _has_pictures(self) -> bool:
        return any(path.is_file() for path in (self.directory.root / "media").rglob("*"))

    def _make_backup(self) -> str:
        """A complete backup in the usual place; returns its id."""
        from localex.backup import records
        from localex.backup.engine import make_backup
        from localex.backup.keys import Keys
        from localex.backup.site import Site
        from localex.backup.stores import find_store

        installation, directory = self.installation, self.directory
        folder = installation.variable("LOCALEX_BACKUP_DIR")
        store = find_store(directory, Path(folder) if folder else None)
        say(f"Making a backup in {store.place} ...")
        with (
            progress("Backing up", is_bytes=True) as report,
            records.noted_backup(installation.app_url, words="before an upgrade") as made,
        ):
            made.append(make_backup(Site.of(installation), store, Keys.prepare(directory.secrets), report))
        return made[0].backup_id

    def _migrate(self) -> None:
        self._finish(self._begin("migrate", as_owner=True))

    def _check(self) -> None:
        say("Checking the ledger ...")
        self._finish(self._begin("check"))

    def _serve_a_page(self) -> None:
        """Start the web server where nobody else can reach it, and ask whether it is ready."""
        env = {**self.installation.environment(), **self._web_variables()}
        self.supervisor.start(web_part(self.directory, host=self.host, port=self.port, env=env, **self._site()))
        try:
            is_ready = web_answers(self.host, self.port, "/readyz")
        except NotReady as error:
            raise StartError(f"The new version {error}; logs/web.log says more", ExitCode.PART_FAILED) from error
        if not is_ready:
            raise StartError("The new version does not answer; logs/web.log says more", ExitCode.PART_FAILED)

    def _site(self) -> dict[str, Any]:
        return {}

    def _record(self, note: Note) -> None:
        """For the operator page."""
        from localex.backup import records

        url = self.installation.app_url
        words = f"{note.from_version} to {note.to_version}"
        run = records.begin_run(url, "upgrade", started_at=self.began_at)
        records.end_run(
            url, run, finished_at=datetime.now(UTC), ok=True, detail={"words": words, "backup": note.backup_id}
        )


def check_version(found: str) -> str:
    """`found` is the version that made a database; returns it. Raises StartError when this code cannot upgrade it."""
    ours = version("localex")
    if not found:
        raise StartError(
            "The database does not say which LocalEx made it: its first migration never finished, or it is older than "
            f"{OLDEST_VERSION}. Nothing was changed; a new installation is finished by `localex up`.",
            ExitCode.NEWER_VERSION,
        )
    if _number(found) < _number(OLDEST_VERSION):
        raise StartError(
            f"The database was made by LocalEx {found}, which is older than "
            f"{OLDEST_VERSION}, the oldest that LocalEx {ours} can upgrade. Nothing was changed; upgrade to "
            f"{OLDEST_VERSION} first.",
            ExitCode.NEWER_VERSION,
        )
    if _number(found) > _number(ours):
        raise StartError(
            f"The database was made by LocalEx {found}, which is newer than this one ({ours}). Nothing was changed; "
            f"install LocalEx {found} or later.",
            ExitCode.NEWER_VERSION,
        )
    return found


def _number(text: str) -> tuple[int, ...]:
    digits = ("".join(filter(str.isdigit, part)) for part in text.split(".")[:3])
    return tuple(int(part or 0) for part in digits)


def _check_installation(installation: Installation) -> None:
    directory = installation.directory
    if not installation.has_own_postgres:
        raise StartError(
            "DATABASE_URL names a PostgreSQL of your own, which `localex upgrade` cannot put back. Take a backup "
            "there, stop LocalEx, run `localex migrate`, and start it again.",
            ExitCode.SETTINGS,
        )
    if not directory.exists:
        raise StartError(
            f"There is no installation in {directory.root}. Say with --data-dir where yours is.", ExitCode.NOT_RUNNING
        )
    installation.cluster.check_version()
    if not installation.cluster.is_initialised and not database_copy.copy_of(directory).exists():
        raise StartError(
            f"There is no database in {directory.postgres}, though LocalEx was started in {directory.root}. "
            "Nothing was changed. If it was lost, restore a backup with `localex restore`.",
            ExitCode.DAMAGED,
        )


def _runs_and_is_current(installation: Installation) -> bool:
    """Whether a town runs here and has nothing to be upgraded; asked before anything is stopped."""
    is_unfinished = database_copy.find_note(installation.directory) is not None
    return not is_unfinished and installation.answers() and _is_current(installation)


def _is_current(installation: Installation) -> bool:
    """Whether the database has every migration and was brought there by this version."""
    import psycopg

    from localex.embedded.schema_state import find_pending, read_schema_state

    with psycopg.connect(installation.app_url, connect_timeout=5) as connection:
        return read_schema_state(connection).get("version") == version("localex") and not find_pending(connection)


def _stop_running(directory: DataDirectory, lock: DirectoryLock) -> bool:
    """Take the lock; a running `up` is asked to stop first. Returns whether there was one. Raises StartError."""
    if lock.try_acquire():
        return False
    with contextlib.suppress(KeyError, TypeError, ValueError):
        entry = directory.read_state()["supervisor"]
        record = ProcessRecord(int(entry["pid"]), str(entry["started"]))
        if record.is_alive:
            _check_no_service(record.pid)
            say(f"Stopping the LocalEx that runs here (process {record.pid}) ...")
            send(record.pid, signal.SIGTERM)
    if not wait_until(lock.try_acquire, seconds=STOPPING_SECONDS + STOP_SECONDS):
        lock.acquire()  # raises, with who has it
    return True


def _check_no_service(pid: int) -> None:
    """Raise StartError when systemd looks after process `pid`: it would start it again under our hands."""
    try:
        unit = (PROC / str(pid) / "cgroup").read_text().strip().rpartition("/")[2]
    except OSError:
        return
    if unit.endswith(".service"):
        raise StartError(
            f"LocalEx runs as the service {unit}. Nothing was changed; run `systemctl stop {unit}`, then "
            f"`localex upgrade`, then `systemctl start {unit}`.",
            ExitCode.ALREADY_RUNNING,
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
