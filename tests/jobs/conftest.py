"""Worker processes for the tests of this folder."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Workers:
    """Starts worker processes and ends them by their ids."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, *, lease_s: float = 30, **environment: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.jobs.run_worker", "--queue", "samples", "--lease-s", str(lease_s)],
            cwd=ROOT,
            env={**os.environ, **self._environment, **environment},
        )
        self.processes.append(process)
        return process

    def stop(self) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            process.wait()


@pytest.fixture
def outbox(committed_db: None) -> Iterator[None]:
    """A committed database whose outbox is empty before and after."""
    from localex.jobs.models import EffectDone, Job, Schedule

    def clear() -> None:
        for model in (Job, EffectDone, Schedule):
            model.objects.all().delete()

    clear()
    yield
    clear()


@pytest.fixture
def workers(outbox: None, servers: Any) -> Iterator[Workers]:
    """Worker processes on this test's database; ended after it."""
    found = Workers(servers.environment())
    yield found
    found.stop()


def wait_until(condition: Callable[[], bool], *, within_s: float = 20, what: str = "") -> None:
    """Look again until it is so; AssertionError after `within_s` seconds."""
    ends_at = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < ends_at, f"not within {within_s} s: {what}"
        time.sleep(0.05)
