"""The migrations as a whole: from an empty database in one go, in step with the models, and safe SQL."""

import os
import subprocess
from pathlib import Path

from localex.embedded import roles
from tests.processes import run_python
from tests.servers import Servers

ROOT = Path(__file__).parents[2]


def manage(servers: Servers, database: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run one of Django's own commands as the owner of `database`."""
    environment = {**os.environ, **servers.environment(database), "DATABASE_URL": servers.url(roles.OWNER, database)}
    return run_python("-m", "django", *words, environment=environment)


def own_migrations() -> list[tuple[str, str]]:
    """App and name of every migration in the repository."""
    files = (ROOT / "src" / "localex").glob("*/migrations/[0-9]*.py")
    return sorted((file.parent.parent.name, file.stem) for file in files)


def test_no_migration_is_missing(servers: Servers) -> None:
    done = manage(servers, servers.database, "makemigrations", "--check", "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr


def test_from_an_empty_database_in_one_go(servers: Servers, empty_database: str) -> None:
    done = manage(servers, empty_database, "migrate", "--verbosity", "0")
    assert done.returncode == 0, done.stderr
    with servers.connect(roles.OWNER, empty_database) as owner:
        ran = set(owner.execute("SELECT app, name FROM django_migrations").fetchall())
    assert set(own_migrations()) <= ran


def test_the_sql_of_every_migration_passes_squawk() -> None:
    done = run_python(ROOT / "scripts" / "check_migrations.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(own_migrations())} migrations, nothing found" in done.stdout
