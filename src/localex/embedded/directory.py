"""The data directory of an installation: where everything lies, who may read it, and the lock that guards it."""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localex.embedded.errors import ExitCode, StartError, from_os_error, not_writable
from localex.embedded.users import ServerUser, find_server_user

# sockaddr_un holds 108 bytes on Linux and 104 elsewhere, with a NUL at the end; PostgreSQL adds ".s.PGSQL.5432".
MAX_SOCKET_PATH_BYTES = 103
LONGEST_SOCKET_NAME = "postgres/.s.PGSQL.5432.lock"
# A new cluster takes about 60 MB, and PostgreSQL wants room for its log before it cleans up.
NEEDED_FREE_BYTES = 300 * 1024 * 1024
POSTGRES_MAJOR = "18"
# One of these says that a directory is ours; its rights are changed, so a home directory given by mistake is refused.
# Names that others use as well, such as `mail`, say nothing.
MARKERS = ("localex.lock", "secrets/secret_key", "localex-database.json")
# Lies in a directory while `localex restore` works there, and goes when everything is in its place.
RESTORING = "restoring.json"
DRAFT = "restoring"
# Written after each migration: this installation has a database, and an empty one would be a loss.
DATABASE_NOTE = "localex-database.json"


def default_data_dir() -> Path:
    """Where an installation lives unless told otherwise, by the XDG base directory specification.

    For root it is /var/lib/localex: PostgreSQL must run as an ordinary user, who cannot enter root's home.
    """
    if os.geteuid() == 0 and not os.environ.get("XDG_DATA_HOME"):
        return Path("/var/lib/localex")
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "localex"


