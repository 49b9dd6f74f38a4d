"""Lets squawk read the SQL of every migration, as `localex migrate` would run it.

A statement that keeps requests out, or that the release before cannot live with, is found before it is committed.
Django asks a server while it makes SQL, so an empty one runs for the two seconds that this takes.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.servers import TEST_SETTINGS, temporary_folder  # noqa: E402

from localex.embedded import roles  # noqa: E402
from localex.embedded.cluster import Cluster  # noqa: E402
from localex.embedded.directory import DataDirectory  # noqa: E402
from localex.embedded.logs import LogFile  # noqa: E402
from localex.embedded.secret_files import SecretFiles  # noqa: E402


def main() -> int:
    """Write each migration's SQL to a file and return squawk's verdict."""
    with empty_server() as folder:
        import django

        django.setup()
        files = write_sql(folder)
        squawk = Path(sys.executable).parent / "squawk"
        command = [str(squawk), "--reporter", "gcc", "--config", str(ROOT / ".squawk.toml"), *files]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    print((done.stdout + done.stderr).replace(f"{folder}/", "").strip() or f"{len(files)} migrations, nothing found")
    return done.returncode


@contextlib.contextmanager
def empty_server() -> Iterator[Path]:
    """Let Django's settings of this process name an empty database; the folder where it lies."""
    folder = temporary_folder("localex-lint-")
    directory = DataDirectory(folder)
    directory.prepare()
    SecretFiles(directory.secrets).prepare(is_first_start=True)
    cluster = Cluster.of(directory, TEST_SETTINGS)
    try:
        cluster.initialise()
        cluster.start(LogFile(directory.logs / "postgres.log"))
        cluster.create_roles()
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "localex.config.settings",
            "DATABASE_URL": cluster.url(roles.OWNER),
            "DATABASE_OWNER_URL": cluster.url(roles.OWNER),
            "LOCALEX_DATA_DIR": str(folder),
        }
        yield folder
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def write_sql(folder: Path) -> list[str]:
    """A file for each of our migrations, in the order in which they run; the paths."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from localex.cli.migration import limits_sql

    executor = MigrationExecutor(connection)
    state = executor.loader.project_state([])
    files = []
    for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes()):
        with connection.schema_editor(collect_sql=True, atomic=False) as editor:
            state = migration.apply(state, editor, collect_sql=True)
        if (ROOT / "src" / "localex" / migration.app_label).is_dir():
            body = "\n".join(map(str, editor.collected_sql))
            if migration.atomic:
                body = f"BEGIN;\n{body}\nCOMMIT;"
            files.append(folder / f"{migration.app_label}-{migration.name}.sql")
            files[-1].write_text(f"{limits_sql(600)}\n{body}\n")
    return [str(file) for file in files]


if __name__ == "__main__":
    sys.exit(main())
