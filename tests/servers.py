"""The real PostgreSQL and Redis of one test run, started by the same code as an installation's.

One process (pytest itself, or the controller of pytest-xdist) makes a cluster in a temporary directory, starts both
servers and migrates one template database as the owner. Every process then clones that template and connects to its
clone as the application's role, so that a missing grant is found. The processes know of each other by one path only.
"""

import contextlib
import dataclasses
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from localex.embedded import roles
from localex.embedded.cluster import Cluster
from localex.embedded.directory import DataDirectory, DirectoryLock
from localex.embedded.errors import StartError
from localex.embedded.logs import LogFile
from localex.embedded.redis_server import RedisServer
from localex.embedded.secret_files import SecretFiles
from tests.processes import run_python

TEMPLATE = "localex_template"
# Losing everything in a power cut is fine here; more connections than an installation for tests that race.
TEST_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "log_lock_waits": "off",
    "log_min_duration_statement": "-1",
    # Nobody gathers statistics behind a test's back: tests that look at a plan see the same one every time.
    "autovacuum": "off",
}
REDIS_DATABASES = 16
PREFIX = "localex-tests-"
ABANDONED_SECONDS = 60
MEMORY = Path("/dev/shm")
MEMORY_NEEDED_BYTES = 4 * 1024**3


def temporary_folder(prefix: str) -> Path:
    """A new folder for servers: in memory where there is plenty, since a busy disk makes every commit wait."""
    place = None
    with contextlib.suppress(OSError):
        found = os.statvfs(MEMORY)
        if found.f_bavail * found.f_frsize > MEMORY_NEEDED_BYTES and not found.f_flag & os.ST_NOEXEC:
            place = MEMORY
    return Path(tempfile.mkdtemp(prefix=prefix, dir=place))


@dataclasses.dataclass(frozen=True)
class Servers:
    """Where the servers of this run are, and which database belongs to this process."""

    root: Path
    worker: str = "main"

    @property
    def directory(self) -> DataDirectory:
        return DataDirectory(self.root)

    @property
    def cluster(self) -> Cluster:
        return Cluster.of(self.directory, TEST_SETTINGS)

    @property
    def database(self) -> str:
        return f"test_{self.worker}"

    @property
    def redis_url(self) -> str:
        digits = "".join(filter(str.isdigit, self.worker))
        return RedisServer.of(self.directory).url(int(digits or 0) % REDIS_DATABASES)

    def url(self, role: str, database: str | None = None) -> str:
        """The address of a database (this process's own unless told) for a role."""
        return self.cluster.url(role, database or self.database)

    def connect(self, role: str, database: str | None = None) -> psycopg.Connection[Any]:
        """An autocommit connection for a test that speaks SQL itself."""
        return self.cluster.connect(role, database or self.database)

    def environment(self, database: str | None = None) -> dict[str, str]:
        """The variables with which the application uses these servers."""
        return {
            "DATABASE_URL": self.url(roles.APP, database),
            "DATABASE_OWNER_URL": self.url(roles.OWNER, database),
            "REDIS_URL": self.redis_url,
            "LOCALEX_DATA_DIR": str(self.root / f"files-{self.worker}"),
            "LOCALEX_SECRET_KEY": self.cluster.secrets.read("secret_key"),
            "LOCALEX_DATABASE_POOL_SIZE": "20",
            "DJANGO_SETTINGS_MODULE": "localex.config.settings",
        }

    def clone(self, name: str) -> None:
        """Make the database `name` as a copy of the migrated template."""
        with self.connect(roles.SUPER, "postgres") as connection:
            roles.create_database(connection, name, template=TEMPLATE)

    def drop(self, name: str) -> None:
        """Take a database away, also from those who are still connected."""
        with self.connect(roles.SUPER, "postgres") as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @contextlib.contextmanager
    def scratch_database(self, *, migrated: bool = True) -> Iterator[str]:
        """The name of a database that ends with the block; empty when `migrated` is false."""
        name = f"scratch_{self.worker}_{os.urandom(4).hex()}"
        with self.connect(roles.SUPER, "postgres") as connection:
            roles.create_database(connection, name, template=TEMPLATE if migrated else "template0")
        try:
            yield name
        finally:
            self.drop(name)


