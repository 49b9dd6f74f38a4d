"""`localex backup`, `verify` and `restore`: the words around `localex.backup.engine`."""

import shlex
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from localex.backup.stores import Store, find_mount, is_same_disk
from localex.cli.calling import command, start_word
from localex.cli.moments import say_stretches, spell_alone, spell_time
from localex.cli.options import DataDir, installation
from localex.cli.output import console, error_console, errors, progress, say
from localex.cli.stores import KeyFile, StoreDir, find_keys, open_store, own_keys
from localex.embedded.errors import ExitCode, StartError
from localex.lib.sizes import spell_bytes

if TYPE_CHECKING:
    from localex.backup.keys import Keys
    from localex.embedded.installation import Installation

Daily = Annotated[int, typer.Option("--daily", envvar="LOCALEX_BACKUP_DAILY", min=0, help="Days to keep one of.")]
Weekly = Annotated[int, typer.Option("--weekly", envvar="LOCALEX_BACKUP_WEEKLY", min=0, help="Weeks to keep one of.")]
Monthly = Annotated[
    int, typer.Option("--monthly", envvar="LOCALEX_BACKUP_MONTHLY", min=0, help="Months to keep one of.")
]
Copy = Annotated[
    Path | None,
    typer.Option(
        "--confirmed-copy", help="Your copy of the backup key; if it is the same key, that is a confirmation."
    ),
]

backup = typer.Typer(
    rich_markup_mode="rich",
    invoke_without_command=True,
    help="Back everything up: database, pictures, seals, secrets. Without a word after it: make a backup now.",
)
key = typer.Typer(no_args_is_help=True, rich_markup_mode="rich", help="The key without which no backup can be read.")
backup.add_typer(key, name="key")


@backup.callback()
def begin(context: typer.Context, data_dir: DataDir = None, store: StoreDir = None) -> None:
    """Back everything up: database, pictures, seals, secrets. Without a word after it: make a backup now.

    [bold]Examples[/bold]

    localex backup

    localex backup --store /mnt/other-disk/localex

    localex backup list
    """
    if context.invoked_subcommand is None:
        run(data_dir=data_dir, store=store)
    elif "COMMANDLINE" in {str(getattr(context.get_parameter_source(name), "name", "")) for name in context.params}:
        # They would be lost without a word.
        raise typer.BadParameter(f"write the options behind the word: localex backup {context.invoked_subcommand} ...")


@backup.command("run")
def run(
    data_dir: DataDir = None,
    store: StoreDir = None,
    confirmed_copy: Copy = None,
    daily: Daily = 7,
    weekly: Weekly = 4,
    monthly: Monthly = 6,
) -> None:
    """Make a backup now, then take away those that no rule keeps. Works while LocalEx runs and while it does not.

    Refuses until somebody has confirmed a copy of the backup key (`localex backup key`).

    [bold]Example[/bold]

    localex backup run --store /mnt/other-disk/localex --confirmed-copy /media/stick/localex.key
    """
    with errors():
        _run(installation(data_dir), store, confirmed_copy, daily=daily, weekly=weekly, monthly=monthly)


@backup.command("list")
def list_them(data_dir: DataDir = None, store: StoreDir = None, key_file: KeyFile = None) -> None:
    """Every complete backup, and the times that can be restored.

    [bold]Example[/bold]

    localex backup list --store /mnt/other-disk/localex --key /media/stick/localex.key
    """
    with errors():
        own = installation(data_dir)
        _list(open_store(own, store), find_keys(own, key_file))


@backup.command("prune")
def prune(
    data_dir: DataDir = None,
    store: StoreDir = None,
    key_file: KeyFile = None,
    daily: Daily = 7,
    weekly: Weekly = 4,
    monthly: Monthly = 6,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
) -> None:
    """Take away the backups that no rule keeps, and the log that none of the others needs.

    [bold]Example[/bold]

    localex backup prune --daily 14 --dry-run
    """
    with errors():
        own = installation(data_dir)
        _prune(
            open_store(own, store),
            find_keys(own, key_file),
            daily=daily,
            weekly=weekly,
            monthly=monthly,
            is_dry_run=dry_run,
        )


@backup.command("accept-store")
def accept_store(data_dir: DataDir = None, store: StoreDir = None) -> None:
    """Let the backups begin anew in a folder that is not the store which was used there before.

    LocalEx marks its store and writes nowhere else, so that a disk which is not mounted is noticed. Mount it; this is
    for when the old store is really given up. A base backup follows within minutes while LocalEx runs.

    [bold]Example[/bold]

    localex backup accept-store --store /mnt/new-disk/localex
    """
    with errors():
        own = installation(data_dir)
        own_keys(own)
        found = open_store(own, store)
        found.accept()
        say(f"The backups are kept in {found.place} from now on.")


