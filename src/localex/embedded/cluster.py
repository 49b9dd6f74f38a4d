"""One PostgreSQL cluster: made by initdb, started and stopped as a plain child process."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from localex.embedded import roles
from localex.embedded.binaries import postgres_bin
from localex.embedded.directory import POSTGRES_MAJOR, DataDirectory, replace_file
from localex.embedded.errors import ExitCode, StartError, disk_full, from_os_error, mentions_full_disk
from localex.embedded.logs import LogFile
from localex.embedded.postgres_settings import (
    BACKUP_CONF,
    BACKUP_CONF_NAME,
    PG_HBA_CONF,
    PRIVATE_LOG,
    postgresql_conf,
)
from localex.embedded.processes import (
    PROC,
    Child,
    Command,
    ProcessRecord,
    merged_environment,
    send,
    start_time,
    wait_until,
)
from localex.embedded.secret_files import SecretFiles
from localex.embedded.users import ServerUser, launcher

if TYPE_CHECKING:
    import psycopg

START_SECONDS = 60
STOP_SECONDS = 8
PORT = "5432"
SECRET_NAMES = {roles.SUPER: "super_password", roles.OWNER: "owner_password", roles.APP: "app_password"}


class Cluster:
    """A PostgreSQL 18 cluster whose data lie in `data` and whose socket lies in the folder `sockets`.

    `settings` are given on the command line and win over postgresql.conf; tests switch fsync off with them.
    """

    def __init__(
        self,
        data: Path,
        *,
        sockets: Path,
        secrets: SecretFiles,
        engine: Path,
        user: ServerUser,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.data = data
        self.sockets = sockets
        self.secrets = secrets
        self._engine = engine
        self._user = user
        self._settings = dict(settings or {})
        self._child: Child | None = None

    @classmethod
    def of(
        cls, directory: DataDirectory, settings: Mapping[str, str] | None = None, *, engine: Path | None = None
    ) -> "Cluster":
        """The cluster of an installation whose folders are prepared; `engine`: another folder with its programs."""
        return cls(
            directory.postgres,
            sockets=directory.postgres_sockets,
            secrets=SecretFiles(directory.secrets),
            engine=engine or directory.engine,
            user=directory.server_user,
            settings=settings,
        )

    @property
    def is_initialised(self) -> bool:
        """Whether initdb ran here to its end."""
        return (self.data / "PG_VERSION").exists()

    def check_version(self) -> None:
        """Raise StartError when the files were made by another major version of PostgreSQL."""
        majors = [path.name for path in self.data.parent.glob("[0-9]*") if (path / "PG_VERSION").exists()]
        if self.is_initialised:
            majors.append((self.data / "PG_VERSION").read_text().strip())
        others = [major for major in majors if major.isdigit() and major != POSTGRES_MAJOR]
        if not others:
            return
        newest = max(others, key=int)
        if int(newest) > int(POSTGRES_MAJOR):
            raise StartError(
                f"The database in {self.data.parent} was made by PostgreSQL {newest} and this LocalEx brings "
                f"{POSTGRES_MAJOR}. Nothing was changed; start the newer LocalEx that made it.",
                ExitCode.NEWER_VERSION,
            )
        raise StartError(
            f"The database in {self.data.parent} was made by PostgreSQL {newest} and this LocalEx brings "
            f"{POSTGRES_MAJOR}. Nothing was changed; dump it with the older LocalEx and load it into a new directory.",
            ExitCode.NEWER_VERSION,
        )

    def initialise(self) -> None:
        """Make the cluster if it is not there: initdb into a draft folder that is renamed when it is complete."""
        self.check_version()
        self.secrets.prepare(is_first_start=not self.is_initialised)
        if self.is_initialised:
            self._write_backup_settings(self.data)
            return
        draft = self.data.with_name(f"{self.data.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        try:
            self._run_initdb(draft)
            self._write_settings(draft)
            draft.rename(self.data)
        except OSError as error:
            raise from_os_error(error, self.data.parent) from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _run_initdb(self, draft: Path) -> None:
        password = self.data.parent / ".initdb-password"
        replace_file(password, self.secrets.read(SECRET_NAMES[roles.SUPER]))
        self._user.own(password)
        try:
            done = subprocess.run(
                [
                    *launcher(self._user, signal.SIGKILL),
                    str(self._program("initdb")),
                    *("-D", str(draft), "-U", roles.SUPER, f"--pwfile={password}", "--auth=scram-sha-256"),
                    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "-E", "UTF8"),
                    *("--data-checksums", "--no-instructions"),
                    *(["--no-sync"] if self._settings.get("fsync") == "off" else []),
                ],
                env=merged_environment(self._environment()),
                capture_output=True,
                text=True,
                check=False,
                cwd=self.data.parent,
            )
        finally:
            password.unlink()
        if done.returncode:
            self._raise_failure("PostgreSQL could not make its database", done.stdout + done.stderr)

    def _write_settings(self, draft: Path) -> None:
        (draft / "conf.d").mkdir(mode=0o700)
        self._user.own(draft / "conf.d")
        for name, text in (("postgresql.conf", postgresql_conf()), ("pg_hba.conf", PG_HBA_CONF)):
            (draft / name).write_text(text)
            (draft / name).chmod(0o600)
            self._user.own(draft / name)
        self._write_backup_settings(draft)

    def _write_backup_settings(self, data: Path) -> None:
        """Also for a database that an older LocalEx made."""
        path = data / "conf.d" / BACKUP_CONF_NAME
        with contextlib.suppress(OSError):
            if path.read_text() == BACKUP_CONF:
                return
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            self._user.own(path.parent)
            replace_file(path, BACKUP_CONF)
            self._user.own(path)
        except OSError as error:
            raise from_os_error(error, data) from error

    def command(self) -> Command:
        """How the supervisor starts this cluster."""
        given = {**self._settings, **PRIVATE_LOG}
        settings = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
        return Command(
            name="postgres",
            argv=(
                str(self._program("postgres")),
                *("-D", str(self.data), "-k", str(self.sockets), "-h", "", "-p", PORT),
                *settings,
            ),
            env=self._environment(),
            user=self._user,
            stop_signal=signal.SIGINT,
            directory=self.data,
        )

    def start(self, log: LogFile | None = None) -> None:
        """Start the server and wait until it takes connections. Raises StartError with the end of its log."""
        self.end_leftover()
        child = self._child = Child(self.command(), log)
        if not wait_until(lambda: self.is_ready(child.pid) or child.poll() is not None, seconds=START_SECONDS):
            self.stop()
        if child.poll() is not None:
            self.raise_start_failure(log)

    def adopt(self, child: Child) -> None:
        """Let `stop` stop a server of this cluster that was started from `command` by somebody else."""
        self._child = child

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Stop what `start` started: clients are disconnected, then everything is written down."""
        if self._child is not None:
            self._child.stop(seconds)
            self._child = None

    def is_ready(self, pid: int) -> bool:
        """Whether the server that runs as `pid` takes connections, by the status in its own pid file."""
        lines = self._pid_file_lines()
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def end_leftover(self) -> None:
        """Stop a server that an earlier supervisor left in these files, and take away pid files that nobody holds.

        Only the holder of the directory's lock may call this: then nobody else has a right to run a server here.
        """
        # The socket's file stays also when the database's own files were put back from a copy.
        for file in (self.data / "postmaster.pid", self.sockets / f".s.PGSQL.{PORT}.lock"):
            self._end_holder(file)

    def _end_holder(self, file: Path) -> None:
        number = next(iter(_lines(file)), "").strip("-")
        if not number.isdigit():
            return
        record = ProcessRecord(int(number), start_time(int(number)))
        if record.is_alive and self._is_named_by(record.pid, self.data):
            for signal_number, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
                send(record.pid, signal_number)
                if wait_until(lambda: not record.is_alive, seconds=seconds):
                    break
        elif not (record.is_alive and self._is_named_by(record.pid, self.sockets)):
            # After a power cut the number may belong to somebody else, and PostgreSQL would refuse to start; also after
            # a kill, as long as nobody has asked how the process ended.
            file.unlink(missing_ok=True)

    def create_roles(self) -> None:
        """Make the roles and the installation's database; does nothing to those that are there."""
        with self.connect(roles.SUPER, "postgres") as connection:
            passwords = {role: self.secrets.read(name) for role, name in SECRET_NAMES.items()}
            roles.create_roles(connection, passwords)
            roles.create_database(connection, roles.DATABASE)

    def url(self, role: str, database: str = roles.DATABASE) -> str:
        """The address of `database` for `role`, with its password; never print it."""
        words = (self.secrets.read(SECRET_NAMES[role]), database, str(self.sockets))
        password, name, host = (quote(word, safe="") for word in words)
        return f"postgresql://{role}:{password}@/{name}?host={host}&port={PORT}"

    def connect(self, role: str, database: str = roles.DATABASE) -> "psycopg.Connection[Any]":
        """An autocommit connection. Raises psycopg.OperationalError when the server is not there."""
        import psycopg

        return psycopg.connect(self.url(role, database), autocommit=True, connect_timeout=5)

    def raise_start_failure(self, log: LogFile | None) -> None:
        """Raise the StartError that fits the end of the server's log."""
        self._raise_failure("PostgreSQL did not start", log.tail() if log else "")

    def _raise_failure(self, what: str, words: str) -> None:
        if mentions_full_disk(words):
            raise disk_full(self.data.parent)
        lines = [line for line in words.splitlines() if line.strip()][-6:]
        detail = "\n".join(lines)
        raise StartError(
            f"{what}. Its own words follow; `localex doctor` may say more.\n{detail}", ExitCode.PART_FAILED
        )

    def _program(self, name: str) -> Path:
        return postgres_bin(self._user, self._engine) / name

    def _environment(self) -> dict[str, str | None]:
        # Somebody's own PGDATA, PGPORT or PGOPTIONS must not reach this server, nor a language it cannot log in.
        removed = dict.fromkeys((name for name in os.environ if name.startswith("PG")), None)
        return {**removed, "LC_ALL": "C"}

    def _pid_file_lines(self) -> list[str]:
        return _lines(self.data / "postmaster.pid")

    def _is_named_by(self, pid: int, folder: Path) -> bool:
        if (PROC / "self").exists():
            try:
                words = (PROC / str(pid) / "cmdline").read_bytes()
            except OSError:
                return False
            return os.fsencode(folder) in words.split(b"\0")
        found = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return str(folder) in found.stdout


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
