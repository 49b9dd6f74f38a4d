"""`localex doctor`: what is missing or wrong, and how to mend it. It changes nothing."""

import contextlib
import enum
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from localex.cli.calling import pasteable
from localex.cli.output import console
from localex.embedded.binaries import find_postgres_install, find_redis_server
from localex.embedded.directory import NEEDED_FREE_BYTES, DirectoryLock
from localex.embedded.errors import ExitCode, StartError
from localex.embedded.installation import Installation
from localex.embedded.parts import check_address

if TYPE_CHECKING:
    import psycopg

OLDEST_PYTHON, FIRST_UNTRIED_PYTHON = (3, 11), (3, 14)
# What an import fails without; a missing one means that the installation was interrupted or made by hand.
MODULES = ("django", "allauth", "granian", "psycopg", "redis", "pyvips", "osmium", "segno", "whitenoise", "structlog")
REACH_SECONDS = 5
# Of what is said about backups: a restore that was tried and failed, and a store that is not there, are no advice.
BROKEN_BACKUPS = frozenset(("drill_failed", "store_gone"))


class Mark(enum.Enum):
    """How a line turned out."""

    FINE = "fine"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, what was found, and, when something is wrong, how to mend it."""

    what: str
    mark: Mark
    words: str
    remedy: str = ""


def run_doctor(installation: Installation, *, host: str, port: int) -> ExitCode:
    """Look at everything, print a line for each, and return FAILED when something is wrong."""
    from rich.text import Text

    colours = {Mark.FINE: "green", Mark.NOTE: "yellow", Mark.WRONG: "bold red"}
    findings = []
    for finding in examine(installation, host=host, port=port):
        findings.append(finding)
        head = Text.assemble((f"{finding.mark.value:<6}", colours[finding.mark]), f"{finding.what}: {finding.words}")
        console().print(head)
        if finding.remedy:
            console().print(Text(f"      {pasteable(finding.remedy)}", style="dim"))
    notes = sum(finding.mark is Mark.NOTE and bool(finding.remedy) for finding in findings)
    wrong = sum(finding.mark is Mark.WRONG for finding in findings)
    if not wrong:
        left = "one thing is left" if notes == 1 else f"{notes} things are left"
        console().print(f"\nNothing is broken; {left} to do." if notes else "\nNothing is wrong.")
        return ExitCode.OK
    console().print(f"\n{wrong} {'thing is' if wrong == 1 else 'things are'} wrong.")
    return ExitCode.FAILED


def examine(installation: Installation, *, host: str, port: int) -> Iterator[Finding]:
    """All findings, the quick ones first."""
    yield _python()
    yield _packages()
    if installation.has_own_postgres:
        yield _found("PostgreSQL programs", find_postgres_install)
    if installation.has_own_redis:
        yield _found("Redis program", find_redis_server)
    yield _data_directory(installation)
    yield _disk_space(installation)
    if not _is_ours(installation):
        # What lies there is no installation, so there is nothing else to look at.
        return
    is_running = _is_running(installation)
    yield _address(host, port, is_running=is_running)
    yield from _outside_servers(installation)
    yield _settings(installation)
    yield from _database(installation, is_running=is_running)


def _python() -> Finding:
    words = ".".join(map(str, sys.version_info[:3]))
    if OLDEST_PYTHON <= sys.version_info[:2] < FIRST_UNTRIED_PYTHON:
        return Finding("Python", Mark.FINE, words)
    return Finding("Python", Mark.WRONG, words, "LocalEx is tried with Python 3.11 to 3.13; install one of those.")


def _packages() -> Finding:
    missing = [name for name in MODULES if find_spec(name) is None]
    if not missing:
        return Finding("Python packages", Mark.FINE, "all there")
    return Finding(
        "Python packages",
        Mark.WRONG,
        f"{', '.join(missing)} missing",
        "Install them again: remove .venv/base.stamp in the clone and run `make .venv/base.stamp`.",
    )


def _found(what: str, find: Callable[[], Path]) -> Finding:
    try:
        return Finding(what, Mark.FINE, str(find()))
    except StartError as error:
        return _wrong(what, error)


def _wrong(what: str, error: StartError) -> Finding:
    found, _, remedy = error.message.partition(". ")
    return Finding(what, Mark.WRONG, found, remedy)


def _nearest(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _data_directory(installation: Installation) -> Finding:
    root = installation.directory.root
    try:
        installation.directory.check_is_ours()
    except StartError as error:
        return _wrong("Data directory", error)
    place = _nearest(root)
    if not os.access(place, os.W_OK | os.X_OK) or not place.is_dir():
        return Finding(
            "Data directory",
            Mark.WRONG,
            f"{root} cannot be written",
            "Give yourself the right, or use another --data-dir.",
        )
    with contextlib.suppress(StartError):
        user = installation.directory.server_user
        if user.is_other and not user.can_reach([place]):
            return Finding(
                "Data directory",
                Mark.WRONG,
                f"the user {user.name}, as whom PostgreSQL runs, cannot enter {place}",
                "Use a --data-dir outside of root's home, or run LocalEx as an ordinary user.",
            )
    words = f"{root}" if installation.directory.exists else f"{root} (made on the first start)"
    return Finding("Data directory", Mark.FINE, words)


def _is_ours(installation: Installation) -> bool:
    try:
        installation.directory.check_is_ours()
    except StartError:
        return False
    return True


def _disk_space(installation: Installation) -> Finding:
    free = shutil.disk_usage(_nearest(installation.directory.root)).free
    words = f"{free // 1024**2:,} MB free"
    if free < NEEDED_FREE_BYTES:
        return Finding("Disk", Mark.WRONG, words, f"Free some space: {NEEDED_FREE_BYTES // 1024**2} MB are wanted.")
    return Finding("Disk", Mark.FINE, words)


def _is_running(installation: Installation) -> bool:
    if not installation.directory.exists:
        return False
    lock = DirectoryLock(installation.directory)
    with contextlib.suppress(StartError):
        if lock.try_acquire():
            lock.release()
            return False
        return True
    return False


def _address(host: str, port: int, *, is_running: bool) -> Finding:
    what = f"Port {port}"
    try:
        check_address(host, port)
    except StartError as error:
        if is_running:
            return Finding(what, Mark.NOTE, "taken; LocalEx is running")
        return _wrong(what, error)
    return Finding(what, Mark.FINE, f"free on {host}")


def _outside_servers(installation: Installation) -> Iterator[Finding]:
    for name, default_port in (
        ("DATABASE_URL", 5432),
        ("DATABASE_OWNER_URL", 5432),
        ("REDIS_URL", 6379),
        ("EMAIL_URL", 25),
    ):
        url = installation.variable(name)
        if url:
            yield _reach(name, url, default_port)


def _reach(name: str, url: str, default_port: int) -> Finding:
    """Whether a server outside answers; databases are really asked, since a wrong password is the usual fault."""
    remedy = f"Correct {name}, start that server, or unset {name} to use the own one."
    try:
        if name.startswith("DATABASE"):
            import psycopg

            psycopg.connect(url, connect_timeout=REACH_SECONDS).close()
        elif url.startswith("unix:"):
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(urlsplit(url).path)
        else:
            parts = urlsplit(url)
            socket.create_connection((parts.hostname or "", parts.port or default_port), timeout=REACH_SECONDS).close()
    except (OSError, ValueError) as error:
        return Finding(name, Mark.WRONG, f"does not answer ({error})", remedy)
    except Exception as error:
        # psycopg's errors; imported late, so not named above. Its message never holds the password.
        return Finding(name, Mark.WRONG, f"does not answer ({str(error).strip().splitlines()[-1]})", remedy)
    return Finding(name, Mark.FINE, "answers")


def _settings(installation: Installation) -> Finding:
    if not installation.directory.exists:
        return Finding("Settings", Mark.NOTE, "secrets are made on the first start")
    try:
        variables = installation.environment()
    except StartError as error:
        return _wrong("Settings", error)
    from localex.embedded.processes import merged_environment

    done = subprocess.run(
        [sys.executable, "-m", "localex.cli", "check-settings"],
        env=merged_environment(variables),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return Finding("Settings", Mark.WRONG, done.stderr.strip().removeprefix("Error: "), "Correct that variable.")
    return Finding("Settings", Mark.FINE, "readable")


def _database(installation: Installation, *, is_running: bool) -> Iterator[Finding]:
    """Whether PostgreSQL starts (or runs) and has every migration."""
    if installation.has_own_postgres and not installation.directory.exists:
        yield Finding("Database", Mark.NOTE, "made on the first start")
        return
    import psycopg

    from localex.embedded.schema_state import find_pending, read_schema_state

    try:
        with (
            installation.database(),
            psycopg.connect(installation.app_url, connect_timeout=REACH_SECONDS) as connection,
        ):
            state, pending = read_schema_state(connection), find_pending(connection)
            yield Finding("PostgreSQL", Mark.FINE, "running" if is_running else "starts")
            yield _schema(state, pending)
            yield from _backups(connection, installation, is_running=is_running)
    except StartError as error:
        yield _wrong("PostgreSQL", error)
    except psycopg.Error as error:
        yield Finding("PostgreSQL", Mark.WRONG, str(error).strip().splitlines()[-1], "Look into logs/postgres.log.")


def _backups(
    connection: "psycopg.Connection[Any]", installation: Installation, *, is_running: bool
) -> Iterator[Finding]:
    """What the operator page says about backups, by the same rules; nothing for a database of an older release.

    Notes, but for what would let a restore fail today. A LocalEx that does not run is not blamed for saying nothing.
    """
    import psycopg

    from localex.backup.health import find_problems
    from localex.backup.keys import FILE, Keys
    from localex.backup.records import read_facts
    from localex.cli.up import are_backups_on

    if not are_backups_on(installation):
        yield Finding("Backups", Mark.NOTE, "switched off by LOCALEX_BACKUP")
        return
    try:
        facts = read_facts(connection)
    except psycopg.Error:
        return
    secrets = installation.directory.secrets
    if facts.said_at is not None and (secrets / FILE).exists():
        is_confirmed = Keys.read(secrets / FILE, secrets).is_confirmed
        facts = replace(facts, detail={**facts.detail, "key_confirmed": is_confirmed})
    codes = set()
    for problem in find_problems(facts, now=datetime.now(UTC)):
        if is_running or problem.code not in {"silent", "never_ran", "lag"}:
            codes.add(problem.code)
            mark = Mark.WRONG if problem.code in BROKEN_BACKUPS else Mark.NOTE
            yield Finding("Backups", mark, problem.words, problem.remedy)
    if facts.last_proof_at is None and "never_proven" not in codes:
        yield Finding("Backups", Mark.NOTE, "No restore was proven here yet.", "`localex drill` proves one now.")
    elif not codes:
        yield Finding("Backups", Mark.FINE, "kept elsewhere, and a restore was proven")


def _schema(state: dict[str, str], pending: list[str]) -> Finding:
    if not state:
        return Finding("Migrations", Mark.NOTE, "none ran yet", "`localex up` runs them.")
    if not pending:
        return Finding("Migrations", Mark.FINE, "all done")
    more = f" and {len(pending) - 1} more" if len(pending) > 1 else ""
    return Finding(
        "Migrations",
        Mark.NOTE,
        f"{pending[0]}{more} did not run yet",
        "`localex migrate --plan` shows them, `localex upgrade` runs them safely.",
    )
