"""`localex demo` never fills an installation where real people are."""

import os
from pathlib import Path

import pytest

from localex.embedded import roles
from localex.embedded.errors import ExitCode, StartError
from localex.embedded.installation import Installation
from localex.embedded.schema_state import database_identity
from tests.cli.conftest import Run
from tests.servers import Servers


def move_in(servers: Servers, database: str) -> None:
    """Let somebody live in the database."""
    with servers.connect(roles.OWNER, database) as owner:
        columns = owner.execute(
            "SELECT column_name, data_type FROM information_schema.columns "
            "WHERE table_name = 'members_user' AND is_nullable = 'NO' AND column_default IS NULL"
        ).fetchall()
        values = {"uuid": "gen_random_uuid()", "boolean": "true", "timestamp with time zone": "now()"}
        names = ", ".join(name for name, _ in columns)
        words = ", ".join(values.get(kind, "'x'") for _, kind in columns)
        owner.execute(f"INSERT INTO members_user ({names}) VALUES ({words})".encode())


def test_the_town_is_refused_where_people_live(localex: Run, database: str, servers: Servers, tmp_path: Path) -> None:
    move_in(servers, database)
    done = localex(database, "fill-demo", LOCALEX_DATA_DIR=str(tmp_path), LOCALEX_DEMO="true")
    assert done.returncode == ExitCode.NOT_A_DEMO, done.stderr
    assert "Real people use the installation" in done.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(("state", "expected"), [("filling", False), ("filled", True)])
def test_a_town_is_filled_once(servers: Servers, tmp_path: Path, state: str, expected: bool) -> None:
    from localex.cli.demo_town import is_filled

    with servers.scratch_database() as name, servers.scratch_database() as other:
        with servers.connect(roles.APP, name) as app:
            (tmp_path / "demo-town").write_text(f"{database_identity(app)} {state}")
        here = Installation.at(tmp_path, {**os.environ, **servers.environment(name)})
        elsewhere = Installation.at(tmp_path, {**os.environ, **servers.environment(other)})
        assert is_filled(here) is expected
        assert not is_filled(elsewhere)


def test_the_town_is_refused_to_up(servers: Servers, tmp_path: Path) -> None:
    from localex.cli.demo_town import check_no_town

    with servers.scratch_database() as name, servers.scratch_database() as other:
        here = Installation.at(tmp_path, {**os.environ, **servers.environment(name)})
        check_no_town(here)
        with servers.connect(roles.APP, name) as app:
            (tmp_path / "demo-town").write_text(f"{database_identity(app)} filling")
        with pytest.raises(StartError) as refusal:
            check_no_town(here)
        check_no_town(Installation.at(tmp_path, {**os.environ, **servers.environment(other)}))
    assert refusal.value.exit_code == ExitCode.IS_A_DEMO
    assert "`localex demo`" in refusal.value.message
    assert "--data-dir" in refusal.value.message


def test_up_puts_the_true_clock_back(servers: Servers, tmp_path: Path) -> None:
    from localex.cli.demo_town import put_clock_right
    from localex.credits.rehearsal import SHIFTED

    with servers.scratch_database() as name:
        installation = Installation.at(tmp_path, {**os.environ, **servers.environment(name)})
        with servers.connect(roles.OWNER, name) as owner:
            owner.execute(SHIFTED)  # where a killed filling stops
            put_clock_right(installation)
            owner.execute("SET localex.clock_shift = '-40 days'")
            query = "SELECT ledger.clock() > clock_timestamp() - interval '1 day'"
            assert owner.execute(query).fetchone() == (True,)
        without_owner = {**servers.environment(name), "DATABASE_OWNER_URL": "postgresql://nobody@127.0.0.1:9/none"}
        put_clock_right(Installation.at(tmp_path, {**os.environ, **without_owner}))  # nothing to do: nobody is asked