@key.command("show")
def show_key(data_dir: DataDir = None) -> None:
    """Print the key, to be kept on paper or on another machine, never beside the backups.

    [bold]Example[/bold]

    localex backup key show > /media/stick/localex.key
    """
    with errors():
        keys = own_keys(installation(data_dir))
        say(f"# Backup key of LocalEx, fingerprint {keys.fingerprint}")
        say(keys.secret)
    if sys.stdout.isatty():
        error_console().print(
            "Keep it where a fire or a thief would not get both it and the backups. Then:  "
            + command("backup key confirm"),
            markup=False,
            style="dim",
        )


@key.command("confirm")
def confirm_key(data_dir: DataDir = None, confirmed_copy: Copy = None) -> None:
    """Say that a copy of the key is kept elsewhere: type its last 8 characters, from the copy.

    [bold]Example[/bold]

    localex backup key confirm --confirmed-copy /media/stick/localex.key
    """
    with errors():
        keys = own_keys(installation(data_dir))
        if confirmed_copy:
            _confirm_copy(keys, confirmed_copy)
        else:
            is_terminal = sys.stdin.isatty()
            words = "The last 8 characters of your copy"
            keys.confirm_typed(str(typer.prompt(words)) if is_terminal else sys.stdin.readline())
        say(f"Confirmed: a copy of the key {keys.fingerprint} is kept.")


def verify(
    backup_id: Annotated[str, typer.Argument(help="Which backup; the newest unless given.", show_default="")] = "",
    data_dir: DataDir = None,
    store: StoreDir = None,
    key_file: KeyFile = None,
) -> None:
    """Read and check a backup without restoring it: every object, every file, and the log without a gap.

    Exit code 25 if anything is missing or changed. `localex drill` proves more: it restores.

    [bold]Example[/bold]

    localex verify --store /mnt/other-disk/localex --key /media/stick/localex.key
    """
    with errors():
        own = installation(data_dir)
        sys.exit(_verify(open_store(own, store), find_keys(own, key_file), backup_id))


def restore(
    into: Annotated[Path, typer.Option("--into", help="A new or empty directory, the data directory of the town.")],
    to: Annotated[str, typer.Option("--to", help="latest, or a time such as 2026-11-23T14:32:07+01:00.")] = "latest",
    backup_id: Annotated[str, typer.Option("--backup", help="Begin with this backup.", show_default="best")] = "",
    data_dir: DataDir = None,
    store: StoreDir = None,
    key_file: KeyFile = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Name every table that changed since, not only the ledger's.")
    ] = False,
) -> None:
    """Bring a town back as of any second, on any machine, from the store and the key. Never writes over anything.

    Every change that was booked until then, inclusive, is there. A time without a zone is this machine's. When it is
    interrupted, the same command goes on.

    [bold]Examples[/bold]

    localex restore --to latest --into /srv/localex-new

    localex restore --to "2026-11-23 14:32:07" --into /srv/back --store /mnt/disk/localex --key /media/stick/localex.key
    """
    with errors():
        own = installation(data_dir)
        moment = _parse_time(to)
        found = open_store(own, store)
        _restore(found, find_keys(own, key_file), backup_id, to=moment, into=into, is_verbose=verbose)


def _confirm_copy(keys: "Keys", copy: Path) -> None:
    if not keys.confirm_copy(copy):
        say(
            f"Note: {copy} is on the same disk as the key. It counts only once it is kept elsewhere: take it there now."
        )


def _run(own: "Installation", folder: Path | None, copy: Path | None, *, daily: int, weekly: int, monthly: int) -> None:
    from localex.backup import engine, records
    from localex.backup.errors import KeyNotConfirmed
    from localex.backup.site import Site

    keys, store = own_keys(own), open_store(own, folder)
    if copy:
        _confirm_copy(keys, copy)
    if not keys.is_confirmed:
        raise KeyNotConfirmed(
            "Nobody has confirmed a copy of the backup key, and without it a backup is worth nothing: the key lies on "
            "the disk that the backup is for.\n"
            f"Keep it elsewhere:  {command('backup key show')} > /media/stick/localex.key\n"
            f"Then say so:        {command('backup key confirm')}"
        )
    with own.database():
        site = Site.of(own, outside_url=own.variable("LOCALEX_BACKUP_URL"))
        with (
            progress("Backing up", is_bytes=True) as report,
            records.noted_backup(own.app_url, words=f"by hand, into {store.place}") as made,
        ):
            made.append(engine.make_backup(site, store, keys, report))
        manifest, log_place = made[0], records.find_store(own.app_url)
    seconds = (manifest.stopped_at - manifest.started_at).total_seconds()
    say(
        f"Backup {manifest.backup_id}: database {spell_bytes(manifest.base_bytes)} in {seconds:.1f} s, stored as "
        f"{spell_bytes(manifest.stored_bytes)}; {manifest.file_count} files, {spell_bytes(manifest.file_bytes)}."
    )
    _prune(store, keys, daily=daily, weekly=weekly, monthly=monthly, is_dry_run=False)
    if log_place != store.place:
        later = f" Every other one can be restored from {log_place}." if log_place else ""
        say(
            f"Note: the log of changes does not go to {store.place}. Only this one moment can be restored from there: "
            f"{spell_time(manifest.stopped_at)}.{later}"
        )
    if is_same_disk(own.directory.root, store):
        disk = find_mount(own.directory.root)
        say(
            f"Note: {store.place} is on the same disk as the town, the one mounted at {disk}. "
            "Start LocalEx once with LOCALEX_BACKUP_DIR set to a folder on another disk; it is remembered."
        )


