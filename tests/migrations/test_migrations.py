"""The migrations as a whole: from an empty database in one go, in step with the models, and safe SQL."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localex.cli.migration import TABLE_LOCK_WAIT
from localex.embedded import roles
from tests.servers import Servers

ROOT = Path(__file__).parents[2]
SQUAWK = Path(sys.executable).parent / "squawk"


@pytest.fixture
def empty_database(servers: Servers) -> Iterator[str]:
    with servers.scratch_database(migrated=False) as name:
        yield name


def manage(servers: Servers, database: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run one of Django's own commands as the owner of `database`."""
    environment = {**os.environ, **servers.environment(database), "DATABASE_URL": servers.url(roles.OWNER, database)}
    return subprocess.run(
        [sys.executable, "-m", "django", *words], env=environment, capture_output=True, text=True, check=False
    )


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


# What `localex migrate` sets before it runs anything.
LIMITS = f"SET statement_timeout = 0; SET lock_timeout = '{TABLE_LOCK_WAIT}';"
# In one process, because each start of Django takes longer than the SQL of a migration.
SQL_OF_ALL = """
import sys
from pathlib import Path
import django
django.setup()
from django.core.management import call_command
for line in sys.argv[3:]:
    app, name = line.split(":")
    with Path(sys.argv[1], f"{app}-{name}.sql").open("w") as file:
        print(sys.argv[2], file=file)
        call_command("sqlmigrate", app, name, stdout=file)
"""


def test_the_sql_of_every_migration_passes_squawk(servers: Servers, empty_database: str, tmp_path: Path) -> None:
    names = own_migrations()
    written = subprocess.run(
        [sys.executable, "-c", SQL_OF_ALL, str(tmp_path), LIMITS, *(f"{app}:{name}" for app, name in names)],
        env={
            **os.environ,
            **servers.environment(empty_database),
            "DATABASE_URL": servers.url(roles.OWNER, empty_database),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert written.returncode == 0, written.stderr
    files = sorted(tmp_path.glob("*.sql"))
    assert len(files) == len(names) > 8
    done = subprocess.run(
        [str(SQUAWK), "--reporter", "gcc", "--config", str(ROOT / ".squawk.toml"), *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
