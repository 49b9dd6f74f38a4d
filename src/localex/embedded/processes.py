"""Child processes: started through the trampoline, known by pid and start time, stopped by group."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from localex.embedded.logs import LogFile
from localex.embedded.users import ServerUser, launcher

POLL_SECONDS = 0.01
PROC = Path("/proc")


def start_time(pid: int) -> str:
    """When process `pid` started, as an opaque text, or "" when there is no such process (a zombie counts as none).

    A pid is used again after a while; pid and start time together are not.
    """
    if PROC.joinpath("self").exists():
        fields = _stat_fields(pid)
        return "" if not fields or fields[0] == "Z" else fields[19]
    found = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return "" if found.startswith("Z") else found.partition(" ")[2].strip()


def _stat_fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third (state) on; the second may itself hold spaces and brackets."""
    try:
        text = PROC.joinpath(str(pid), "stat").read_text(errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


@dataclass(frozen=True)
class ProcessRecord:
    """What is written down about a started process, so that a later run can find it and only it."""

    pid: int
    started: str

    @property
    def is_alive(self) -> bool:
        """Whether this very process, not another with its number, still runs."""
        return bool(self.started) and start_time(self.pid) == self.started


def group_members(record: ProcessRecord, marker: str) -> Iterator[int]:
    """Living processes of the group that `record` led and that carry `marker` in their environment.

    The marker keeps us from a group that got the same number after ours had ended.
    """
    if not PROC.joinpath("self").exists():
        return
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        fields = _stat_fields(int(entry.name))
        if not fields or fields[0] == "Z" or fields[2] != str(record.pid):
            continue
        with contextlib.suppress(OSError):
            if marker.encode() in entry.joinpath("environ").read_bytes():
                yield int(entry.name)


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to one process; one that is gone already is fine."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Wait until `condition` holds, at most `seconds`; returns whether it does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


@dataclass(frozen=True)
class Command:
    """How to start one server. `env` is added to the supervisor's own environment, a None takes a name out."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str | None] = field(default_factory=dict)
    user: ServerUser = field(default_factory=ServerUser)
    # PostgreSQL's "fast" shutdown is SIGINT; SIGTERM would wait for every client to leave.
    stop_signal: signal.Signals = signal.SIGTERM
    directory: Path | None = None


def safe_path(folders: Iterable[str]) -> str:
    """A PYTHONPATH of those `folders` that do not depend on where a process was started; "" when none is left."""
    return os.pathsep.join(folder for folder in folders if Path(folder).is_absolute())


def merged_environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    """Our own environment with `changes`; a None takes a name out. Children import nothing from the current folder."""
    # Somebody may have put a `redis.py` where an operator, perhaps root, types `localex up`.
    merged = {**os.environ, **changes, "PYTHONSAFEPATH": "1"}
    merged["PYTHONPATH"] = safe_path((merged.get("PYTHONPATH") or "").split(os.pathsep)) or None
    return {name: value for name, value in merged.items() if value is not None}


class Child:
    """One running server: the leader of its own process group, its words going to a log file."""

    def __init__(self, command: Command, log: LogFile | None, *, is_loud: bool = False) -> None:
        """Start `command`. Its words go to `log`; without one to nowhere, or where ours go when `is_loud`."""
        self.command = command
        silent = None if is_loud else subprocess.DEVNULL
        self._process = subprocess.Popen(
            [*launcher(command.user, command.stop_signal), *command.argv],
            env=merged_environment(command.env),
            cwd=command.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if log else silent,
            stderr=subprocess.STDOUT if log else silent,
            # Ctrl-C in a terminal goes to the foreground group: only the supervisor may hear it.
            process_group=0,
        )
        if log and self._process.stdout:
            log.follow(self._process.stdout)
        self.record = ProcessRecord(self._process.pid, start_time(self._process.pid))

    @property
    def pid(self) -> int:
        """The number of the process, which is also that of its group."""
        return self._process.pid

    def poll(self) -> int | None:
        """The exit status, negative for a signal, or None while it runs."""
        return self._process.poll()

    def request_stop(self) -> None:
        """Ask the server to stop in its own orderly way."""
        if self.poll() is None:
            send(self.pid, self.command.stop_signal)

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds` for the end; returns whether it came."""
        try:
            self._process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self, seconds: float) -> bool:
        """Ask, wait at most `seconds`, then kill the whole group. Returns whether asking was enough."""
        self.request_stop()
        is_orderly = self.wait(seconds)
        self.kill_group()
        return is_orderly

    def kill_group(self) -> None:
        """End whatever is left of the group, also workers that outlived their leader."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
