"""All commands with their help. What each does is in its own module, imported when it is called."""

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from localex.cli.backup import KeyFile, StoreDir, backup, restore, verify
from localex.cli.ledger import ledger
from localex.cli.options import DEFAULT_HOST, DEFAULT_PORT, DataDir, Host, Port, installation
from localex.cli.output import errors, say

EXIT_CODES = (
    "[bold]Exit codes[/bold]\n\n"
    "0 fine; 1 a check failed; 2 wrong usage; 10 a setting is missing or wrong; "
    "11 the data directory cannot be written; 12 LocalEx already runs there; 13 the port or address cannot be used; "
    "14 the disk is full; 15 the database was made by another version; 16 no unprivileged user for PostgreSQL; "
    "17 a server program is missing; 18 a server does not start or keeps ending; 19 a migration failed; "
    "20 the data directory or the database has lost something; 21 nothing runs there; "
    "22 real people live where the demo should; 23 the demo town lives where real people should; "
    "24 nobody has confirmed a copy of the backup key; 25 a backup is damaged; 26 no backup reaches that time."
)

app = typer.Typer(
    name="localex",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Neighbours trade things for credits, safely and without giving away who they are.",
    epilog=EXIT_CODES,
)
places = typer.Typer(no_args_is_help=True, rich_markup_mode="rich", help="Places where neighbours can meet.")
app.add_typer(places, name="places")
app.add_typer(ledger, name="ledger")
app.add_typer(backup, name="backup", rich_help_panel="Look after")


def _say_version(is_asked: bool) -> None:
    if is_asked:
        say(f"LocalEx {version('localex')}")
        raise typer.Exit


@app.callback()
def main(
    _: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say which LocalEx this is.")
    ] = False,
) -> None:
    """What stands before every command."""


@app.command(rich_help_panel="Run")
def up(data_dir: DataDir = None, port: Port = DEFAULT_PORT, host: Host = DEFAULT_HOST) -> None:
    """Start everything: database, Redis, web server and worker. Ctrl-C stops it.

    DATABASE_URL, REDIS_URL and EMAIL_URL name servers of your own to use instead.

    [bold]Examples[/bold]

    localex up

    localex up --port 9000 --data-dir /srv/localex
    """
    from localex.cli.up import run_up

    with errors():
        run_up(installation(data_dir), host=host, port=port, is_demo=False)


@app.command(rich_help_panel="Run")
def demo(data_dir: DataDir = None, port: Port = DEFAULT_PORT, host: Host = DEFAULT_HOST) -> None:
    """Start everything with a demo town full of neighbours; /demo signs in as any of them.

    The town is made on the first start. Use a data directory of its own.

    [bold]Examples[/bold]

    localex demo

    localex demo --data-dir /tmp/localex-demo --port 8080
    """
    from localex.cli.up import run_up

    with errors():
        run_up(installation(data_dir), host=host, port=port, is_demo=True)


@app.command(rich_help_panel="Look after")
def migrate(
    data_dir: DataDir = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Only show what would run: what it does, to how many rows, who waits.")
    ] = False,
    new: Annotated[
        bool, typer.Option("--new", help="An empty database is right, although this installation had one.")
    ] = False,
) -> None:
    """Bring the schema of the database up to date, after showing the plan. `up` does this by itself.

    Refuses a database that a newer LocalEx made, and an empty one where this installation had one already. Only one
    process migrates at a time. A statement ends after LOCALEX_MIGRATION_TIMEOUT_S seconds.

    [bold]Examples[/bold]

    localex migrate --plan

    DATABASE_OWNER_URL=postgresql://owner@db/localex DATABASE_URL=postgresql://app@db/localex localex migrate
    """
    from localex.cli.commands import run_migrate

    with errors():
        run_migrate(installation(data_dir), is_plan_only=plan, is_new=new)


@app.command(rich_help_panel="Look after")
def check(
    data_dir: DataDir = None,
    since_last_seal: Annotated[
        bool,
        typer.Option(
            "--since-last-seal/--full", help="Only what was booked since the last seal in order, or everything."
        ),
    ] = False,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Change nothing at all, for a restored copy that is compared.")
    ] = False,
) -> None:
    """Verify that the ledger keeps its promises: a line for each, and the rows that break one; then the exit code is 1.

    Before that it returns holds that ran out half an hour ago to their payers, which posts; afterwards it publishes
    seals that have no copy yet, keeps the result for the staff pages, and stops postings where something was found,
    until `localex ledger resume`. With --read-only it does none of these.

    [bold]Example[/bold]

    localex check && echo "every credit is where it should be"

    localex check --read-only --data-dir /srv/back
    """
    from localex.cli.commands import run_check

    with errors():
        sys.exit(run_check(installation(data_dir), is_full=not since_last_seal, is_read_only=read_only))


