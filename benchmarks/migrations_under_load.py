"""Whether a migration keeps anybody waiting: the release before serves a million rows while `localex migrate` runs.

The database is made by the code of the release before (tests/data/releases), then gets a million ledger entries and a
million trades. While this checkout migrates, one session after the other does what the release before does: postings,
holds, refunds, statements, reading and changing trades. The figure is the longest that any of these took.
"""

import os
import subprocess
import sys
import tarfile
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import psycopg
from ledger_rows import COMMUNITY, fill_past, open_accounts
from own_cluster import ROOT, OwnCluster, own_cluster
from running_town import say_figure

GOAL_SECONDS = 1.0
RELEASE = ROOT / "tests" / "data" / "releases" / "localex-0.1.0.tar.xz"
OWNER = "00000000-0000-4000-9000-000000000001"
# Copies of the one trade there is, with other ids and other unique values; keys to other tables stay.
MULTIPLY = """
INSERT INTO {table} ({columns}) SELECT {values} FROM (SELECT * FROM {table} LIMIT 1) one, generate_series(1, {rows})
"""
COLUMNS = """
SELECT a.attname, EXISTS (
    SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND a.attnum = ANY (i.indkey)
) AND a.atttypid = 'uuid'::regtype
FROM pg_attribute a WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
"""


class Load(threading.Thread):
    """One session that does the same thing again and again and remembers how long each took."""

    def __init__(self, name: str, url: str, statements: list[str]) -> None:
        super().__init__(name=name, daemon=True)
        self.ended = threading.Event()
        self.took: list[float] = []
        self.failed: list[str] = []
        self._url = url
        self._statements = statements

    def run(self) -> None:
        # Without prepared statements, as Django's connections are.
        with psycopg.connect(self._url, autocommit=True, prepare_threshold=None) as connection:
            while not self.ended.is_set():
                words = {"trade": uuid.uuid4(), "owner": OWNER, "community": COMMUNITY}
                for statement in self._statements:
                    started = time.perf_counter()
                    try:
                        connection.execute(statement.encode(), words)
                    except psycopg.Error as error:
                        self.failed.append(str(error).splitlines()[0])
                    self.took.append(time.perf_counter() - started)
                time.sleep(0.002)


LOADS = {
    "postings": [
        "SELECT ledger.grant_credits(uuidv7(), %(community)s, %(owner)s, 100, 'coordinator_grant', NULL)",
        "SELECT ledger.hold_credits(uuidv7(), %(community)s, %(trade)s, %(owner)s, 5, now() + interval '1 day', NULL)",
        "SELECT ledger.refund_hold(uuidv7(), %(trade)s, NULL)",
    ],
    "statements": [
        "SELECT e.*, j.kind FROM ledger.accounts a CROSS JOIN LATERAL (SELECT * FROM ledger.entries e "
        "WHERE e.account_id = a.account_id ORDER BY seq DESC LIMIT 50) e JOIN ledger.journals j USING (journal_id) "
        "WHERE a.community_id = %(community)s AND a.owner = %(owner)s",
        "SELECT * FROM ledger.holds WHERE community_id = %(community)s AND payer = %(owner)s AND state = 'held'",
    ],
    "trades": [
        "SELECT * FROM trading_trade ORDER BY id DESC LIMIT 20",
        "UPDATE trading_trade SET state = state WHERE id = (SELECT id FROM trading_trade ORDER BY id DESC LIMIT 1)",
    ],
}


def main() -> None:
    """Make the release's database, fill it, migrate under load, print."""
    rows = int(next((word for word in sys.argv[1:] if word.isdigit()), 1_000_000))
    with own_cluster(migrated=False) as cluster:
        release = cluster.folder / "release"
        with tarfile.open(RELEASE) as archive:
            archive.extractall(release, filter="data")
        run_release(cluster, release, "-m", "localex.cli", "migrate")
        run_release(cluster, release, str(ROOT / "tests" / "migrations" / "trade_of_0_1_0.py"))
        fill(cluster, rows)
        loads = [Load(name, cluster.url(), statements) for name, statements in LOADS.items()]
        for load in loads:
            load.start()
        time.sleep(3)
        before = [max(load.took) for load in loads]
        marks = [len(load.took) for load in loads]
        started = time.perf_counter()
        cluster.migrate()
        took = time.perf_counter() - started
        time.sleep(2)
        for load in loads:
            load.ended.set()
        for load in loads:
            load.join()
    report(loads, before, marks, took)


def run_release(cluster: OwnCluster, release: Path, *words: str) -> None:
    """Run a Python program with the code of the release before, on the benchmark's database."""
    variables = {name: value for name, value in cluster.installation.environment(as_owner=True).items() if value}
    home = cluster.folder / "home"
    (home / "static").mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        **variables,
        "REDIS_URL": "",
        "LOCALEX_SECRET_KEY": "a key for nothing but this benchmark, which ends soon",
        "LOCALEX_DATA_DIR": str(home),
        "LOCALEX_LOG_LEVEL": "ERROR",
        "PYTHONPATH": os.pathsep.join([str(release / "src"), str(release)]),
    }
    subprocess.run([sys.executable, "-P", *words], env=environment, cwd=release, check=True, stdout=subprocess.DEVNULL)


def fill(cluster: OwnCluster, rows: int) -> None:
    """A million entries and a million trades, as they would have come over the years."""
    started = time.perf_counter()
    with cluster.connect("localex_app") as app:
        open_accounts(app)
    with cluster.connect() as superuser:
        fill_past(superuser, entries=rows)
        columns = superuser.execute(COLUMNS, ["trading_trade"]).fetchall()
        names = ", ".join(f'"{name}"' for name, _ in columns)
        values = ", ".join("uuidv7()" if is_unique else f'one."{name}"' for name, is_unique in columns)
        superuser.execute("SET session_replication_role = replica")  # nobody looks foreign keys up
        superuser.execute(MULTIPLY.format(table="trading_trade", columns=names, values=values, rows=rows).encode())
        superuser.execute("VACUUM (ANALYZE) trading_trade")
    print(f"{rows:,} entries and {rows:,} trades after {time.perf_counter() - started:.0f} s", flush=True)


def report(loads: list[Load], before: list[float], marks: list[int], took: float) -> None:
    """The table for docs/performance.md, and the figure."""
    print(f"\nlocalex migrate took {took:.1f} s\n")
    print("| requests | how many | longest before, ms | longest while it ran, ms | failed |")
    print("| --- | --- | --- | --- | --- |")
    for load, calm, mark in zip(loads, before, marks, strict=True):
        during: list[Any] = load.took[mark:]
        print(
            f"| {load.name} | {len(during)} | {calm * 1000:.0f} | {max(during) * 1000:.0f} | {len(load.failed)} |",
            flush=True,
        )
    print()
    for words in sorted({words for load in loads for words in load.failed}):
        print(f"failed: {words}")
    longest = max(max(load.took[mark:]) for load, mark in zip(loads, marks, strict=True))
    say_figure("migrate-under-load-longest-wait", longest, "s", "<=", GOAL_SECONDS)
    say_figure("migrate-under-load-failed", sum(len(load.failed) for load in loads), "requests", "<=", 0)


if __name__ == "__main__":
    main()
