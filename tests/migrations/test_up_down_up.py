"""Every migration of every app, back and forth: rows stay, and the schema comes out the same.

The one exception is the ledger's first: while there are postings it is not taken back, because credits do not vanish by
a migration. Other apps' first migrations take their tables and rows away with them, so those are tried without rows.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from localex.embedded import roles
from tests.migrations.test_migrations import manage, own_migrations
from tests.processes import run_python
from tests.servers import Servers

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def walk(servers: Servers, database: str, word: str, role: str, home: Path) -> "subprocess.CompletedProcess[str]":
    """Run one of the walks of walking.py as `role`."""
    environment = {**os.environ, **servers.environment(database), "DATABASE_URL": servers.url(role, database)}
    environment |= {"LOCALEX_DATA_DIR": str(home), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return run_python("-m", "tests.migrations.walking", word, environment=environment)


def test_each_migration_keeps_the_rows(servers: Servers, database: str, tmp_path: Path) -> None:
    filled = walk(servers, database, "fill", roles.APP, tmp_path)
    assert filled.returncode == 0, filled.stderr
    walked = walk(servers, database, "step", roles.OWNER, tmp_path)
    assert walked.returncode == 0, walked.stdout + walked.stderr
    done = set(walked.stdout.splitlines())
    assert {f"{app}.{name}" for app, name in own_migrations() if not name.startswith("0001")} == done

    refused = manage(servers, database, "migrate", "credits", "zero")
    assert refused.returncode != 0
    assert "the ledger holds postings; it is not removed" in refused.stderr


def test_everything_down_and_up_is_the_same_schema(servers: Servers, database: str, tmp_path: Path) -> None:
    done = walk(servers, database, "zero", roles.OWNER, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
