"""The unprivileged user that servers run as when LocalEx is started by root."""

import functools
import os
import pwd
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from localex.embedded.errors import ExitCode, StartError

LAUNCHER = Path(__file__).with_name("launch.py")
# In order of preference; `pgserver` is made by the wheel that brings PostgreSQL, `nobody` exists everywhere.
CANDIDATES = ("localex", "postgres", "pgserver", "nobody")


@dataclass(frozen=True)
class ServerUser:
    """Who runs PostgreSQL and Redis. `uid` -1 means: whoever started LocalEx."""

    name: str = ""
    uid: int = -1
    gid: int = -1
    groups: tuple[int, ...] = ()

    @property
    def is_other(self) -> bool:
        """Whether servers run as somebody else than the supervisor."""
        return self.uid >= 0

    def own(self, path: Path) -> None:
        """Give `path` to this user."""
        if self.is_other:
            os.chown(path, self.uid, self.gid)

    def can_reach(self, paths: Iterable[Path]) -> bool:
        """Whether this user can enter or run each of `paths`, tried for real in a child process."""
        if not self.is_other:
            return all(os.access(path, os.X_OK) for path in paths)
        return subprocess.run([*launcher(self, 0), "?", *map(str, paths)], check=False).returncode == 0


def launcher(user: ServerUser, death_signal: int) -> list[str]:
    """The first words of a command line that starts something through the trampoline of `launch.py`."""
    groups = ",".join(map(str, user.groups))
    words = (os.getpid(), death_signal, user.uid, user.gid)
    return [sys.executable, "-I", "-S", str(LAUNCHER), *map(str, words), groups]


def _user(entry: pwd.struct_passwd) -> ServerUser:
    return ServerUser(entry.pw_name, entry.pw_uid, entry.pw_gid, (entry.pw_gid,))


@functools.cache
def find_server_user(owner: int | None = None) -> ServerUser:
    """The user for PostgreSQL and Redis; `owner` is the uid that already owns the database, if there is one.

    Raises StartError when LocalEx runs as root and no unprivileged user exists.
    """
    if os.geteuid() != 0:
        return ServerUser()
    if owner:
        try:
            return _user(pwd.getpwuid(owner))
        except KeyError:
            return ServerUser(str(owner), owner, owner, (owner,))
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return _user(entry)
    raise StartError(
        "PostgreSQL refuses to run as root and this machine has no unprivileged user for it. "
        "Make one (`useradd --system localex`) or start LocalEx as an ordinary user.",
        ExitCode.NO_USER,
    )
