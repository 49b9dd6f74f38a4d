"""Goes through the migrations backwards and forwards; run in a process of its own (see test_up_down_up.py).

python -m tests.migrations.walking fill     a town with trades in every stage, as the application
python -m tests.migrations.walking step     each migration but an app's first: down, up, rows the same; as the owner
python -m tests.migrations.walking zero     everything down to nothing and up again, schema the same; as the owner
"""

import sys
from typing import TYPE_CHECKING

import django

django.setup()

from django.db import connection, transaction  # noqa: E402
from django.db.migrations.executor import MigrationExecutor  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping

# What tables hold: by schema and table, the columns.
Columns = dict[str, list[str]]
COLUMNS = """
SELECT format('%I.%I', n.nspname, c.relname), array_agg(quote_ident(a.attname) ORDER BY a.attname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname IN ('public', 'ledger') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relname <> 'django_migrations'
GROUP BY 1 ORDER BY 1
"""
# Everything that a migration can make, as text.
SCHEMA = """
SELECT 'column ' || table_schema || '.' || table_name || '.' || column_name || ' ' || udt_name || ' ' || is_nullable
       || ' ' || coalesce(column_default, '') FROM information_schema.columns
WHERE table_schema IN ('public', 'ledger')
UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace IN ('public'::regnamespace, 'ledger'::regnamespace)
UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname IN ('public', 'ledger')
UNION ALL SELECT 'function ' || oid::regprocedure || ' ' || md5(prosrc) || ' ' || coalesce(proconfig::text, '')
       || coalesce(proacl::text, '') FROM pg_proc WHERE pronamespace = 'ledger'::regnamespace
UNION ALL SELECT 'trigger ' || tgrelid::regclass || ' ' || tgname || ' ' || tgenabled::text FROM pg_trigger
JOIN pg_class c ON c.oid = tgrelid
WHERE relnamespace IN ('public'::regnamespace, 'ledger'::regnamespace) AND NOT tgisinternal
ORDER BY 1
"""


def fill() -> None:
    """Members, listings, and trades that are open, scheduled, completed, reviewed and cancelled."""
    from localex.trading import services
    from tests import town

    community = town.found_community()
    people = [town.new_member(community, shift=0.002 * number) for number in range(4)]
    seller, buyer, other, _ = people
    town.new_listing(other, price=12, direction="wanted")
    town.new_offer(other, town.new_listing(seller))
    town.new_trade(seller, buyer)
    town.schedule(town.new_trade(other, buyer, price=5))
    done = town.complete(town.new_trade(seller, other, price=7))
    ended = town.new_trade(seller, buyer, price=9)
    with transaction.atomic():
        services.write_review(actor=seller, trade_id=done.id, stars=5, text="Quick and friendly, thank you.")
        services.write_review(actor=other, trade_id=done.id, stars=4)
        services.cancel_trade(actor=buyer, trade_id=ended.id)


def step() -> None:
    """Take back and repeat every migration that is not the first of its app, newest first."""
    executor = MigrationExecutor(connection)
    ours = [node for node in executor.loader.graph.nodes if _is_ours(executor, node)]
    whole = executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
    order = [(migration.app_label, migration.name) for migration, _ in whole]
    before = _columns()
    for app, name in reversed(order):
        node = executor.loader.graph.node_map[app, name]
        parents = [parent.key for parent in node.parents if parent.key[0] == app]
        if not parents or (app, name) not in ours:
            continue
        rows = _rows(before)
        _migrate(parents)
        lower = {table: [c for c in columns if c in before.get(table, [])] for table, columns in _columns().items()}
        lower = {table: columns for table, columns in lower.items() if columns and table in before}
        below = _rows(lower)
        _migrate(None)
        above = _rows(lower)
        sys.stdout.write(f"{app}.{name}\n")
        _compare(f"{app}.{name}", {table: rows[table][0] for table in lower}, {t: below[t][0] for t in lower})
        _compare(f"{app}.{name}", below, above)
        if _columns() != before:
            raise SystemExit(f"{app}.{name}: up again there are other columns")


def zero() -> None:
    """Down to nothing and up again, without rows: the same schema."""
    before = _schema()
    executor = MigrationExecutor(connection)
    apps = {app for app, name in executor.loader.graph.nodes if _is_ours(executor, (app, name))}
    _migrate([(app, None) for app in sorted(apps)])
    _migrate(None)
    after = _schema()
    for line in sorted(before ^ after):
        sys.stdout.write(f"{'lost' if line in before else 'new'}: {line}\n")
    if before != after:
        raise SystemExit("the schema is another one")


def _is_ours(executor: MigrationExecutor, node: tuple[str, str]) -> bool:
    return type(executor.loader.graph.nodes[node]).__module__.startswith("localex.")


def _migrate(targets: "list[tuple[str, str | None]] | None") -> None:
    """To these migrations, or up to the newest of all."""
    executor = MigrationExecutor(connection)
    executor.migrate(targets if targets is not None else executor.loader.graph.leaf_nodes())


def _columns() -> Columns:
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS)
        return dict(cursor.fetchall())


def _rows(tables: Columns) -> "Mapping[str, tuple[int, str]]":
    """How many rows each table has, and a digest of them that does not depend on their order."""
    found = {}
    with connection.cursor() as cursor:
        for table, columns in tables.items():
            cursor.execute(
                f"SELECT count(*), coalesce(md5(string_agg(line, '|' ORDER BY line)), '') "
                f"FROM (SELECT ({', '.join(columns)})::text AS line FROM {table}) lines"
            )
            found[table] = cursor.fetchone()
    return found


def _compare(what: str, one: "Mapping[str, object]", other: "Mapping[str, object]") -> None:
    changed = {table: (one[table], other[table]) for table in one if one[table] != other[table]}
    if changed:
        raise SystemExit(f"{what}: rows changed: {changed}")


def _schema() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(SCHEMA)
        return {row[0] for row in cursor.fetchall()}


if __name__ == "__main__":
    {"fill": fill, "step": step, "zero": zero}[sys.argv[1]]()
