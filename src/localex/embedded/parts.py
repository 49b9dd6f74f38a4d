"""The parts of an installation: for each, how it starts, when it is ready, how long it may take to stop."""

import contextlib
import errno
import os
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from localex.embedded.cluster import Cluster
from localex.embedded.directory import DataDirectory
from localex.embedded.errors import ExitCode, StartError
from localex.embedded.logs import EchoingLog, LogFile
from localex.embedded.processes import Command
from localex.embedded.redis_server import RedisServer

APPLICATION = "localex.config.wsgi:application"
# A thread waits for the body of its request, and slow people must not hold all of them. The database's pool may stay
# smaller than this: a thread that reads a body has no connection yet.
THREADS = 16
# Headers arrive in one piece; who sends them a letter at a time is cut off.
HEADER_MILLISECONDS = 5_000
# The requests that are being answered get this long; together all parts stop within 10 s.
DRAIN_SECONDS = 4


class NotReady(Exception):
    """A part has started and will never be ready; the message says why, in words that follow its name."""


@dataclass(frozen=True)
class Part:
    """One server under supervision.

    `before_start` clears what an earlier life left; `is_ready` gets the process id and asks the server itself, and may
    raise NotReady.
    """

    command: Command
    log: LogFile
    is_ready: Callable[[int], bool]
    start_seconds: float
    stop_seconds: float
    before_start: Callable[[], None] = lambda: None
    # The town goes on without the others: one that keeps dying is tried again later instead of ending everything.
    is_vital: bool = True

    @property
    def name(self) -> str:
        """`postgres`, `redis`, `web`, `worker` or `backup`."""
        return self.command.name

    def start_failure(self, what: str) -> StartError:
        """The error for a part that cannot live, with the end of its own words."""
        lines = [line for line in self.log.tail().splitlines() if line.strip()][-6:]
        return StartError(
            f"{what}. Its own words follow; all of them are in {self.log.path}.\n" + "\n".join(lines),
            ExitCode.PART_FAILED,
        )


def postgres_part(cluster: Cluster, directory: DataDirectory) -> Part:
    """The own PostgreSQL."""
    return Part(
        command=cluster.command(),
        log=LogFile(directory.logs / "postgres.log"),
        is_ready=cluster.is_ready,
        start_seconds=60,
        # It comes last and may use what is left: it writes down what it has, so that the next start need not recover.
        stop_seconds=10,
        before_start=cluster.end_leftover,
    )


def redis_part(server: RedisServer, directory: DataDirectory) -> Part:
    """The own Redis."""
    return Part(
        command=server.command(),
        log=LogFile(directory.logs / "redis.log"),
        is_ready=lambda _pid: server.is_ready(),
        start_seconds=20,
        stop_seconds=1,
        before_start=server.forget_socket,
    )


def worker_count() -> int:
    """Web processes: two, so that one may die or be slow; more only where there are many cores."""
    return min(4, max(2, (os.cpu_count() or 2) // 2))


def web_part(
    directory: DataDirectory, *, host: str, port: int, env: Mapping[str, str | None], application: str = APPLICATION
) -> Part:
    """The web server."""
    argv = (
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port)),
        *("--workers", str(worker_count()), "--blocking-threads", str(THREADS), "--no-ws", "--http", "1"),
        *("--workers-kill-timeout", str(DRAIN_SECONDS), "--respawn-failed-workers", "--respawn-interval", "0.2"),
        *("--http1-header-read-timeout", str(HEADER_MILLISECONDS)),
        application,
    )
    return Part(
        # Granian puts its working directory first on Python's path, whatever the environment says: one of our own.
        command=Command(name="web", argv=argv, env=env, directory=directory.logs),
        log=LogFile(directory.logs / "web.log"),
        is_ready=lambda _pid: web_answers(host, port),
        start_seconds=60,
        stop_seconds=DRAIN_SECONDS + 0.5,
    )


def worker_part(
    directory: DataDirectory, *, env: Mapping[str, str | None], module: str = "localex.jobs.worker"
) -> Part:
    """The process that runs jobs."""
    return Part(
        command=Command(name="worker", argv=(sys.executable, "-m", module), env=env),
        log=LogFile(directory.logs / "worker.log"),
        # It takes no connections; a job that waits is picked up whenever it comes.
        is_ready=lambda _pid: True,
        start_seconds=1,
        stop_seconds=2,
    )


def backup_part(
    directory: DataDirectory,
    *,
    env: Mapping[str, str | None],
    tell: Callable[[str], None],
    words: tuple[str, ...] = (),
) -> Part:
    """The process that makes backups, ships the log and runs the drill; what it warns of goes to `tell` as well."""
    return Part(
        command=Command(name="backup", argv=(sys.executable, "-m", "localex.backup.keeper", *words), env=env),
        log=EchoingLog(directory.logs / "backup.log", tell=tell),
        is_ready=lambda _pid: True,
        start_seconds=1,
        stop_seconds=2,
        is_vital=False,
    )


def reachable_host(host: str) -> str:
    """An address at which a server that listens on `host` can be reached from this machine."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 -- a look-up, nothing is bound


def web_answers(host: str, port: int, path: str = "/livez") -> bool:
    """Whether a web server answers there. Raises NotReady when its answer is an error of its own."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with contextlib.suppress(OSError), socket.create_connection((reachable_host(host), port), timeout=10) as connection:
        connection.sendall(request.encode())
        status = connection.recv(64).split(b" ")
        if len(status) > 1 and status[1].startswith(b"5"):
            raise NotReady("answers with an error of its own")
        return len(status) > 1
    return False


def check_address(host: str, port: int) -> None:
    """Raise StartError when the web server could not listen on `host` and `port`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror:
        raise _address_error(f"The name {host} has no address here. Give --host an IP address.") from None
    except PermissionError:
        raise _address_error(f"Port {port} may be used by root only. Choose one above 1023 with --port.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise _address_error(
                f"Port {port} on {host} is taken by another program. Stop that one, or choose another with --port."
            ) from None
        raise _address_error(
            f"{host} is not an address of this machine ({error.strerror}). Choose another with --host."
        ) from None


def _address_error(message: str) -> StartError:
    return StartError(message, ExitCode.PORT_TAKEN)