def remove_abandoned(parent: Path) -> None:
    """Remove the folders of runs that were killed; their servers died with them."""
    for folder in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError, StartError):
            lock = DirectoryLock(DataDirectory(folder))
            if time.time() - folder.stat().st_mtime > ABANDONED_SECONDS and lock.try_acquire():
                shutil.rmtree(folder, ignore_errors=True)
                lock.release()


class RunningServers:
    """Starts the servers of a run once, when they are first needed, and stops them by their process ids."""

    def __init__(self) -> None:
        self.root = temporary_folder(PREFIX)
        directory = DataDirectory(self.root)
        # Held until this process ends in whatever way, which tells the next run that the folder is in use.
        self._lock = DirectoryLock(directory)
        self._lock.acquire()
        remove_abandoned(self.root.parent)
        directory.prepare()
        SecretFiles(directory.secrets).prepare(is_first_start=True)
        self._cluster = Cluster.of(directory, TEST_SETTINGS)
        self._redis = RedisServer.of(directory)
        self._is_started = False

    def start(self) -> None:
        """Start both servers and migrate the template; does nothing the second time."""
        if self._is_started:
            return
        self._is_started = True
        logs = DataDirectory(self.root).logs
        self._redis.start(LogFile(logs / "redis.log"))
        self._cluster.initialise()
        self._cluster.start(LogFile(logs / "postgres.log"))
        self._cluster.create_roles()
        with self._cluster.connect(roles.SUPER, "postgres") as connection:
            roles.create_database(connection, TEMPLATE)
        migrate(Servers(self.root, "template"), TEMPLATE)

    def stop(self) -> None:
        """Stop both servers and remove everything they wrote."""
        self._redis.stop()
        self._cluster.stop()
        shutil.rmtree(self.root, ignore_errors=True)
        self._lock.release()


def forge_credits(servers: Servers, database: str) -> None:
    """Put 5 credits from nowhere into the ledger of `database`, which breaks I1."""
    with servers.connect(roles.SUPER, database) as superuser:
        # Even a superuser has to take the guards away first.
        superuser.execute("ALTER TABLE ledger.account DISABLE TRIGGER USER")
        superuser.execute("ALTER TABLE ledger.balance DISABLE TRIGGER USER")
        superuser.execute(
            "INSERT INTO ledger.account (account_id, community_id, owner, kind, opened_at) "
            "VALUES (1, gen_random_uuid(), gen_random_uuid(), 'main', now())"
        )
        superuser.execute(
            "INSERT INTO ledger.balance (balance_id, posted, community_id) VALUES (1, 500, gen_random_uuid())"
        )


def run_out(ago: str) -> str:
    """SQL that lets every hold run out so long `ago`, as the audit then says too: for a superuser, both guards off."""
    return f"""
        WITH moved AS (
            UPDATE ledger.hold SET expires_at = clock_timestamp() - interval '{ago}' WHERE state = 'held' RETURNING *
        )
        INSERT INTO ledger.audit (at, what, community_id, account_id, after)
        SELECT clock_timestamp(), 'deadline', community_id, escrow_id, extract(epoch FROM expires_at) * 1000000
        FROM moved
    """


def migrate(servers: Servers, database: str) -> None:
    """Run the real `localex migrate` on `database`; its words are shown when it fails."""
    environment = {**os.environ, **servers.environment(database)}
    done = run_python("-m", "localex.cli", "migrate", environment=environment)
    if done.returncode:
        raise RuntimeError(f"The template database could not be migrated:\n{done.stdout}\n{done.stderr}")
