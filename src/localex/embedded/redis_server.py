"""One Redis server on a unix socket, that keeps nothing: whatever it holds is a copy or a doorbell."""

import contextlib
import socket
from pathlib import Path
from urllib.parse import quote

from localex.embedded.binaries import find_redis_server
from localex.embedded.directory import DataDirectory
from localex.embedded.errors import ExitCode, StartError
from localex.embedded.logs import LogFile
from localex.embedded.processes import Child, Command, wait_until
from localex.embedded.users import ServerUser

START_SECONDS = 20
STOP_SECONDS = 3
MAX_MEMORY = "64mb"


class RedisServer:
    """A Redis or Valkey server that listens on `path` only; the folder of `path` is 0700 and belongs to `user`."""

    def __init__(self, path: Path, *, user: ServerUser) -> None:
        self.path = path
        self._user = user
        self._child: Child | None = None

    @classmethod
    def of(cls, directory: DataDirectory) -> "RedisServer":
        """The server of an installation whose folders are prepared."""
        return cls(directory.redis_socket, user=directory.server_user)

    def command(self) -> Command:
        """How the supervisor starts this server. Raises StartError when there is no Redis program."""
        program = find_redis_server()
        # Redis does not mind running as root; a wheel below root's home would be out of the other user's reach.
        user = self._user if self._user.can_reach([program]) else ServerUser()
        return Command(
            name="redis",
            argv=(
                str(program),
                *("--port", "0", "--unixsocket", str(self.path), "--unixsocketperm", "700"),
                *("--save", "", "--appendonly", "no", "--dir", str(self.path.parent)),
                *("--maxmemory", MAX_MEMORY, "--maxmemory-policy", "allkeys-lru"),
                *("--daemonize", "no", "--databases", "16"),
            ),
            user=user,
        )

    def start(self, log: LogFile | None = None) -> None:
        """Start the server and wait until it answers. Raises StartError with the end of its log."""
        self.forget_socket()
        child = self._child = Child(self.command(), log)
        if not wait_until(lambda: self.is_ready() or child.poll() is not None, seconds=START_SECONDS):
            self.stop()
        if child.poll() is not None:
            self.raise_start_failure(log)

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Stop what `start` started."""
        if self._child is not None:
            self._child.stop(seconds)
            self._child = None

    def forget_socket(self) -> None:
        """Take away the socket that a killed server left, so that it is not mistaken for a living one."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()

    def is_ready(self) -> bool:
        """Whether the server answers PING."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(self.path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False

    def url(self, database: int = 0) -> str:
        """The address for redis-py."""
        return f"unix://{quote(str(self.path))}?db={database}"

    def raise_start_failure(self, log: LogFile | None) -> None:
        """Raise StartError with the end of the server's log."""
        detail = "\n".join((log.tail() if log else "").splitlines()[-4:])
        raise StartError(f"Redis did not start. Its own words follow.\n{detail}", ExitCode.PART_FAILED)
