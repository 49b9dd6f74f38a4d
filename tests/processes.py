"""Python in a process of its own, as people and the system start it."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run_python(
    *words: object,
    environment: Mapping[str, str] | None = None,
    typed: str = "",
    cwd: Path = ROOT,
    timeout_seconds: float | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Run this Python with `words` to its end and give back what it said, also when it failed.

    `environment` is the whole of it (None: this process's); `typed` is what it reads. Raises subprocess.TimeoutExpired.
    """
    return subprocess.run(
        [sys.executable, *map(str, words)],
        env=environment,
        input=typed,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_seconds,
    )
