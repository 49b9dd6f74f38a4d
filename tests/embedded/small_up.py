"""`localex up` with the small site and the small worker: `python -m tests.embedded.small_up DATA_DIR PORT`."""

import os
import sys
from dataclasses import replace
from pathlib import Path

from localex.cli.output import errors, say
from localex.cli.up import Start, run_up
from localex.embedded.installation import Installation
from localex.embedded.parts import backup_part, web_part, worker_part


class SmallStart(Start):
    """The same steps, without a schema and with another application."""

    def run(self) -> None:
        self._make_secrets()
        self._start_servers()
        # The parts look for nothing in the current folder, where the tests lie.
        own = {"PYTHONPATH": str(Path(__file__).parents[2])}
        env = {**self.installation.environment(), **self._web_variables(), **own}
        directory = self.installation.directory
        site = "tests.embedded.small_site:application"
        web = web_part(directory, host=self.host, port=self.port, env=env, application=site)
        self.supervisor.start(web)
        self.supervisor.start(worker_part(directory, env=env, module="tests.embedded.small_worker"))
        if os.environ.get("SMALL_BACKUP_FAILS"):
            backup = backup_part(directory, env=env, tell=say)
            words = "print('WARNING this backup never works', flush=True); raise SystemExit(3)"
            command = replace(backup.command, argv=(sys.executable, "-c", words))
            self.supervisor.start(replace(backup, command=command))
        self._announce()


def main() -> None:
    installation = Installation.at(Path(sys.argv[1]), dict(os.environ))
    with errors():
        run_up(installation, host="127.0.0.1", port=int(sys.argv[2]), is_demo=False, steps=SmallStart)


if __name__ == "__main__":
    main()
