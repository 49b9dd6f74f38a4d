"""`localex up` and `localex demo`: the order in which an installation starts."""

import contextlib
import ipaddress
import os
import socket
import sys
from pathlib import Path

from localex.cli.calling import command, pasteable
from localex.cli.commands import are_static_files_current
from localex.cli.demo_town import check_no_town, is_filled, put_clock_right
from localex.cli.output import error_console, say
from localex.embedded.database_copy import check_no_upgrade
from localex.embedded.directory import DataDirectory, DirectoryLock
from localex.embedded.errors import ExitCode, StartError, Stopped
from localex.embedded.fingerprints import static_fingerprint
from localex.embedded.installation import Installation
from localex.embedded.leftovers import end_leftovers
from localex.embedded.parts import (
    backup_part,
    check_address,
    postgres_part,
    reachable_host,
    redis_part,
    web_part,
    worker_part,
)
from localex.embedded.processes import Child, Command
from localex.embedded.secret_files import SIGNING_KEY, SecretFiles
from localex.embedded.supervisor import Supervisor


def run_up(
    installation: Installation, *, host: str, port: int, is_demo: bool, steps: "type[Start] | None" = None
) -> None:
    """Start everything, serve until somebody asks for the end, stop everything.

    Raises StartError with a sentence for people and an exit code; whatever was started by then is stopped first.
    `steps` lets the supervisor's tests start a smaller application.
    """
    directory = installation.directory
    directory.check_space()
    directory.prepare()
    lock = DirectoryLock(directory)
    lock.acquire()
    supervisor = Supervisor(directory, tell=_tell, url=address(host, port))
    with supervisor.signals():
        try:
            check_no_upgrade(directory)
            for name in end_leftovers(directory):
                _tell(f"Stopped a {name} that an earlier LocalEx had left.")
            check_address(host, port)
            (steps or Start)(installation, supervisor, host=host, port=port, is_demo=is_demo).run()
            supervisor.watch()
        except Stopped:
            pass
        finally:
            supervisor.stop()
            lock.release()
    say("LocalEx has stopped.")