@app.command(rich_help_panel="Look after")
def doctor(data_dir: DataDir = None, port: Port = DEFAULT_PORT, host: Host = DEFAULT_HOST) -> None:
    """Say in plain words what is missing or wrong, and how to mend it. Changes nothing; exit code 1 if something is.

    [bold]Example[/bold]

    localex doctor --port 9000
    """
    from localex.cli.doctor import run_doctor

    with errors():
        sys.exit(run_doctor(installation(data_dir), host=host, port=port))


@app.command(rich_help_panel="Look after")
def upgrade(data_dir: DataDir = None) -> None:
    """Bring an installation to this version of LocalEx, or leave it exactly as it was.

    When nothing is to be done, it says so and stops nothing. Else it makes a backup, stops a LocalEx that runs on the
    directory, copies the database, migrates, serves a page where nobody else sees it, and checks the ledger. When one
    of these fails, the copy is put back. Killed in the middle, run it again.

    [bold]Example[/bold]

    git pull && make .venv/base.stamp && .venv/bin/localex upgrade
    """
    from localex.cli.upgrade import run_upgrade

    with errors():
        run_upgrade(installation(data_dir))


@app.command(rich_help_panel="Look after")
def staff(
    email: Annotated[str, typer.Argument(help="Whose account may open the staff pages; it is made if need be.")],
    data_dir: DataDir = None,
) -> None:
    """Open the staff pages at /staff/ to an account, where communities are founded. Asks for its password.

    Without a terminal the password is the first line of standard input.

    [bold]Example[/bold]

    localex staff me@town.example
    """
    from localex.cli.commands import run_staff

    with errors():
        run_staff(installation(data_dir), email=email)


@places.command("import")
def import_places(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="An OpenStreetMap extract: .osm.gz or .osm.pbf.")
    ],
    community: Annotated[
        str, typer.Option("--community", help="Short name (slug) of the community that gets the places.")
    ],
    data_dir: DataDir = None,
) -> None:
    """Read safe meeting places from an OpenStreetMap extract into a community.

    [bold]Example[/bold]

    localex places import krems.osm.gz --community krems
    """
    from localex.cli.commands import run_import_places

    with errors():
        run_import_places(installation(data_dir), file=file, community=community)


app.command(rich_help_panel="Look after")(verify)
app.command(rich_help_panel="Look after")(restore)


@app.command(rich_help_panel="Look after")
def drill(
    backup_id: Annotated[
        str, typer.Argument(metavar="[BACKUP]", help="Which backup.", show_default="the newest, with all of the log")
    ] = "",
    data_dir: DataDir = None,
    store: StoreDir = None,
    key_file: KeyFile = None,
    scratch: Annotated[
        Path | None, typer.Option("--scratch", help="Where to restore.", show_default="in the data directory")
    ] = None,
) -> None:
    """Restore a backup into a scratch directory, start it, check the ledger, compare, report, and remove it again.

    `up` does this by itself every day. Exit code 1 if something was not as it should be.

    [bold]Examples[/bold]

    localex drill

    localex drill --scratch /mnt/room/drill --store /mnt/other-disk/localex --key /media/stick/localex.key
    """
    from localex.cli.drill import run_the_drill

    with errors():
        own = installation(data_dir)
        sys.exit(run_the_drill(own, backup_id=backup_id, store=store, key_file=key_file, scratch=scratch))


@app.command("gather-static", hidden=True)
def gather_static(data_dir: DataDir = None) -> None:
    """What `up` does before it serves: gather the static files in one folder."""
    from localex.cli.commands import run_gather_static

    with errors():
        run_gather_static(installation(data_dir))


@app.command("fill-demo", hidden=True)
def fill_demo(data_dir: DataDir = None) -> None:
    """What `demo` does before it serves: make the town."""
    from localex.cli.demo_town import run_fill_demo

    with errors():
        run_fill_demo(installation(data_dir))


@app.command("check-settings", hidden=True)
def check_settings() -> None:
    """What `up` does first of all: read the environment."""
    from localex.cli.application import check_settings as check_them

    with errors():
        check_them()


def run() -> None:
    """Read the command line and act on it."""
    app(prog_name="localex")
