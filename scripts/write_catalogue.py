"""Writes src/localex/credits/catalogue.txt: how the migrations of this checkout build the ledger.

`python scripts/write_catalogue.py` starts a database of its own, migrates it and writes the file; look at the diff. A
test compares the two, and the checker compares every installation with the file.
"""

import sys
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.servers import TEMPLATE, RunningServers, Servers

from localex.credits.catalogue import EXPECTED, LINES
from localex.embedded import roles


def main() -> int:
    """Write the file."""
    running = RunningServers()
    try:
        running.start()
        address = Servers(running.root, "template").url(roles.SUPER, TEMPLATE)
        with psycopg.connect(address) as connection:
            connection.execute("SET search_path = pg_catalog")
            lines = sorted(row[0] for row in connection.execute(LINES.encode()))
    finally:
        running.stop()
    EXPECTED.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} lines written to {EXPECTED.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
