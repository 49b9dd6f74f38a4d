"""What the database says about itself, for the manifest and for the comparison after a restore."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from localex.backup.errors import BackupError
from localex.backup.manifest import LedgerSeal
from localex.embedded.schema_state import read_schema_state

if TYPE_CHECKING:
    import psycopg

# Rows of these are never deleted: a restore to a later time must have at least as many.
APPEND_ONLY = ("ledger.entry", "ledger.journal", "ledger.audit")
# Nothing tidies these away; single rows may go. What housekeeping empties (jobs, mails, notices, sessions, counters,
# runs) is not here: it may lose most of its rows within an hour of a sound backup.
LASTING = (
    "ledger.account",
    "ledger.balance",
    "ledger.bonus",
    "ledger.community",
    "ledger.hold",
    "ledger.seal",
    "public.account_emailaddress",
    "public.communities_community",
    "public.listings_category",
    "public.listings_listing",
    "public.members_formername",
    "public.members_member",
    "public.members_user",
    "public.places_safeplace",
    "public.trading_offer",
    "public.trading_review",
    "public.trading_staffpayment",
    "public.trading_trade",
    "public.trading_tradeevent",
)
# Of a few rows half may go by hand.
SHRINKING_ROWS = 100
# Partitions are counted with their table, and an unlogged table is empty after any recovery.
_TABLES = """
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), n.nspname || '.' || c.relname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p'
      AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%'
    ORDER BY 2
"""


@dataclass(frozen=True)
class Facts:
    """`bytes_estimate` is the size of all databases on disk, for a progress bar."""

    now: datetime
    system_identifier: str
    timeline: int
    segment_size: int
    postgres_version: str
    database: str
    schema_fingerprint: str
    row_counts: dict[str, int]
    ledger_seal: LedgerSeal | None
    bytes_estimate: int


def read_facts(connection: "psycopg.Connection[Any]") -> Facts:
    """All of it in one snapshot, with every row counted. Needs a role that may read every table."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = connection.execute(
            "SELECT clock_timestamp(), s.system_identifier::text, c.timeline_id, i.bytes_per_wal_segment, "
            "current_setting('server_version'), current_database(), "
            "(SELECT sum(pg_database_size(oid)) FROM pg_database)::bigint "
            "FROM pg_control_system() s, pg_control_checkpoint() c, pg_control_init() i"
        ).fetchone()
        if row is None:
            raise BackupError("The database does not say who it is.")
        return Facts(
            now=row[0],
            system_identifier=row[1],
            timeline=int(row[2]),
            segment_size=int(row[3]),
            postgres_version=row[4],
            database=row[5],
            schema_fingerprint=read_schema_state(connection).get("fingerprint", ""),
            row_counts=count_rows(connection),
            ledger_seal=find_ledger_seal(connection),
            bytes_estimate=int(row[6]),
        )


def count_rows(connection: "psycopg.Connection[Any]") -> dict[str, int]:
    """The number of rows of every table, by `schema.table`."""
    from psycopg import sql

    counts = {}
    for quoted, name in connection.execute(_TABLES).fetchall():
        # The name comes quoted from the catalogue.
        row = connection.execute(sql.SQL("SELECT count(*) FROM ") + sql.SQL(quoted)).fetchone()
        counts[name] = int(row[0]) if row else 0
    return counts


def find_ledger_seal(connection: "psycopg.Connection[Any]") -> LedgerSeal | None:
    """The ledger's last seal, None when there is none yet."""
    row = connection.execute("SELECT to_regclass('ledger.seals')").fetchone()
    if row is None or row[0] is None:
        return None
    row = connection.execute("SELECT seal_no, digest FROM ledger.seals ORDER BY seal_no DESC LIMIT 1").fetchone()
    return LedgerSeal(int(row[0]), bytes(row[1]).hex()) if row else None


def find_lost_rows(before: dict[str, int], after: dict[str, int]) -> list[str]:
    """The tables that only ever grow and have fewer rows than the manifest says."""
    return [name for name in APPEND_ONLY if name in before and after.get(name, 0) < before[name]]


def find_shrunk_tables(before: dict[str, int], after: dict[str, int]) -> list[str]:
    """The lasting tables that have lost more than half of at least 100 rows since the manifest was written."""
    return [name for name in LASTING if before.get(name, 0) >= SHRINKING_ROWS and after.get(name, 0) * 2 < before[name]]
