"""`localex upgrade` of a small application: `python -m tests.embedded.small_upgrade DATA_DIR`.

Its migrations are three tables, each made in a transaction of its own; its check is a sum. SMALL_FAILS names the step
that fails: `migration`, `page` or `check`.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

from localex.cli.output import errors
from localex.cli.upgrade import Upgrade, run_upgrade
from localex.embedded import roles
from localex.embedded.database_copy import Note
from localex.embedded.errors import ExitCode, StartError
from localex.embedded.installation import Installation

STEPS = (1, 2, 3)
ROWS, TOTAL = 2000, 2_001_000


class SmallUpgrade(Upgrade):
    """The same steps with another application."""

    def _examine(self) -> str:
        return "0.1.0"

    def _is_schema_current(self) -> bool:
        with self.installation.cluster.connect(roles.OWNER) as owner:
            row = owner.execute("SELECT to_regclass('step_3') IS NOT NULL").fetchone()
        return bool(row and row[0])

    def _make_backup(self) -> str:
        time.sleep(0.1)
        return "small"

    def _are_static_files_current(self) -> bool:
        return True

    def _migrate(self) -> None:
        fails = os.environ.get("SMALL_FAILS") == "migration"
        with self.installation.cluster.connect(roles.OWNER) as owner:
            for number in STEPS:
                if fails and number == 3:
                    raise StartError("the third table cannot be made", ExitCode.MIGRATION_FAILED)
                with owner.transaction():
                    # Changes what is there, so that going back half-way would be seen.
                    owner.execute(f"CREATE TABLE IF NOT EXISTS step_{number} (done int)".encode())
                    row = owner.execute(f"SELECT count(*) FROM step_{number}".encode()).fetchone()
                    if row == (0,):
                        owner.execute(f"INSERT INTO step_{number} VALUES (1)".encode())
                        owner.execute("UPDATE kept SET amount = amount + 1000 WHERE id <= 1000")
                        owner.execute("UPDATE kept SET amount = amount - 1000 WHERE id > 1000")
                time.sleep(0.1)

    def _check(self) -> None:
        with self.installation.cluster.connect(roles.OWNER) as owner:
            row = owner.execute("SELECT count(*), sum(amount) FROM kept").fetchone()
        if row != (ROWS, TOTAL) or os.environ.get("SMALL_FAILS") == "check":
            raise StartError(f"the sum is wrong: {row}", ExitCode.FAILED)

    def _site(self) -> dict[str, Any]:
        fails = os.environ.get("SMALL_FAILS") == "page"
        return {"application": f"tests.embedded.small_site:{'broken' if fails else 'application'}"}

    def _web_variables(self) -> dict[str, str | None]:
        return {**super()._web_variables(), "PYTHONPATH": str(Path(__file__).parents[2])}

    def _record(self, note: Note) -> None:
        """The small application has no such table."""


def main() -> None:
    installation = Installation.at(Path(sys.argv[1]), dict(os.environ))
    with errors():
        run_upgrade(installation, steps=SmallUpgrade)


if __name__ == "__main__":
    main()
