"""How long every migration takes on an empty database, and whether they keep anybody waiting: `make bench-migrations`.

The second is migrations_under_load.py, which runs after this one (not with --empty). For the first, a new directory on
this machine's disk with its own PostgreSQL, which runs already; the time counts from the start of the migration,
with Django set up, to the recorded fingerprint of the schema.
"""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import migrations_under_load
from running_town import say_figure

from localex.embedded.installation import Installation
from localex.embedded.secret_files import SecretFiles

GOAL_SECONDS = 5.0
OUTSIDE = ("LOCALEX_", "DATABASE_", "REDIS_", "EMAIL_", "DJANGO_")


def migrate_empty(data_dir: Path) -> float:
    """Seconds of the first migration of a new installation."""
    from localex.cli.application import application
    from localex.cli.migration import migrate

    installation = Installation.at(data_dir, {})
    installation.directory.prepare()
    SecretFiles(installation.directory.secrets).prepare(is_first_start=True)
    installation.directory.lock.touch()  # marks a directory where LocalEx was started
    installation.cluster.initialise()
    with application(installation, as_owner=True):
        begun = time.perf_counter()
        count = migrate(
            lambda *_: None,
            app_url=installation.app_url,
            owner_url=installation.owner_url,
            data_dir=installation.directory.root,
        )
        seconds = time.perf_counter() - begun
    print(f"{count} migrations")
    return seconds


def main() -> None:
    """Measure once, and print the figure last."""
    for name in [name for name in os.environ if name.startswith(OUTSIDE)]:
        del os.environ[name]
    folder = Path(tempfile.mkdtemp(prefix="localex-bench-"))
    folder.chmod(0o755)  # for the database's unprivileged user, when this runs as root
    try:
        seconds = migrate_empty(folder / "data")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    say_figure("migrate-empty", seconds, "s", "<=", GOAL_SECONDS)
    if "--empty" not in sys.argv:
        migrations_under_load.main()


if __name__ == "__main__":
    main()