class Start:
    """The steps from an empty directory to a page that answers; each can be interrupted."""

    def __init__(
        self, installation: Installation, supervisor: Supervisor, *, host: str, port: int, is_demo: bool
    ) -> None:
        self.installation = installation
        self.supervisor = supervisor
        self.host = host
        self.port = port
        self.is_demo = is_demo

    def run(self) -> None:
        """Do all steps, in the order in which the first page comes soonest."""
        self._make_secrets()
        # Needs no database, and the second core has nothing else to do while the schema is made.
        gathering = None if self._are_static_files_current() else self._begin("gather-static")
        self._start_servers()
        is_current = self._is_schema_current()
        if not self.is_demo:
            check_no_town(self.installation)
        if not is_current:
            self._finish(self._begin("migrate", as_owner=True))
        if gathering:
            self._finish(gathering)
        if self.is_demo and not is_filled(self.installation):
            self._finish(self._begin("fill-demo", as_owner=True))
        put_clock_right(self.installation)
        env = {**self.installation.environment(), **self._web_variables()}
        directory = self.installation.directory
        self.supervisor.start(web_part(directory, host=self.host, port=self.port, env=env))
        self._announce()
        # After the first page: its start would take a core from the web server's.
        self.supervisor.start(worker_part(directory, env=env))
        self._start_backups()

    def _start_backups(self) -> None:
        """Unless they are switched off, or the database is one that cannot be copied from here."""
        installation = self.installation
        clear_drill(installation.directory)
        if not are_backups_on(installation):
            _tell("Backups are switched off by LOCALEX_BACKUP.")
            return
        if not (installation.has_own_postgres or installation.variable("LOCALEX_BACKUP_URL")):
            _tell("Backups of your own PostgreSQL need LOCALEX_BACKUP_URL, or are yours to make.")
            return
        say(place_backups(installation))
        # The part finds its own server by the data directory; an address would mean one outside.
        env = {**installation.environment(), **({"DATABASE_URL": None} if installation.has_own_postgres else {})}
        self.supervisor.start(backup_part(installation.directory, env=env, tell=_warn))

    def _make_secrets(self) -> None:
        installation = self.installation
        is_first_start = not (installation.has_own_postgres and installation.cluster.is_initialised)
        made = SecretFiles(installation.directory.secrets).prepare(is_first_start=is_first_start)
        if SIGNING_KEY in made and not is_first_start:
            _tell("Made a new secret key: everybody signs in again, and links in mails sent before are void.")

    def _are_static_files_current(self) -> bool:
        return are_static_files_current(self.installation, static_fingerprint())

    def _start_servers(self) -> None:
        installation = self.installation
        directory = installation.directory
        # In a process of its own: reading the environment needs libraries that the supervisor does not.
        settings = self._begin("check-settings")
        if installation.has_own_postgres:
            if not installation.cluster.is_initialised:
                _tell("Making a new database ...")
            installation.cluster.initialise()
            self.supervisor.spawn(postgres_part(installation.cluster, directory))
        if installation.has_own_redis:
            self.supervisor.spawn(redis_part(installation.redis_server, directory))
        # Takes as long as PostgreSQL needs to start.
        import psycopg  # noqa: F401

        self.supervisor.await_ready()
        self._finish(settings)
        if installation.has_own_postgres:
            installation.cluster.create_roles()

    def _is_schema_current(self) -> bool:
        import psycopg

        from localex.cli.migration import is_current

        try:
            with psycopg.connect(self.installation.app_url, connect_timeout=5) as connection:
                return is_current(connection)
        except psycopg.OperationalError as error:
            reason = str(error).strip().splitlines()[-1]
            raise StartError(
                f"The database cannot be reached ({reason}). Check DATABASE_URL, or unset it to use the own one.",
                ExitCode.PART_FAILED,
            ) from error

    def _begin(self, command: str, *, as_owner: bool = False) -> Child:
        """Start one of our own commands. It gets finished addresses, and so takes the servers as they are."""
        env = {**self.installation.environment(as_owner=as_owner), **self._web_variables()}
        argv = (sys.executable, "-m", "localex.cli", command)
        return self.supervisor.begin_step(Command(name=command, argv=argv, env=env))

    def _finish(self, step: Child) -> None:
        """Wait for a command; when it failed it has said why, and its exit code becomes ours."""
        status = self.supervisor.finish_step(step)
        if status:
            raise SystemExit(status if status > 0 else ExitCode.FAILED)

    def _web_variables(self) -> dict[str, str | None]:
        hosts = ",".join(["localhost", "127.0.0.1", "[::1]", *_outside_names(self.host)])
        given = os.environ
        return {
            "LOCALEX_BASE_URL": given.get("LOCALEX_BASE_URL") or address(self.host, self.port),
            "LOCALEX_ALLOWED_HOSTS": given.get("LOCALEX_ALLOWED_HOSTS") or hosts,
            "LOCALEX_DEMO": "true" if self.is_demo else given.get("LOCALEX_DEMO"),
        }

    def _announce(self) -> None:
        url = address(self.host, self.port)
        say("")
        say(f"LocalEx runs at {url}/{'demo/' if self.is_demo else ''}")
        say(f"Everything is kept in {self.installation.directory.root}")
        user = self.installation.directory.server_user
        if user.is_other:
            say(f"PostgreSQL and Redis run as the user {user.name}, because they must not be root.")
        say(f"Ctrl-C stops it; {command('doctor')} says whether anything is missing.")


def address(host: str, port: int) -> str:
    """The address that a person at this machine types."""
    name = reachable_host(host)
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


def _outside_names(host: str) -> list[str]:
    """Names under which other machines may ask for this one when it listens on `host`."""
    try:
        where = ipaddress.ip_address(host)
    except ValueError:
        return [host]
    if where.is_loopback:
        return []
    if not where.is_unspecified:
        return [f"[{host}]" if where.version == 6 else host]
    name = socket.gethostname()
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(name, None)}
    except OSError:
        found = set()
    return [name, *sorted(found)]


def place_backups(installation: Installation) -> str:
    """Record where LOCALEX_BACKUP_DIR puts the backups, for every later command; returns where they go, in words."""
    from localex.backup.place import read_place, record_place
    from localex.backup.stores import find_store

    directory, folder = installation.directory, installation.variable("LOCALEX_BACKUP_DIR")
    known = read_place(directory)
    if folder:
        record_place(directory, Path(folder))
        why = "LOCALEX_BACKUP_DIR; remembered"
    elif known:
        why = "the last LOCALEX_BACKUP_DIR; remembered"
    else:
        why = "in the data directory; LOCALEX_BACKUP_DIR names a folder on another disk"
    return f"Backups go to {find_store(directory).place} ({why})."


def clear_drill(directory: DataDirectory) -> None:
    """Remove what a killed drill left, which is the whole town in the clear; also where backups are switched off."""
    if (directory.root / ".drill").exists():
        from localex.backup.drill import clear_leftovers

        with contextlib.suppress(StartError):
            clear_leftovers(directory)


def are_backups_on(installation: Installation) -> bool:
    """What LOCALEX_BACKUP says; `check-settings` refuses words that nobody understands."""
    return installation.variable("LOCALEX_BACKUP").lower() not in {"0", "off", "false", "f", "no", "n"}


def _warn(line: str) -> None:
    error_console().print(pasteable(line), markup=False, style="bold yellow")


def _tell(line: str) -> None:
    error_console().print(line, markup=False, style="dim")
