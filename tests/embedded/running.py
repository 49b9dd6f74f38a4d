"""A supervisor in a process of its own, and what tests want to know about it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from localex.embedded.processes import ProcessRecord, group_members, wait_until

# Generous: the machine may be busy; nothing here measures speed.
PATIENCE_SECONDS = 240
ROOT = Path(__file__).parents[2]
FROM_OUTSIDE = ("LOCALEX_", "DATABASE_", "REDIS_", "EMAIL_", "DJANGO_")


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment(**variables: str) -> dict[str, str]:
    """This process's environment without the addresses of the test run's own servers."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(FROM_OUTSIDE)}
    return {**own, **variables}


class Up:
    """One `up` on `data_dir`; by default with the small site, which needs no schema."""

    def __init__(
        self, data_dir: Path, *, port: int | None = None, prefix: tuple[str, ...] = (), **variables: str
    ) -> None:
        self.data_dir = data_dir
        self.port = port or free_port()
        self.process = subprocess.Popen(
            # Whoever runs the tests under nohup makes every child deaf to SIGHUP, which is what some of them try.
            [
                *("env", "--default-signal=HUP", *prefix),
                *(sys.executable, "-m", "tests.embedded.small_up", str(data_dir), str(self.port)),
            ],
            cwd=ROOT,
            env=clean_environment(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.words = ""

    def get(self, path: str = "/") -> str:
        """The body of a page."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE_SECONDS) as answer:
            return str(answer.read().decode())

    def answers(self) -> bool:
        """Whether the site answers now."""
        with contextlib.suppress(OSError):
            return bool(self.get())
        return False

    def is_up(self) -> bool:
        """Whether all four parts run and the site answers."""
        return len(self.parts) == 4 and self.answers()

    @property
    def state(self) -> dict[str, Any]:
        """What the supervisor has written down."""
        try:
            return dict(json.loads((self.data_dir / "state.json").read_text()))
        except (OSError, ValueError):
            return {}

    @property
    def parts(self) -> dict[str, ProcessRecord]:
        """The processes that this supervisor (not one before it) says it has."""
        state = self.state
        if (state.get("supervisor") or {}).get("pid") != self.process.pid:
            return {}
        return {name: ProcessRecord(**entry) for name, entry in state["parts"].items()}

    def await_all(self) -> "Up":
        """Wait until every part runs and the site answers."""
        wait_until(lambda: self.is_up() or self.process.poll() is not None, seconds=PATIENCE_SECONDS)
        if not self.is_up():
            self.process.kill()
            raise AssertionError(self.output())
        return self

    def output(self) -> str:
        """Everything that was printed; waits for the end."""
        self.words += self.process.communicate(timeout=PATIENCE_SECONDS)[0] or ""
        return self.words

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        self.output()
        return self.process.returncode

    def wait_for(self, line: str) -> bool:
        """Read what is printed until `line` comes; False when the end comes first, or nothing for very long."""
        assert self.process.stdout is not None
        patience = threading.Timer(PATIENCE_SECONDS, self.process.kill)
        patience.start()
        try:
            for read in self.process.stdout:
                self.words += read
                if line in read:
                    return True
        finally:
            patience.cancel()
        return False

    def everything(self) -> Callable[[], list[int]]:
        """A function that lists which of the present processes still live, later on."""
        records = list(self.parts.values())
        marker = f"LOCALEX_SUPERVISION={self.state['marker']}"

        def living() -> list[int]:
            leaders = [record.pid for record in records if record.is_alive]
            return [*leaders, *(pid for record in records for pid in group_members(record, marker))]

        assert living(), "the servers should be running"
        return living


@contextlib.contextmanager
def running(data_dir: Path, *, port: int | None = None, **variables: str) -> Iterator[Up]:
    """An `up` that is fully there, and is stopped at the end."""
    up = Up(data_dir, port=port, **variables)
    try:
        yield up.await_all()
    finally:
        end(up)


def end(up: Up) -> None:
    """Stop an `up` in whatever state it is."""
    if up.process.poll() is None:
        up.process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired, ValueError):
        up.process.communicate(timeout=PATIENCE_SECONDS)
    up.process.kill()


def gone(living: Callable[[], list[int]]) -> bool:
    """Whether all of them end in time."""
    return wait_until(lambda: not living(), seconds=PATIENCE_SECONDS)