def _prune(store: Store, keys: "Keys", *, daily: int, weekly: int, monthly: int, is_dry_run: bool) -> None:
    from localex.backup import engine

    pruned = engine.apply_retention(store, keys, daily=daily, weekly=weekly, monthly=monthly, is_dry_run=is_dry_run)
    if pruned.unreadable:
        say(f"Nothing was taken away, because backup {pruned.unreadable[0]} cannot be read: `localex verify` says why.")
    elif pruned.objects:
        verb = "Would take away" if is_dry_run else "Took away"
        say(f"{verb} {pruned.describe()} ({spell_bytes(pruned.bytes_freed)}).")
    elif is_dry_run:
        say("Nothing would go.")


def _list(store: Store, keys: "Keys") -> None:
    from localex.backup import engine
    from localex.backup.errors import NothingToRestore

    manifests = engine.list_backups(store, keys)
    if not manifests and store.own_folder and not store.own_folder.exists():
        raise NothingToRestore(store.describe_empty())
    if not manifests:
        say(store.describe_empty())
        return
    for manifest in manifests:
        # No table: an id that is cut to the width of a terminal is none.
        seal = f"ledger seal {manifest.ledger_seal.seal_no}" if manifest.ledger_seal else "no ledger seal"
        say(
            f"{manifest.backup_id}  database {spell_bytes(manifest.base_bytes):>9}  "
            f"files {spell_bytes(manifest.file_bytes):>9}  LocalEx {manifest.localex_version}  {seal}"
        )
    say_stretches(engine.find_stretches(store, keys))


def _verify(store: Store, keys: "Keys", backup_id: str) -> ExitCode:
    from rich.text import Text

    from localex.backup import engine

    with progress("Verifying", is_bytes=True) as report:
        found = engine.verify_backup(store, keys, backup_id, report)
    for finding in found.findings:
        console().print(Text.assemble(("BROKEN", "bold red"), f"  {finding.words}"))
    counted = f"{_count(found.object_count, 'object')}, {_count(found.segment_count, 'segment')} of the log"
    for note in found.notes:
        say(f"Note: {note}")
    if found.is_sound:
        sound = f"Backup {found.manifest.backup_id} is sound: {counted}."
        say(sound if found.is_alone else f"{sound} It reaches {spell_time(found.newest)} without a gap.")
        if found.is_alone:
            say(spell_alone(store, found.newest))
        return ExitCode.OK
    say(f"Backup {found.manifest.backup_id} is damaged: {_count(len(found.findings), 'finding')} in {counted}.")
    return ExitCode.BACKUP_DAMAGED


def _restore(store: Store, keys: "Keys", backup_id: str, *, to: datetime | None, into: Path, is_verbose: bool) -> None:
    from localex.backup import engine

    with progress("Restoring", is_bytes=True) as report:
        found = engine.restore(store, keys, backup_id=backup_id, to=to, into=into, report=report)
    before, after = found.manifest.row_counts, found.row_counts
    say(
        f"Restored {spell_time(found.restored_to)} from backup {found.manifest.backup_id} and "
        f"{_count(found.segment_count, 'segment')} of the log, in {found.seconds:.1f} s."
    )
    if to is None and found.is_alone:
        say(spell_alone(store, found.restored_to))
    changed = [name for name in sorted(after) if after[name] != before.get(name)]
    say(f"{sum(after.values())} rows in {len(after)} tables; {found.file_count} files; every page's checksum is right.")
    shown = changed if is_verbose else [name for name in changed if name.startswith("ledger.")]
    for name in sorted(shown, key=lambda name: (not name.startswith("ledger."), name)):
        say(f"  {name}: {before.get(name, 0)} in the backup, {after[name]} now")
    if len(shown) < len(changed):
        say(f"  {_count(len(changed) - len(shown), 'other table')} changed too; --verbose names them.")
    if found.seals_aside:
        counted = f"{_count(found.seals_aside, 'seal')} {'was' if found.seals_aside == 1 else 'were'}"
        say(f"  {counted} made after that time; what was published of them is in seals-given-up.")
    say(f"Look at it with:  {command('check --read-only', found.directory)}")
    say(f"Start it with:    {command(start_word(found.directory), found.directory)}")
    say(
        f"Its backups go to {found.directory / 'backups'} then. To go on in {store.place} instead, put "
        f"LOCALEX_BACKUP_DIR={shlex.quote(store.place)} in front, and never start the old town again."
    )


def _parse_time(text: str) -> datetime | None:
    if text.strip().lower() == "latest":
        return None
    try:
        return datetime.fromisoformat(text.strip()).astimezone()
    except ValueError:
        raise StartError(
            f"{text} is no time. Write it like 2026-11-23T14:32:07+01:00, or `latest`.", ExitCode.USAGE
        ) from None


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
