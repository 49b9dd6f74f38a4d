"""Brings the schema of the database up to date, as its owner, one process at a time."""

import time
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from localex.cli.output import Report
from localex.embedded import roles
from localex.embedded.errors import ExitCode, StartError
from localex.embedded.fingerprints import schema_fingerprint
from localex.embedded.schema_state import read_schema_state, write_schema_state

if TYPE_CHECKING:
    import psycopg
    from django.db.migrations.executor import MigrationExecutor
    from django.db.migrations.migration import Migration

LOCK_NAME = "localex.migrate"
LOCK_WAIT = "60s"
# A migration waits at most this long behind a running request, and then makes room and tries again.
TABLE_LOCK_WAIT = "1s"
MAX_TRIES = 10


def list_plan() -> "list[Migration]":
    """The migrations that are still to run, in order; refuses a database that a newer LocalEx made."""
    executor = _executor()
    _check_not_newer(executor)
    return [migration for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]


def migrate(report: Report, *, app_url: str, owner_url: str) -> int:
    """Run what is to run and grant the application its rights; returns how many migrations ran.

    Raises StartError when the schema is newer than this code, when a migration fails, or when another process migrates
    for more than a minute. Each migration is one transaction: after a failure the earlier ones stay.
    """
    import psycopg

    with _connect(owner_url) as owner:
        try:
            owner.execute(f"SET lock_timeout = '{LOCK_WAIT}'".encode())
            owner.execute("SELECT pg_advisory_lock(%s)", [_lock_number()])
        except psycopg.errors.LockNotAvailable:
            raise StartError(
                "Another process has been migrating this database for a minute. Wait for it and try again.",
                ExitCode.MIGRATION_FAILED,
            ) from None
        plan = list_plan()
        _run_with_patience(plan, report)
        _finish(owner, app_url, owner_url)
    return len(plan)


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
            if tries == MAX_TRIES or getattr(error.__cause__, "sqlstate", "") != "55P03":
                raise _failure(error) from error
            time.sleep(tries)
        except Error as error:
            raise _failure(error) from error


def _failure(error: Exception) -> StartError:
    reason = str(error).strip().splitlines()[0]
    return StartError(
        f"A migration failed and was rolled back: {reason}. Nothing else was changed; "
        "mend the cause and run `localex migrate` again.",
        ExitCode.MIGRATION_FAILED,
    )


def _run(plan: "list[Migration]", report: Report) -> None:
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

    # Django's own limits are for requests: a migration may take long, and must not make others wait long.
    with connection.cursor() as cursor:
        cursor.execute(f"SET statement_timeout = 0; SET lock_timeout = '{TABLE_LOCK_WAIT}'")
    call_command(ReportingCommand(), verbosity=0, interactive=False, skip_checks=True)


def _finish(owner: "psycopg.Connection[Any]", app_url: str, owner_url: str) -> None:
    from psycopg.conninfo import conninfo_to_dict

    app, own = (str(conninfo_to_dict(url).get("user", "")) for url in (app_url, owner_url))
    with owner.transaction():
        if app != own:
            roles.grant_application(owner, app)
        write_schema_state(owner, version=version("localex"), fingerprint=schema_fingerprint())
