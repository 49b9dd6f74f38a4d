"""How fast the ledger books, beside the machine's own limit in the same minute: `make bench-ledger`.

Everything runs on a cluster of its own with the settings of an installation, through pgbench with prepared statements,
in rounds: each round runs every case once, so that a slow minute of the machine hits them all. Figures are medians of
the rounds' ratios.

- limit: pgbench's simple-update, a commit that changes one row and adds one.
- bare: a function that locks two rows, moves an amount between them and adds one row; no key, no guards, no entries.
- ours: `ledger.grant_credits`, the public function that books exactly two legs, as the application's role. Uniform: of
  4,000 communities, each with its own issuers. Community: 4,000 members of one, whose eight issuers the keys choose
  among. Hot: the same with keys that all choose the same issuer, so one account is in every posting.
- batch: `ledger.grant_many` with 100 grants; counted in grants.
- hold and capture: `hold_credits` and then `capture_hold`, two commits, four legs and more; counted in pairs.
"""

import argparse
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path

from ledger_plot import draw
from own_cluster import ROOT, OwnCluster, own_cluster
from running_town import say_figure

CLIENTS = (1, 4, 16)
OWNERS = 4000
POSTED_FOR_SIZE = 60_000
PICTURE = ROOT / "docs" / "images" / "ledger-postings.svg"

BARE = """
CREATE SCHEMA bare;
CREATE TABLE bare.account (id bigint PRIMARY KEY, balance bigint NOT NULL) WITH (fillfactor = 60);
CREATE TABLE bare.transfer (id uuid PRIMARY KEY, giver bigint, taker bigint, amount bigint, at timestamptz);
INSERT INTO bare.account SELECT n, 1000000 FROM generate_series(1, 8000) n;
CREATE FUNCTION bare.transfer(p_key uuid, p_giver bigint, p_taker bigint, p_amount bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM bare.account WHERE id IN (p_giver, p_taker) ORDER BY id FOR NO KEY UPDATE;
    UPDATE bare.account SET balance = balance - p_amount WHERE id = p_giver;
    UPDATE bare.account SET balance = balance + p_amount WHERE id = p_taker;
    INSERT INTO bare.transfer VALUES (p_key, p_giver, p_taker, p_amount, clock_timestamp());
END
$$;
GRANT USAGE ON SCHEMA bare TO localex_app;
GRANT ALL ON ALL TABLES IN SCHEMA bare TO localex_app;
"""
BARE_SCRIPT = """
\\set giver random(1, 4000)
\\set taker random(4001, 8000)
SELECT bare.transfer(uuidv7(), :giver, :taker, 1);
"""
# The uuids of the benchmark are numbers: communities 1 to 4,000 with one member each, and community 0 with as many.
COMMUNITY = "('00000000-0000-4000-8000-' || lpad(({n})::text, 12, '0'))::uuid"
OWNER = "('00000000-0000-4000-9000-' || lpad(({n})::text, 12, '0'))::uuid"
HOT = COMMUNITY.format(n=0)
GRANT = """
\\set n random(1, {owners})
SELECT ledger.grant_credits({key}, {community}, {owner}, 1, 'coordinator_grant', NULL);
"""
KEY = "uuidv7()"
# The last digit of a key chooses the issuer.
SAME_ISSUER = "(left(uuidv7()::text, 35) || '0')::uuid"
BATCH = """
\\set n random(1, {last})
SELECT count(*) FROM ledger.grant_many(
    ARRAY(SELECT uuidv7() FROM generate_series(1, 100)), {community},
    ARRAY(SELECT {owner} FROM generate_series(:n, :n + 99) s), array_fill(1::bigint, ARRAY[100]),
    'coordinator_grant', NULL);
"""
CAPTURE = """
\\set payer random(1, {half})
\\set payee random({half} + 1, {owners})
SELECT uuidv7() AS trade \\gset
SELECT ledger.hold_credits(uuidv7(), {community}, :trade, {payer}, {payee}, 100, 0, 0, now() + interval '1 day', NULL);
SELECT ledger.capture_hold(uuidv7(), :trade, {payee}, 60, NULL);
"""
SIZES = """
SELECT sum(pg_total_relation_size(c.oid)), (SELECT count(*) FROM ledger.journal)
FROM pg_class c WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind = 'r'
"""


@dataclass
class Rounds:
    """What pgbench said for each case, one number per round."""

    rates: dict[str, list[float]] = field(default_factory=dict)

    def add(self, case: str, rate: float) -> None:
        """Note a rate of the present round."""
        self.rates.setdefault(case, []).append(rate)
        print(f"  {case:<18} {rate:10,.0f}/s", flush=True)

    def median(self, case: str) -> float:
        """The middle one of the rounds."""
        return statistics.median(self.rates[case])

    def ratio(self, case: str, peer: str) -> float:
        """The middle one of the rounds' ratios to a case of the same round."""
        return statistics.median(a / b for a, b in zip(self.rates[case], self.rates[peer], strict=True))


