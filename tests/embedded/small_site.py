"""A web application of a few lines, so that the supervisor is tested without the real one."""

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """`/slow` notes that it was reached and takes a second; everything else answers with the process id."""
    if environ["PATH_INFO"] == "/slow":
        Path(os.environ["LOCALEX_DATA_DIR"], "slow-was-reached").touch()
        time.sleep(1)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]


def broken(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """A new version that is alive and not ready."""
    start_response("200 OK" if environ["PATH_INFO"] == "/livez" else "503 Not ready", [])
    return [b""]
