"""docs/engineers/database.md says what the database really has, and everything public in it is explained."""

import os
import sys
from pathlib import Path

from localex.embedded import roles
from tests.servers import Servers

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "engineers" / "database.md"
sys.path.insert(0, str(ROOT / "scripts"))

from database_reference import COLUMNS, FUNCTIONS, RELATIONS, build_database, build_in_force  # noqa: E402


def test_the_reference_of_the_database_is_current(servers: Servers) -> None:
    with servers.scratch_database() as name, servers.connect(roles.SUPER, name) as connection:
        text = build_database(connection)
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(text)
    assert PAGE.read_text() == text, f"out of date: UPDATE_DOCS=1 pytest {Path(__file__).relative_to(ROOT)}"


def test_what_is_in_force_can_be_run_as_it_is_written(servers: Servers) -> None:
    with servers.scratch_database() as name, servers.connect(roles.SUPER, name) as connection:
        text = build_in_force(connection)
        connection.execute(text.encode())
        assert build_in_force(connection) == text
        functions = connection.execute("SELECT proname FROM pg_proc WHERE pronamespace = 'ledger'::regnamespace")
        missing = [name for (name,) in functions if f"FUNCTION ledger.{name}(" not in text]
    assert missing == []


def test_every_function_that_may_be_called_and_every_view_and_column_is_explained(servers: Servers) -> None:
    with servers.scratch_database() as name, servers.connect(roles.SUPER, name) as connection:
        silent = [row[0] for row in connection.execute(FUNCTIONS) if row[5] and not row[6]]
        for oid, view, words in connection.execute(RELATIONS, [["v"]]).fetchall():
            silent += [] if words else [view]
            # The views of broken rows share their three columns, which docs/ledger.md explains.
            if not view.startswith("broken_"):
                silent += [f"{view}.{row[0]}" for row in connection.execute(COLUMNS, [oid]) if not row[3]]
    assert silent == [], silent
