"""Writes src/localex/credits/catalogue.txt: how the migrations of this checkout build the ledger.

`python scripts/write_catalogue.py` starts a database of its own, migrates it and writes the file; look at the diff. A
test compares the two, and the checker compares every installation with the file.
"""

import sys

from database_reference import migrated_database

from localex.credits.catalogue import EXPECTED, LINES


def main() -> int:
    """Write the file."""
    with migrated_database() as connection:
        connection.execute("SET search_path = pg_catalog")
        lines = sorted(row[0] for row in connection.execute(LINES.encode()))
    EXPECTED.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} lines written to {EXPECTED.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
