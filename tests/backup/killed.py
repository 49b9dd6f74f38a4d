"""Runs a backup or a restore in a process that kills itself with SIGKILL at the Nth thing it does to the file system.

`python -m tests.backup.killed N backup DATA_DIR STORE` or `... N restore STORE KEY INTO`. With N = 0 it is not killed.
Prints how many things there were.
"""

import os
import signal
import sys
from pathlib import Path

from localex.backup import engine
from localex.backup.keys import Keys
from localex.backup.site import Site
from localex.backup.stores import FolderStore
from localex.embedded.installation import Installation

# What Python tells an audit hook about; reading is among `open`, which does no harm.
EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.chown", "subprocess.Popen"}


def main() -> None:
    kill_at, what, *words = sys.argv[1:]
    count = 0

    def hook(event: str, _arguments: object) -> None:
        nonlocal count
        if event in EVENTS:
            count += 1
            if count == int(kill_at):
                os.kill(os.getpid(), signal.SIGKILL)

    if what == "backup":
        installation = Installation.at(Path(words[0]), {})
        keys = Keys.prepare(installation.directory.secrets)
        site = Site.of(installation)
        sys.addaudithook(hook)
        engine.make_backup(site, FolderStore(Path(words[1])), keys)
    else:
        sys.addaudithook(hook)
        engine.restore(FolderStore(Path(words[0])), Keys.read(Path(words[1])), into=Path(words[2]))
    sys.stdout.write(f"{count}\n")


if __name__ == "__main__":
    main()
