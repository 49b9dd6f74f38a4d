"""One installation: its data directory, its own servers, and the addresses that its programs get."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from localex.embedded import roles
from localex.embedded.cluster import Cluster
from localex.embedded.directory import DataDirectory, DirectoryLock
from localex.embedded.errors import ExitCode, StartError
from localex.embedded.logs import LogFile
from localex.embedded.processes import wait_until
from localex.embedded.redis_server import RedisServer

STARTING_SECONDS = 30
SETTINGS_MODULE = "localex.config.settings"


class Installation:
    """The data directory `directory`, with the variables `environ` that may switch parts to servers outside."""

    def __init__(self, directory: DataDirectory, environ: Mapping[str, str]) -> None:
        self.directory = directory
        self._environ = environ

    @classmethod
    def at(cls, data_dir: Path, environ: Mapping[str, str]) -> "Installation":
        """The installation whose data directory is `data_dir`."""
        return cls(DataDirectory(data_dir), environ)

    @property
    def has_own_postgres(self) -> bool:
        """False when DATABASE_URL names a server outside."""
        return not self._environ.get("DATABASE_URL")

    @property
    def has_own_redis(self) -> bool:
        """False when REDIS_URL names a server outside."""
        return not self._environ.get("REDIS_URL")

    def variable(self, name: str) -> str:
        """What the environment says under `name`; empty when it says nothing."""
        return self._environ.get(name, "")

    @property
    def cluster(self) -> Cluster:
        """The own PostgreSQL; only once the folders are prepared."""
        return Cluster.of(self.directory)

    @property
    def redis_server(self) -> RedisServer:
        """The own Redis; only once the folders are prepared."""
        return RedisServer.of(self.directory)

    @property
    def app_url(self) -> str:
        """The database as web and worker see it."""
        return self.cluster.url(roles.APP) if self.has_own_postgres else self._environ["DATABASE_URL"]

    @property
    def owner_url(self) -> str:
        """The database as migrations see it."""
        if self.has_own_postgres:
            return self.cluster.url(roles.OWNER)
        return self._environ.get("DATABASE_OWNER_URL") or self._environ["DATABASE_URL"]

    def environment(self, *, as_owner: bool = False) -> dict[str, str | None]:
        """The variables for a program of this installation; the owner's address only for the one that migrates."""
        redis_url = self._environ.get("REDIS_URL") or self.redis_server.url()
        return {
            "LOCALEX_DATA_DIR": str(self.directory.root),
            "DJANGO_SETTINGS_MODULE": SETTINGS_MODULE,
            "DATABASE_URL": self.app_url,
            "DATABASE_OWNER_URL": self.owner_url if as_owner else None,
            "REDIS_URL": redis_url,
        }

    @contextlib.contextmanager
    def database(self) -> Iterator[None]:
        """Make sure that the database answers while the block runs: the running one, else started just for this.

        Raises StartError when there is no installation here, or it does not come up.
        """
        if not self.has_own_postgres:
            yield
            return
        if not self.directory.exists:
            self.directory.check_is_ours()
            raise StartError(
                f"There is no installation in {self.directory.root}. Start one with `localex up`, "
                "or say with --data-dir where yours is.",
                ExitCode.NOT_RUNNING,
            )
        lock = DirectoryLock(self.directory)
        if not lock.try_acquire():
            self._await_running()
            yield
            return
        try:
            yield from self._database_for_the_moment()
        finally:
            lock.release()

    def _database_for_the_moment(self) -> Iterator[None]:
        self.directory.check_space()
        self.directory.prepare()
        cluster = self.cluster
        cluster.initialise()
        try:
            cluster.start(LogFile(self.directory.logs / "postgres.log"))
            cluster.create_roles()
            yield
        finally:
            cluster.stop()

    def _await_running(self) -> None:
        """Somebody holds the lock: an `up` that runs or is about to."""
        if not wait_until(self.answers, seconds=STARTING_SECONDS):
            raise StartError(
                f"LocalEx is starting or stopping on {self.directory.root} and its database does not answer. "
                "Try again in a moment.",
                ExitCode.NOT_RUNNING,
            )

    def answers(self) -> bool:
        """Whether the database takes a connection of the application's role."""
        import psycopg

        try:
            psycopg.connect(self.app_url, connect_timeout=5).close()
        except (psycopg.OperationalError, StartError):
            return False
        return True