def prepare(cluster: OwnCluster) -> None:
    """Rows for every case: pgbench's own, the bare function's, communities and members with credits."""
    cluster.run_pgbench(["-i", "-q", "-s", "16", "-n"], role="localex_super")
    with cluster.connect() as connection:
        connection.execute(BARE)
    community, owner = COMMUNITY.format(n="n"), OWNER.format(n="n")
    with cluster.connect("localex_app") as app:
        for call in (
            f"ledger.open_community({HOT}) FROM (SELECT) one",
            f"ledger.open_community({community}) FROM generate_series(1, {OWNERS}) n",
            f"ledger.open_member({community}, {owner}) FROM generate_series(1, {OWNERS}) n",
            f"ledger.open_member({HOT}, {owner}) FROM generate_series(1, {OWNERS}) n",
            f"ledger.grant_credits(uuidv7(), {HOT}, {owner}, 1000000000, 'coordinator_grant', NULL) "
            f"FROM generate_series(1, {OWNERS}) n",
        ):
            app.execute(f"SELECT count(*) FROM (SELECT {call}) done".encode())
    with cluster.connect() as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


def grant_script(*, community: str, key: str = KEY) -> str:
    """One grant to a random member."""
    return GRANT.format(owners=OWNERS, community=community, owner=OWNER.format(n=":n"), key=key)


UNIFORM = grant_script(community=COMMUNITY.format(n=":n"))


def run_round(cluster: OwnCluster, rounds: Rounds, seconds: int) -> None:
    """Every case once."""
    owner = {"payer": OWNER.format(n=":payer"), "payee": OWNER.format(n=":payee")}
    pair = CAPTURE.format(**owner, half=OWNERS // 2, owners=OWNERS, community=HOT)
    batch = BATCH.format(last=OWNERS - 100, community=HOT, owner=OWNER.format(n="s"))
    for clients in CLIENTS:
        words = ["-N"]
        limit = cluster.pgbench(None, clients=clients, seconds=seconds, role="localex_super", words=words)
        rounds.add(f"limit {clients}", limit)
        rounds.add(f"bare {clients}", cluster.pgbench(BARE_SCRIPT, clients=clients, seconds=seconds))
        rounds.add(f"ours {clients}", cluster.pgbench(UNIFORM, clients=clients, seconds=seconds))
    one_community = {
        "community 16": grant_script(community=HOT),
        "hot 16": grant_script(community=HOT, key=SAME_ISSUER),
    }
    for case, script in one_community.items():
        rounds.add(case, cluster.pgbench(script, clients=16, seconds=seconds))
    rounds.add("pair 16", cluster.pgbench(pair, clients=16, seconds=seconds))
    for clients in (1, 16):
        rounds.add(f"batch {clients}", 100 * cluster.pgbench(batch, clients=clients, seconds=seconds))


def bytes_per_transfer(cluster: OwnCluster, seconds: int) -> float:
    """What the ledger grows by, tables and indexes, for each posting of two legs: over at least 60,000 of them.

    A table that many write at once grows by up to 64 pages ahead: half a megabyte that a few thousand postings would
    share. Nobody waits for the disk here, so that it takes no longer.
    """
    with cluster.connect() as connection:
        connection.execute("ALTER DATABASE localex SET synchronous_commit = off")
        before = connection.execute(SIZES).fetchone()
        after = before
        while before is None or after is None or after[1] - before[1] < POSTED_FOR_SIZE:
            cluster.pgbench(UNIFORM, clients=16, seconds=max(seconds, 5))
            after = connection.execute(SIZES).fetchone()
        connection.execute("ALTER DATABASE localex RESET synchronous_commit")
    return float((after[0] - before[0]) / (after[1] - before[1]))


def report(rounds: Rounds, size: float) -> None:
    """The table for docs/performance.md, and the figures with their goals."""
    print("\n| case | per second | of simple-update with as many clients |\n| --- | --- | --- |")
    for case in rounds.rates:
        name, clients = case.split()
        ratio = rounds.ratio(case, f"limit {clients}")
        print(f"| {name}, {clients} client{'s' if clients != '1' else ''} | {rounds.median(case):,.0f} | {ratio:.2f} |")
    print()
    say_figure("ledger-of-limit-16", rounds.ratio("ours 16", "limit 16"), "x", ">=", 0.55)
    say_figure("ledger-hot-of-uniform-16", rounds.ratio("hot 16", "ours 16"), "x", ">=", 0.5)
    say_figure("ledger-community-of-uniform-16", rounds.ratio("community 16", "ours 16"), "x", ">=", 0.5)
    say_figure("ledger-batch-of-single-1", rounds.ratio("batch 1", "ours 1"), "x", ">=", 5)
    say_figure("ledger-batch-of-single-16", rounds.ratio("batch 16", "ours 16"), "x", ">=", 5)
    say_figure("ledger-bytes-per-transfer", size, "bytes", "<=", 450)


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=int, default=8, help="of each case in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--picture", type=Path, default=PICTURE, help="where the plot goes")
    given = parser.parse_args()
    rounds = Rounds()
    with own_cluster() as cluster:
        prepare(cluster)
        for number in range(given.rounds):
            print(f"round {number + 1} of {given.rounds}", flush=True)
            run_round(cluster, rounds, given.seconds)
        size = bytes_per_transfer(cluster, given.seconds)
    draw(rounds.rates, given.picture)
    report(rounds, size)


if __name__ == "__main__":
    sys.exit(main())
