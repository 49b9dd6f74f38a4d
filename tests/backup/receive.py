"""`python -m tests.backup.receive`: the receiver as a process of its own, to be killed."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from localex.backup.keys import Keys
from localex.backup.receiver import INTERVAL_SECONDS, Receiver
from localex.backup.site import Site
from localex.backup.stores import FolderStore
from localex.embedded.errors import ExitCode, StartError
from localex.embedded.installation import Installation


def main(words: list[str] | None = None) -> int:
    """Receive and ship until SIGTERM or SIGINT. The exit code is that of `localex`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--interval", type=float, default=INTERVAL_SECONDS)
    options = parser.parse_args(words)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        installation = Installation.at(options.data_dir, {})
        site = Site.of(installation)
        keys = Keys.prepare(installation.directory.secrets)
        Receiver(site, FolderStore(options.store), keys, interval=options.interval, tell=_tell).run(stop)
    except StartError as error:
        _tell(error.message)
        return error.exit_code
    return ExitCode.OK


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
