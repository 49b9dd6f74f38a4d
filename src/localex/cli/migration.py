"""Brings the schema of the database up to date, as its owner, one process at a time."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localex.backup.progress import Report
from localex.embedded import roles
from localex.embedded.directory import DATABASE_NOTE, replace_file
from localex.embedded.errors import ExitCode, StartError
from localex.embedded.fingerprints import schema_fingerprint
from localex.embedded.schema_state import read_schema_state, write_schema_state

if TYPE_CHECKING:
    import psycopg
    from django.db.migrations.executor import MigrationExecutor
    from django.db.migrations.migration import Migration

    from localex.cli.migration_plan import PlannedMigration

LOCK_NAME = "localex.migrate"
LOCK_WAIT_S = 60
# A migration waits at most this long behind a running request, and then makes room and tries again.
TABLE_LOCK_WAIT = "1s"
MAX_TRIES = 10
LOCK_NOT_AVAILABLE, QUERY_CANCELED = "55P03", "57014"


def describe_plan(*, data_dir: Path, is_new: bool = False) -> "list[PlannedMigration]":
    """What is still to run, in order, with what each does; changes nothing.

    Raises StartError for a database that a newer LocalEx made, or that is empty and should not be.
    """
    from localex.cli.migration_plan import describe

    executor = _executor()
    return describe(executor, _plan(executor, data_dir, is_new=is_new))


def migrate(
    report: Report,
    *,
    app_url: str,
    owner_url: str,
    data_dir: Path,
    is_new: bool = False,
    tell: "Callable[[list[PlannedMigration]], None] | None" = None,
) -> int:
    """Run what is to run and grant the application its rights; returns how many migrations ran.

    `data_dir` remembers that there is a database; `is_new` says that an empty one is right all the same. `tell` gets
    the plan before anything runs, unless the database is new. Raises StartError when the schema is newer than this
    code, the database is unexpectedly empty, a migration fails, or another process migrates for more than a minute.
    Each migration is one transaction, except those with `atomic = False`, of which each statement is one and may run
    again: after a failure the earlier ones stay, and the next run begins with the one that failed.
    """
    with _connect(owner_url) as owner:
        _await_turn(owner)
        executor = _executor()
        plan = _plan(executor, data_dir, is_new=is_new)
        if tell and plan and executor.loader.applied_migrations:
            from localex.cli.migration_plan import describe

            tell(describe(executor, plan))
        _run_with_patience(plan, report)
        _finish(owner, app_url, owner_url)
        _remember(data_dir)
    return len(plan)


def _await_turn(owner: "psycopg.Connection[Any]") -> None:
    """Take the lock that one migrating process holds until its connection ends.

    Asks again and again instead of waiting in the database: who waits there holds a snapshot, and CREATE INDEX
    CONCURRENTLY in the other process would wait for it in turn.
    """
    limit = time.monotonic() + LOCK_WAIT_S
    while not _is_true(owner.execute("SELECT pg_try_advisory_lock(%s)", [_lock_number()]).fetchone()):
        if time.monotonic() > limit:
            raise StartError(
                "Another process has been migrating this database for a minute. Wait for it and try again.",
                ExitCode.MIGRATION_FAILED,
            )
        time.sleep(0.2)


def _is_true(row: tuple[Any, ...] | None) -> bool:
    return row is not None and bool(row[0])


def is_current(connection: "psycopg.Connection[Any]") -> bool:
    """Whether the last complete migration was made by exactly this code; quick, without Django."""
    return read_schema_state(connection).get("fingerprint") == schema_fingerprint()


def _connect(url: str) -> "psycopg.Connection[Any]":
    import psycopg

    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=5, application_name="localex migrate")
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[-1]
        raise StartError(
            f"The database cannot be reached ({reason}). Check DATABASE_OWNER_URL, or DATABASE_URL.",
            ExitCode.PART_FAILED,
        ) from error


def _lock_number() -> int:
    from localex.lib.locks import lock_number

    return lock_number(LOCK_NAME)


def _executor(report: Any = None) -> "MigrationExecutor":
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    return MigrationExecutor(connection, report)


def _plan(executor: "MigrationExecutor", data_dir: Path, *, is_new: bool) -> "list[Migration]":
    _check_not_newer(executor)
    if not is_new and not executor.loader.applied_migrations:
        _check_may_be_empty(data_dir)
    return [migration for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]


def _check_may_be_empty(data_dir: Path) -> None:
    """An installation that had a database finds an empty one: a wrong address or a lost disk, and no new beginning.

    A new schema there would look like a fresh town, and the next backup would be one of nothing.
    """
    note = data_dir / DATABASE_NOTE
    if not note.exists():
        return
    try:
        known = json.loads(note.read_text())
        since = f" (LocalEx {known['version']}, {known['at'][:10]})"
    except (OSError, ValueError, KeyError, TypeError):
        since = ""
    raise StartError(
        f"The database is empty, but the installation in {data_dir} had one{since}. Nothing was changed. Correct "
        "DATABASE_URL, or restore a backup (`localex restore --help`); if you want to begin with an empty database, "
        "say so once: `localex migrate --new`.",
        ExitCode.DAMAGED,
    )


def _remember(data_dir: Path) -> None:
    """Note that this installation has a database. A directory that cannot be written costs the protection only."""
    if data_dir.is_dir():
        note = {"version": version("localex"), "at": datetime.now(UTC).isoformat(timespec="seconds")}
        replace_file(data_dir / DATABASE_NOTE, json.dumps(note) + "\n")


def _check_not_newer(executor: "MigrationExecutor") -> None:
    ours = executor.loader.migrated_apps
    unknown = sorted(
        f"{app}.{name}"
        for app, name in executor.loader.applied_migrations
        if app in ours and (app, name) not in executor.loader.disk_migrations
    )
    if unknown:
        raise StartError(
            f"The database was made by a newer LocalEx: it has {unknown[0]}"
            f"{f' and {len(unknown) - 1} more' if len(unknown) > 1 else ''}, which this one does not know. "
            "Nothing was changed; start the newer LocalEx.",
            ExitCode.NEWER_VERSION,
        )


def _run_with_patience(plan: "list[Migration]", report: Report) -> None:
    """Migrate; behind a long transaction give up the place in the queue, so that requests pass, and come back."""
    from django.db import Error, OperationalError

    for tries in range(1, MAX_TRIES + 1):
        try:
            _run(plan, report)
            return
        except OperationalError as error:
            if tries == MAX_TRIES or _sqlstate(error) != LOCK_NOT_AVAILABLE:
                raise _failure(error) from error
            report(0, len(plan), f"waiting for a table that is in use ({tries})")
            time.sleep(tries)
        except Error as error:
            raise _failure(error) from error


def _sqlstate(error: Exception) -> str:
    return getattr(error.__cause__, "sqlstate", None) or ""


def _failure(error: Exception) -> StartError:
    if _sqlstate(error) == QUERY_CANCELED:
        return StartError(
            "A statement of a migration took longer than LOCALEX_MIGRATION_TIMEOUT_S allows and was rolled back. "
            "What was finished before it stays. Give it more seconds, or 0 for as long as it likes, and run "
            "`localex migrate` again.",
            ExitCode.MIGRATION_FAILED,
        )
    reason = str(error).strip().splitlines()[0]
    return StartError(
        f"A migration failed: {reason}. What it had not finished was rolled back, and the migrations before it stay; "
        "mend the cause and run `localex migrate` again.",
        ExitCode.MIGRATION_FAILED,
    )


def limits_sql(timeout_s: int) -> str:
    """The limits of the connection that migrates; Django's own are for requests.

    Waiting for a table's lock is what makes others wait, so that ends after a second. A statement may take long, and it
    ends when it takes so long that something must be wrong; backfills go in batches, each a statement of its own.
    """
    return f"SET statement_timeout = '{timeout_s}s'; SET lock_timeout = '{TABLE_LOCK_WAIT}';"


def _run(plan: "list[Migration]", report: Report) -> None:
    from django.conf import settings
    from django.core.management import call_command
    from django.core.management.commands.migrate import Command
    from django.db import connection

    total = len(plan)
    done = 0

    class ReportingCommand(Command):
        def migration_progress_callback(self, action: str, migration: Any = None, fake: bool = False) -> None:
            nonlocal done
            if action == "apply_start":
                report(done, total, str(migration))
            elif action == "apply_success":
                done += 1
                report(done, total)

    with connection.cursor() as cursor:
        cursor.execute(limits_sql(settings.LOCALEX.migration_timeout_s))
    call_command(ReportingCommand(), verbosity=0, interactive=False, skip_checks=True)


def _finish(owner: "psycopg.Connection[Any]", app_url: str, owner_url: str) -> None:
    from psycopg.conninfo import conninfo_to_dict

    app, own = (str(conninfo_to_dict(url).get("user", "")) for url in (app_url, owner_url))
    with owner.transaction():
        if app != own:
            roles.grant_application(owner, app)
        write_schema_state(owner, version=version("localex"), fingerprint=schema_fingerprint())
