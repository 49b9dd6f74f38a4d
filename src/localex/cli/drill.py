"""`localex drill`: the words around `localex.backup.drill`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from localex.cli.output import console, error_console, progress, say
from localex.cli.stores import find_keys, open_store
from localex.embedded.directory import DataDirectory
from localex.embedded.errors import ExitCode, StartError
from localex.embedded.installation import Installation

if TYPE_CHECKING:
    from localex.backup.drill import Outcome

RATE_FROM_BYTES = 1_000_000_000


def run_the_drill(
    own: Installation, *, backup_id: str, store: Path | None, key_file: Path | None, scratch: Path | None
) -> ExitCode:
    """Prove a backup, print what was found, and write it down for the operator page when there is a database."""
    from localex.backup import records
    from localex.backup.drill import run_drill

    place = _place(own, scratch)
    began = datetime.now(UTC)
    # Before the restore, so that a drill that is killed leaves a trace; there may be no database to note it in.
    url = own.app_url if own.directory.exists and own.answers() else ""
    run = records.begin_run(url, "drill", started_at=began) if url else None
    found = open_store(own, store)
    try:
        with progress("Drill") as report:
            outcome = run_drill(place, found, find_keys(own, key_file), backup_id=backup_id, report=report)
    except StartError:
        # It did not even begin: another drill is under way, or there is no key or no room.
        if url:
            records.drop_run(url, run)
        raise
    if url:
        # With the place and the time that was reached: whoever reads it judges what that proves (backup/proof.py).
        summary = outcome.summary()
        detail = {**summary, "words": f"by hand: {summary['words']}"}
        records.end_run(url, run, finished_at=datetime.now(UTC), ok=outcome.ok, detail=detail)
    _show(outcome)
    if not outcome.ok:
        error_console().print("[bold red]The backup was not proven.[/] The lines marked FAILED say why.")
        return ExitCode.FAILED
    seconds = (datetime.now(UTC) - began).total_seconds()
    say(f"Proven in {seconds:.0f} s, and everything removed again.")
    return ExitCode.OK


def _place(own: Installation, scratch: Path | None) -> DataDirectory:
    if scratch is not None:
        scratch.mkdir(mode=0o755, parents=True, exist_ok=True)
        return DataDirectory(scratch)
    if not own.directory.exists:
        raise StartError(
            f"There is no installation in {own.directory.root}. Say with --data-dir where yours is, or with --scratch, "
            "--store and --key where to restore, and from what.",
            ExitCode.NOT_RUNNING,
        )
    return own.directory


def _show(outcome: "Outcome") -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("What", "Result", "Seconds", "More", title=f"Drill {outcome.backup_id}".strip(), title_justify="left")
    for line in outcome.lines:
        mark = Text("fine", "green") if line.ok else Text("FAILED", "bold red")
        seconds = "" if line.seconds is None else f"{line.seconds:.1f}"
        table.add_row(line.what, mark, seconds, line.words)
    console().print(table)
    if outcome.restored_bytes:
        size = outcome.restored_bytes / 1_000_000
        # Of a small town it says how long PostgreSQL takes to start and stop, and nothing about a gigabyte.
        rate = f", {outcome.seconds_per_gb:.0f} s per GB" if outcome.restored_bytes >= RATE_FROM_BYTES else ""
        say(f"Restored {size:.0f} MB in {outcome.restore_seconds:.1f} s{rate}.")
