"""Whether reading the ledger costs the same at 10,000 and at 10 million entries: `make bench-ledger-size`.

Twenty members, so that each has hundreds of entries in the small ledger and half a million in the large one; the large
one a second time, cut into partitions by month. What is timed is what the application runs, and only its time in the
database: `queries.find_balance`, `ledger.balance_at` at random moments of the year, and the newest 50 lines of
`queries.list_statement`. The rows are copied straight into the tables (ledger_rows.py); `--check` also seals the large
ledgers and times the checker over them (ledger_checks.py).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ledger_checks import report_checks, time_checks
from ledger_rows import BY_MONTH, COMMUNITY, MEMBERS, fill_past, open_accounts
from own_cluster import OwnCluster, own_cluster
from running_town import say_figure

QUESTIONS = 400
CHECKED_AT_ONCE = 1_000_000
CHECKED = ("broken_i1", "broken_i2", "broken_i3", "broken_i4", "broken_i5")
KINDS = {"balance": "balance", "as_of": "balance as of a moment", "statement": "newest 50 lines"}


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--entries", type=int, default=10_000_000, help="of the large ledger")
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--check", action="store_true", help="time the checker over the large ledgers")
    parser.add_argument("--ask", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.ask:
        print(json.dumps(ask(is_checked=given.check)))
        return
    with own_cluster() as cluster:
        with cluster.connect() as superuser:
            # Nothing here has to survive; only reading is measured.
            for name, value in (("fsync", "off"), ("synchronous_commit", "off"), ("max_wal_size", "8GB")):
                superuser.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
            superuser.execute("SELECT pg_reload_conf()")
        small = measure(cluster, given.small)
        large = measure(cluster, given.entries, is_checked=given.check)
        by_month = measure(cluster, given.entries, is_checked=given.check, is_by_month=True)
        # The better one of both counts: what is asked first meets a cold machine, which would flatter the others.
        again = measure(cluster, given.small)
    report({name: min(small[name], again[name]) for name in KINDS}, large, by_month)


def measure(
    cluster: OwnCluster, entries: int, *, is_checked: bool = False, is_by_month: bool = False
) -> dict[str, float]:
    """The median milliseconds of each question, in a copy of the empty ledger filled for this and dropped again."""
    name = "scratch"
    with cluster.connect(database="postgres") as superuser:
        superuser.execute(f"CREATE DATABASE {name} TEMPLATE localex OWNER localex_owner".encode())
    try:
        started = time.perf_counter()
        with cluster.connect(database=name) as superuser:
            if is_by_month:
                superuser.execute(BY_MONTH)
            with cluster.connect("localex_app", name) as app:
                open_accounts(app)
            fill_past(superuser, entries=entries)
            if entries <= CHECKED_AT_ONCE:
                check(superuser)
            size = superuser.execute("SELECT pg_size_pretty(pg_database_size(current_database()))").fetchone()
        took = time.perf_counter() - started
        form = ", cut by month" if is_by_month else ""
        print(f"{entries:,} entries{form}: {size[0] if size else '?'}, filled in {took:.0f} s", flush=True)
        answers, checks = ask_in_process(cluster, name, is_checked=is_checked)
        if checks:
            report_checks(checks, entries, form)
        return answers
    finally:
        with cluster.connect(database="postgres") as superuser:
            superuser.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def check(superuser: Any) -> None:
    """SystemExit when the made-up past breaks an invariant, for then it is no ledger."""
    for view in CHECKED:
        row = superuser.execute(f"SELECT count(*) FROM ledger.{view}".encode()).fetchone()
        if row[0]:
            raise SystemExit(f"the generated rows break {view}: {row[0]} rows")


def ask_in_process(
    cluster: OwnCluster, database: str, *, is_checked: bool
) -> tuple[dict[str, float], dict[str, float]]:
    """Run `ask` with Django connected to `database`."""
    environment = {**os.environ, "DATABASE_URL": cluster.url(database=database), "REDIS_URL": ""}
    environment |= {"LOCALEX_DATA_DIR": str(cluster.installation.directory.root), "LOCALEX_LOG_LEVEL": "ERROR"}
    done = subprocess.run(
        [sys.executable, str(Path(__file__)), "--ask", *(["--check"] if is_checked else [])],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stderr)
    answers, checks = json.loads(done.stdout.splitlines()[-1])
    return answers, checks


def ask(*, is_checked: bool) -> tuple[dict[str, float], dict[str, float]]:
    """The median milliseconds in the database of each question, after some to warm up; then the checker's seconds."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "localex.config.settings"
    import django

    django.setup()
    import random
    import uuid

    from django.db import connection

    from localex.credits import queries

    dice = random.Random(7)
    community = uuid.UUID(COMMUNITY)
    spent: list[float] = []

    def timed(execute: Any, sql: Any, parameters: Any, many: Any, context: Any) -> Any:
        started = time.perf_counter()
        answer = execute(sql, parameters, many, context)
        spent.append((time.perf_counter() - started) * 1000)
        return answer

    def as_of(owner: uuid.UUID) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT ledger.balance_at((SELECT account_id FROM ledger.accounts "
                "WHERE community_id = %s AND owner = %s AND kind = 'gift'), now() - %s * interval '1 day')",
                [community, owner, dice.uniform(2, 358)],
            )

    acts = {
        "balance": lambda owner: queries.find_balance(community_id=community, owner=owner),
        "as_of": as_of,
        "statement": lambda owner: queries.list_statement(community_id=community, owner=owner, cursor=None, limit=50),
    }
    found = {}
    with connection.execute_wrapper(timed):
        for name, act in acts.items():
            totals = []
            for number in range(QUESTIONS + 40):
                spent.clear()
                act(uuid.UUID(f"00000000-0000-4000-9000-{dice.randint(1, MEMBERS):012d}"))
                if number >= 40:
                    totals.append(sum(spent))
            found[name] = statistics.median(totals)
    return found, time_checks() if is_checked else {}


def report(small: dict[str, float], large: dict[str, float], by_month: dict[str, float]) -> None:
    """The table for docs/performance.md, and the figures."""
    print("\n| question | small, ms | large, ms | large by month, ms |\n| --- | --- | --- | --- |")
    for name, words in KINDS.items():
        print(f"| {words} | {small[name]:.2f} | {large[name]:.2f} | {by_month[name]:.2f} |")
    print()
    for name in KINDS:
        word = name.replace("_", "-")
        say_figure(f"ledger-size-{word}", large[name] / small[name], "x", "<=", 2)
        say_figure(f"ledger-size-{word}-by-month", by_month[name] / small[name], "x", "<=", 2)


if __name__ == "__main__":
    main()