class DataDirectory:
    """The folders and files of one installation; making the object touches nothing."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().absolute()
        self.secrets = self.root / "secrets"
        self.logs = self.root / "logs"
        self.postgres_home = self.root / "postgres"
        self.postgres = self.postgres_home / POSTGRES_MAJOR
        self.engine = self.root / "engine"
        self.static = self.root / "static"
        self.state = self.root / "state.json"
        self.lock = self.root / "localex.lock"

    @property
    def exists(self) -> bool:
        """Whether an installation was ever started here."""
        return self.lock.exists()

    @property
    def server_user(self) -> ServerUser:
        """Who runs PostgreSQL and Redis here."""
        owner = self.postgres.stat().st_uid if os.geteuid() == 0 and self.postgres.exists() else None
        return find_server_user(owner)

    @property
    def sockets(self) -> Path:
        """Where the servers' sockets lie: in the data directory, or, when that path is too long, in a short one."""
        inside = self.root / "run"
        if len(os.fsencode(inside / LONGEST_SOCKET_NAME)) <= MAX_SOCKET_PATH_BYTES:
            return inside
        name = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        base = os.environ.get("XDG_RUNTIME_DIR", "") if os.geteuid() else ""
        if base and len(os.fsencode(base)) < 50:
            return Path(base) / f"localex-{name}"
        return Path(tempfile.gettempdir() if len(tempfile.gettempdir()) < 50 else "/tmp") / (  # noqa: S108 -- 0700, owner checked
            f"localex-{os.geteuid()}-{name}"
        )

    @property
    def postgres_sockets(self) -> Path:
        """The 0700 folder of PostgreSQL's socket."""
        return self.sockets / "postgres"

    @property
    def redis_socket(self) -> Path:
        """The address of Redis, in a 0700 folder of its own."""
        return self.sockets / "redis" / "redis.sock"

    def prepare(self) -> None:
        """Make the folders, with rights that keep other people out.

        Raises StartError when the place cannot be written, the disk is full, or the server user cannot enter it.
        """
        try:
            self.check_is_ours()
            self._make_folders()
        except OSError as error:
            raise from_os_error(error, self.root) from error
        if not self.server_user.can_reach([self.root, self.postgres_home, self.postgres_sockets]):
            reason = f"PostgreSQL cannot run as root, and the user {self.server_user.name} cannot enter this folder"
            raise not_writable(self.root, reason)

    def check_is_ours(self) -> None:
        """Raise StartError for a directory that holds an unfinished restore, or anything but an installation."""
        if (self.root / RESTORING).exists():
            raise StartError(
                f"A restore into {self.root} has not finished, so this is no town yet. Run that restore again as it "
                f"was begun (`localex restore --into {self.root}` with the same --to, --store and --key), and it goes "
                "on; or remove the directory.",
                ExitCode.DAMAGED,
            )
        is_ours = any((self.root / marker).is_file() for marker in MARKERS)
        try:
            is_foreign = self.root.is_dir() and not is_ours and any(self.root.iterdir())
        except OSError as error:
            raise from_os_error(error, self.root) from error
        if is_foreign:
            raise StartError(
                f"{self.root} holds other files and is no data directory of LocalEx. "
                "Choose an empty or new directory with --data-dir.",
                ExitCode.NOT_WRITABLE,
            )

    def _make_folders(self) -> None:
        user = self.server_user
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(self.root, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        # Before anything else, so that a start that fails further on leaves a directory that is known to be ours.
        self.lock.touch(mode=0o600)
        probe = self.root / f".probe-{os.getpid()}"
        probe.write_bytes(b"LocalEx tries whether it can write here.\n" * 200)
        probe.unlink()
        for folder in (self.secrets, self.logs):
            folder.mkdir(mode=0o700, exist_ok=True)
        self._make_socket_root()
        for folder in (self.postgres_home, self.postgres_sockets, self.redis_socket.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
            user.own(folder)
        if user.is_other:
            # The server user must pass through, and still sees no list of what is here.
            for folder in {self.root, self.sockets}:
                os.chown(folder, -1, user.gid)
                folder.chmod(0o710)

    def _make_socket_root(self) -> None:
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        found = self.sockets.lstat()
        # In a folder that everybody may write, somebody else could have been there first.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o027:
            raise PermissionError(errno.EPERM, f"{self.sockets} belongs to somebody else or is open to others")

    def check_space(self, needed_bytes: int = NEEDED_FREE_BYTES) -> None:
        """Raise StartError when the disk has less than that, before any server finds out half-way."""
        place = self.root
        while not place.exists():
            place = place.parent
        free = shutil.disk_usage(place).free
        if free < needed_bytes:
            raise StartError(
                f"The disk that holds {self.root} has only {free // 1024**2} MB left and LocalEx wants "
                f"{needed_bytes // 1024**2} MB. Nothing was changed; free some space and start again.",
                ExitCode.DISK_FULL,
            )

    def read_state(self) -> dict[str, Any]:
        """What the last or running supervisor wrote down; empty when there is nothing readable."""
        try:
            found = json.loads(self.state.read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write_state(self, state: Mapping[str, Any]) -> None:
        """Replace what `read_state` returns, in one step."""
        replace_file(self.state, json.dumps(state, indent=1))


def replace_file(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write `text` so that a reader, also one after a crash, sees the old content or the new, never a part.

    Raises StartError when the disk is full.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise from_os_error(error, path.parent) from error


def sync_folder(folder: Path) -> None:
    """Make what was created, renamed or removed in `folder` survive a power cut. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class DirectoryLock:
    """Held by the one process that may start servers in a data directory; the kernel lets go when it dies.

    `name` is another file of the directory, for a lock that guards something else there.
    """

    def __init__(self, directory: DataDirectory, name: str = "") -> None:
        self._directory = directory
        self._path = directory.root / name if name else directory.lock
        self._descriptor = -1

    def try_acquire(self) -> bool:
        """Take the lock if nobody has it."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise from_os_error(error, self._directory.root) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def acquire(self) -> None:
        """Take the lock, or raise StartError that says who has it."""
        if self.try_acquire():
            return
        state = self._directory.read_state()
        where = f" at {state['url']}" if state.get("url") else ""
        process = f" (process {state['supervisor']['pid']})" if state.get("supervisor") else ""
        raise StartError(
            f"LocalEx already runs on {self._directory.root}{where}{process}. "
            "Stop it there with Ctrl-C, or choose another directory with --data-dir.",
            ExitCode.ALREADY_RUNNING,
        )

    def release(self) -> None:
        """Let the next one in."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
