"""The release before, on the schema of this one: it serves while an upgrade goes on, and after one is taken back.

Its code is kept in tests/data/releases and runs in a process of its own. A migration that takes away or renames what
the older code uses, or demands what it does not give, fails here; the last tests show that they would be found.
"""

import subprocess
from pathlib import Path

import pytest

from localex.embedded import roles
from tests.migrations.release import SCRIPT, run_release, unpack
from tests.servers import Servers

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked code of the release before."""
    return unpack(tmp_path_factory.mktemp("release"))


def trade_with(release: Path, servers: Servers, database: str, home: Path) -> "subprocess.CompletedProcess[str]":
    """Let the older code trade in `database`; `home` is its data directory."""
    (home / "static").mkdir()
    environment = {**servers.environment(database), "LOCALEX_DATA_DIR": str(home)}
    return run_release(release, SCRIPT, environment=environment)


def test_it_trades_and_its_checks_hold(release: Path, servers: Servers, database: str, tmp_path: Path) -> None:
    done = trade_with(release, servers, database, tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-1] == "done"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            "ALTER TABLE listings_listing RENAME COLUMN title TO heading",
            'column "title" of relation "listings_listing"',
        ),
        ("ALTER TABLE trading_trade ADD COLUMN courier uuid NOT NULL", 'null value in column "courier"'),
        (
            "DROP FUNCTION ledger.hold_credits(uuid, uuid, uuid, uuid, bigint, timestamptz, uuid)",
            "function ledger.hold_credits(",
        ),
        ("DROP VIEW ledger.totals CASCADE", 'relation "ledger.totals" does not exist'),
    ],
    ids=["renames a column", "demands a column", "drops a function", "drops a view"],
)
def test_a_migration_that_breaks_it_is_found(
    change: str, words: str, release: Path, servers: Servers, database: str, tmp_path: Path
) -> None:
    with servers.connect(roles.SUPER, database) as connection:
        connection.execute(change.encode())
    done = trade_with(release, servers, database, tmp_path)
    assert done.returncode != 0
    assert words in done.stderr
