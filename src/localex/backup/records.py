"""Writes down what ran, for the operator page: plain SQL into the tables of localex.operations.

A database that an older LocalEx made has no such tables, and what is written down must never stop what is being done:
every function here swallows the database's errors and says so to the log by its return value.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg

from localex.backup.health import Facts
from localex.backup.manifest import Manifest
from localex.backup.proof import Drilled, judge
from localex.embedded.errors import StartError

KEPT_DAYS = 400
# More than anybody runs within the time after which a proof is too old.
JUDGED_DRILLS = 50
CONNECT_SECONDS = 5


def connect(url: str) -> "psycopg.Connection[Any]":
    """An autocommit connection as the application's role. Raises psycopg.OperationalError."""
    return psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_SECONDS, application_name="localex backup")


def begin_run(url: str, kind: str, *, started_at: datetime) -> int | None:
    """Note that a `backup`, `drill` or `upgrade` began; returns its number, None when it could not be noted."""
    statement = "INSERT INTO operations_run (kind, started_at, detail) VALUES (%s, %s, '{}') RETURNING id"
    try:
        with connect(url) as connection:
            row = connection.execute(statement, [kind, started_at]).fetchone()
    except psycopg.Error:
        return None
    return int(row[0]) if row else None


def end_run(url: str, number: int | None, *, finished_at: datetime, ok: bool, detail: Mapping[str, Any]) -> bool:
    """Note how run `number` ended, and forget runs older than KEPT_DAYS. Returns whether it could be noted."""
    if number is None:
        return False
    try:
        with connect(url) as connection:
            connection.execute(
                "UPDATE operations_run SET finished_at = %s, ok = %s, detail = %s WHERE id = %s",
                [finished_at, ok, json.dumps(detail, default=str), number],
            )
            connection.execute(
                "DELETE FROM operations_run WHERE started_at < %s - make_interval(days => %s)", [finished_at, KEPT_DAYS]
            )
    except psycopg.Error:
        return False
    return True


def drop_run(url: str, number: int | None) -> bool:
    """Forget run `number`, which did not even begin. Returns whether it could be forgotten."""
    if number is None:
        return False
    try:
        with connect(url) as connection:
            connection.execute("DELETE FROM operations_run WHERE id = %s AND finished_at IS NULL", [number])
    except psycopg.Error:
        return False
    return True


@contextlib.contextmanager
def noted_backup(url: str, *, words: str) -> Iterator[list[Manifest]]:
    """Note a backup that somebody asked for, whatever comes of it. The block puts its manifest into the list."""
    made: list[Manifest] = []
    run = begin_run(url, "backup", started_at=datetime.now(UTC))
    try:
        yield made
    except StartError as error:
        # Said to the person who asked; a refusal or a slip of the hand says nothing about the automatic backups.
        end_run(url, run, finished_at=datetime.now(UTC), ok=False, detail={"error": error.message.splitlines()[0]})
        raise
    manifest = made[0]
    detail = {
        "words": f"{manifest.backup_id}, {words}",
        "backup": manifest.backup_id,
        "bytes": manifest.stored_bytes,
    }
    end_run(url, run, finished_at=datetime.now(UTC), ok=True, detail=detail)


def find_store(url: str) -> str:
    """Where the backup part of the running town keeps its backups and the log; empty when it never said."""
    try:
        with connect(url) as connection:
            row = connection.execute(
                "SELECT detail ->> 'store' FROM operations_status WHERE name = 'backup'"
            ).fetchone()
    except psycopg.Error:
        return ""
    return str(row[0] or "") if row else ""


def list_drills(url: str) -> list[Drilled] | None:
    """The newest drills that ended, also those that people ran; None when the database does not say."""
    statement = """
        SELECT started_at, ok, jsonb_build_object('store', detail -> 'store', 'restored_to', detail -> 'restored_to')
        FROM operations_run WHERE kind = 'drill' AND ok IS NOT NULL ORDER BY started_at DESC LIMIT %s
    """
    try:
        with connect(url) as connection:
            return [Drilled.read(*row) for row in connection.execute(statement, [JUDGED_DRILLS])]
    except psycopg.Error:
        return None


def write_status(url: str, *, at: datetime, detail: Mapping[str, Any]) -> bool:
    """Replace what the backup part says about itself. Returns whether it could be noted.

    What `detail` does not mention stays as it was said last about the same store.
    """
    statement = """
        INSERT INTO operations_status (name, at, detail) VALUES ('backup', %s, %s)
        ON CONFLICT (name) DO UPDATE SET at = excluded.at, detail = CASE
            WHEN operations_status.detail ->> 'store' = excluded.detail ->> 'store' THEN operations_status.detail
            ELSE '{}' END || excluded.detail
    """
    try:
        with connect(url) as connection:
            connection.execute(statement, [at, json.dumps(detail, default=str)])
    except psycopg.Error:
        return False
    return True


def read_facts(connection: "psycopg.Connection[Any]") -> Facts:
    """What the operator page knows about backups. Raises psycopg.Error for a database without these tables."""
    row = connection.execute("SELECT at, detail FROM operations_status WHERE name = 'backup'").fetchone()
    said_at: datetime | None = row[0] if row else None
    detail: dict[str, Any] = row[1] if row else {}
    rows = connection.execute(
        "SELECT started_at, ok, detail FROM operations_run WHERE kind = 'drill' AND ok IS NOT NULL "
        "ORDER BY started_at DESC LIMIT %s",
        [JUDGED_DRILLS],
    )
    proof = judge([Drilled.read(*found) for found in rows], store=str(detail.get("store") or ""))
    newest = connection.execute("SELECT max(started_at) FROM operations_run WHERE kind = 'backup' AND ok").fetchone()
    kept = detail.get("backups") or []
    moments = [newest[0] if newest else None, datetime.fromisoformat(str(kept[0]["at"])) if kept else None]
    return Facts(
        said_at=said_at,
        detail=detail,
        last_backup_at=max(filter(None, moments), default=None),
        last_proof_at=proof.proven_to,
        last_drill_failed=proof.has_failed,
    )
