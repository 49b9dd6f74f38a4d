"""docs/engineers/database.md says what the database really has, and everything public in it is explained."""

import os
import sys
from pathlib import Path

from localex.embedded import roles
from tests.servers import Servers

ROOT = Path(__file__).parents[2]
PAGES = {
    ROOT / "docs" / "engineers" / "database.md": "build_database",
    ROOT / "docs" / "engineers" / "ledger_in_force.sql": "build_in_force",
}
sys.path.insert(0, str(ROOT / "scripts"))

from database_reference import COLUMNS, FUNCTIONS, RELATIONS, build_database, build_in_force  # noqa: E402


def test_the_reference_of_the_database_is_current(servers: Servers) -> None:
    with servers.scratch_database() as name, servers.connect(roles.SUPER, name) as connection:
        texts = {"build_database": build_database(connection), "build_in_force": build_in_force(connection)}
    for page, build in PAGES.items():
        if os.environ.get("UPDATE_DOCS"):
            page.write_text(texts[build])
        assert page.read_text() == texts[build], f"out of date: UPDATE_DOCS=1 pytest {Path(__file__).relative_to(ROOT)}"


def test_every_function_that_may_be_called_and_every_view_and_column_is_explained(servers: Servers) -> None:
    with servers.scratch_database() as name, servers.connect(roles.SUPER, name) as connection:
        silent = [row[0] for row in connection.execute(FUNCTIONS) if row[5] and not row[6]]
        for oid, view, words in connection.execute(RELATIONS, [["v"]]).fetchall():
            silent += [] if words else [view]
            # The views of broken rows share their three columns, which docs/ledger.md explains.
            if not view.startswith("broken_"):
                silent += [f"{view}.{row[0]}" for row in connection.execute(COLUMNS, [oid]) if not row[3]]
    assert silent == [], silent
