"""What migrations would do, told from their own SQL before any of it runs: which tables, how many rows, who waits."""

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db.migrations.executor import MigrationExecutor
    from django.db.migrations.migration import Migration


class Waits(enum.IntEnum):
    """Who waits while a migration's transaction holds its locks; a higher one includes the lower."""

    NOBODY = 0
    ROWS = 1
    WRITES = 2
    EVERYBODY = 3

    @property
    def words(self) -> str:
        return ("nobody waits", "its rows are locked", "writing waits", "reading and writing wait")[self]


@dataclass(frozen=True, slots=True)
class TouchedTable:
    """A table that is there before the migration; `rows` is PostgreSQL's own estimate."""

    name: str
    rows: int
    waits: Waits


@dataclass(frozen=True, slots=True)
class PlannedMigration:
    """One migration: what kinds of statements it runs, most telling first, and the tables that it finds."""

    app: str
    name: str
    acts: tuple[str, ...]
    tables: tuple[TouchedTable, ...]


@dataclass(slots=True)
class _Reading:
    """What the SQL of one migration says, before anybody asked the database."""

    acts: dict[str, int] = field(default_factory=dict)
    waits: dict[str, Waits] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)

    def note(self, act: str, table: str = "", waits: Waits = Waits.NOBODY) -> None:
        """Count an act, and remember the strongest lock on its table."""
        self.acts[act] = self.acts.get(act, 0) + 1
        if table:
            self.waits[table] = max(waits, self.waits.get(table, Waits.NOBODY))


NAME = r'((?:"?\w+"?\.)?"?\w+"?)'
NOT_SQL = "CANNOT BE WRITTEN AS SQL"
COMMENT = re.compile(r"--[^\n]*")
# The body of a DO block runs now; that of a function when it is called.
DO_BLOCK = re.compile(r"\bDO\s+(\$\w*\$)(.*?)\1", re.DOTALL | re.IGNORECASE)
QUOTED_BODY = re.compile(r"(\$\w*\$).*?\1", re.DOTALL)
MADE = re.compile(rf"\bCREATE TABLE (?:IF NOT EXISTS )?{NAME}", re.IGNORECASE)
# The first that fits a statement says what it does, and who waits for it.
# https://www.postgresql.org/docs/18/explicit-locking.html
STATEMENTS: tuple[tuple[str, re.Pattern[str], Waits], ...] = tuple(
    (act, re.compile(pattern, re.IGNORECASE | re.DOTALL), waits)
    for act, pattern, waits in (
        ("makes a table", MADE.pattern, Waits.NOBODY),
        ("checks rows", rf"\bALTER TABLE (?:IF EXISTS |ONLY )*{NAME}[^;]*\bVALIDATE CONSTRAINT", Waits.NOBODY),
        ("alters a table", rf"\bALTER TABLE (?:IF EXISTS |ONLY )*{NAME}", Waits.EVERYBODY),
        ("drops a table", rf"\bDROP TABLE (?:IF EXISTS )?{NAME}", Waits.EVERYBODY),
        ("makes an index", rf"\bCREATE (?:UNIQUE )?INDEX CONCURRENTLY [^;]*?\bON (?:ONLY )?{NAME}", Waits.NOBODY),
        ("makes an index", rf"\bCREATE (?:UNIQUE )?INDEX [^;]*?\bON (?:ONLY )?{NAME}", Waits.WRITES),
        ("makes a trigger", rf"\bCREATE (?:CONSTRAINT )?TRIGGER [^;]*?\bON {NAME}", Waits.WRITES),
        ("drops an index", r"\bDROP INDEX", Waits.NOBODY),
        ("changes rows", rf"\bUPDATE (?:ONLY )?{NAME}(?: (?:AS )?\w+)? SET\b", Waits.ROWS),
        ("removes rows", rf"\bDELETE FROM (?:ONLY )?{NAME}", Waits.ROWS),
        ("adds rows", rf"\bINSERT INTO {NAME}", Waits.ROWS),
        ("locks a table", rf"\bLOCK TABLE (?:ONLY )?{NAME}", Waits.EVERYBODY),
        ("makes a function", r"\bCREATE (?:OR REPLACE )?FUNCTION", Waits.NOBODY),
        ("makes a view", r"\bCREATE (?:OR REPLACE )?VIEW", Waits.NOBODY),
        ("alters a type", r"\b(?:ALTER|CREATE) TYPE", Waits.NOBODY),
        ("grants", r"\b(?:GRANT|REVOKE)\b", Waits.NOBODY),
    )
)
REFERENCED = re.compile(rf"\bREFERENCES {NAME}", re.IGNORECASE)
ROW_ESTIMATE = """
SELECT coalesce(sum(CASE WHEN c.reltuples >= 0 THEN c.reltuples ELSE coalesce(s.n_live_tup, 0) END), 0)::bigint
FROM pg_partition_tree(to_regclass(%s)) part
JOIN pg_class c ON c.oid = part.relid AND part.isleaf
LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
"""


def describe(executor: "MigrationExecutor", plan: "list[Migration]") -> list[PlannedMigration]:
    """What each migration of `plan` would do. Reads the catalogue; changes and locks nothing."""
    connection = executor.connection
    loader = executor.loader
    state = loader.project_state([node for node in loader.applied_migrations if node in loader.graph.nodes])
    found = []
    for migration in plan:
        with connection.schema_editor(collect_sql=True, atomic=False) as editor:
            state = migration.apply(state, editor, collect_sql=True)
        reading = read_sql("\n".join(map(str, editor.collected_sql or [])))
        acts = tuple(f"{act} x{count}" if count > 1 else act for act, count in reading.acts.items())
        tables = tuple(_measure(connection, reading))
        found.append(PlannedMigration(migration.app_label, migration.name, acts or ("changes no table",), tables))
    return found


def read_sql(text: str) -> _Reading:
    """Tell what a migration's SQL does. A reading aid, not a parser: what it does not know it does not mention."""
    reading = _Reading()
    if NOT_SQL in text:
        reading.note("runs Python")
    text = COMMENT.sub("", text)
    text = QUOTED_BODY.sub("''", DO_BLOCK.sub(lambda match: f"; {match[2]} ;", text))
    reading.made = {_plain(name) for name in MADE.findall(text)}
    for statement in text.split(";"):
        _read_statement(" ".join(statement.split()), reading)
    for name in reading.made:
        reading.waits.pop(name, None)
    return reading


def _read_statement(statement: str, reading: _Reading) -> None:
    for act, pattern, waits in STATEMENTS:
        match = pattern.search(statement)
        if match is None:
            continue
        reading.note(act, _plain(match[1]) if pattern.groups else "", waits)
        # A foreign key puts a trigger on the table that it points to.
        for name in REFERENCED.findall(statement):
            reading.waits[_plain(name)] = max(Waits.WRITES, reading.waits.get(_plain(name), Waits.NOBODY))
        return


def _plain(name: str) -> str:
    return name.replace('"', "")


def _measure(connection: "object", reading: _Reading) -> Iterator[TouchedTable]:
    with connection.cursor() as cursor:  # type: ignore[attr-defined]
        for name, waits in sorted(reading.waits.items()):
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
            if not cursor.fetchone()[0]:
                continue  # an earlier migration of the same plan makes it
            cursor.execute(ROW_ESTIMATE, [name])
            yield TouchedTable(name, cursor.fetchone()[0], waits)
