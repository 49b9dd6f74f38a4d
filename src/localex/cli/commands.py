"""The commands that do one thing and end."""

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localex.cli.application import application, set_up
from localex.cli.output import console, error_console, progress, say
from localex.embedded.errors import ExitCode, StartError
from localex.embedded.fingerprints import static_fingerprint
from localex.embedded.installation import Installation

if TYPE_CHECKING:
    from localex.cli.migration_plan import PlannedMigration

STATIC_NOTE = ".fingerprint"


def run_migrate(installation: Installation, *, is_plan_only: bool, is_new: bool) -> None:
    """`localex migrate`."""
    with application(installation, as_owner=True):
        if is_plan_only:
            _show_plan(installation, is_new=is_new)
        else:
            _migrate(installation, is_new=is_new)


def _show_plan(installation: Installation, *, is_new: bool) -> None:
    from localex.cli.migration import describe_plan

    plan = describe_plan(data_dir=installation.directory.root, is_new=is_new)
    if plan:
        _print_plan(plan, "would run")
    else:
        say("The database is up to date.")


def _print_plan(plan: "list[PlannedMigration]", words: str = "to run") -> None:
    """One row for each migration, with the tables that are there already, their rows and who waits."""
    from rich.table import Table

    title = f"{len(plan)} migration{'s' if len(plan) > 1 else ''} {words}"
    table = Table("Context", "Migration", "What it does", "Tables that are there", title=title, title_justify="left")
    for one in plan:
        touched = (f"{known.name} (about {known.rows:,} rows): {known.waits.words}" for known in one.tables)
        table.add_row(one.app, one.name, ", ".join(one.acts), "\n".join(touched) or "none")
    console().print(table)


def _migrate(installation: Installation, *, is_new: bool) -> None:
    from localex.cli.migration import migrate

    with progress("Migrating") as report:
        count = migrate(
            report,
            app_url=installation.app_url,
            owner_url=installation.owner_url,
            data_dir=installation.directory.root,
            is_new=is_new,
            tell=_print_plan,
        )
    say(f"Ran {count} migrations." if count else "The database is up to date.")


def run_gather_static(installation: Installation) -> None:
    """Put the static files under hashed names into the data directory, as the web server wants them; no database."""
    from django.core.management import call_command

    try:
        set_up()
    except StartError as error:
        # The check of the settings, which runs at the same time, says it.
        sys.exit(error.exit_code)
    fingerprint = static_fingerprint()
    call_command("collectstatic", verbosity=0, interactive=False)
    (installation.directory.static / STATIC_NOTE).write_text(fingerprint)


def are_static_files_current(installation: Installation, fingerprint: str) -> bool:
    """Whether the gathered static files are those that `fingerprint` stands for."""
    try:
        return (installation.directory.static / STATIC_NOTE).read_text() == fingerprint
    except OSError:
        return False


def run_check(installation: Installation, *, is_full: bool, is_read_only: bool = False) -> ExitCode:
    """`localex check`: one line for each invariant of the ledger, and the rows that break it."""
    with application(installation):
        from localex.communities.models import Community
        from localex.credits import inspection
        from localex.credits.models import CheckRun

        # The rows are printed below, in words; a line of JSON for each check would say them once more.
        logging.getLogger(inspection.__name__).setLevel(logging.CRITICAL)
        scope = CheckRun.FULL if is_full else CheckRun.INCREMENTAL
        with progress("Checking") as report:
            if is_read_only:
                results = [inspection.as_json(each) for each in inspection.look(scope=scope, progress=report)]
            else:
                results = inspection.inspect(scope=scope, progress=report).results
        slugs = {str(number): slug for number, slug in Community.objects.values_list("pk", "slug")}
    for result in results:
        _show_result(result, slugs)
    if not any(result["count"] for result in results):
        return ExitCode.OK
    if any(result["offences"] for result in results):
        say("Amounts are hundredths of a credit.")
    if is_read_only:
        error_console().print("[bold red]The ledger is not in order.[/] Nothing was changed.")
        return ExitCode.FAILED
    error_console().print(
        "[bold red]The ledger is not in order.[/] Postings are stopped where that was found (localex ledger status). "
        "Keep evidence first (localex backup) and restore over nothing: docs/operators/security.md has the steps. "
        "When it is put right: localex ledger resume."
    )
    return ExitCode.FAILED


def _show_result(result: dict[str, Any], slugs: dict[str, str]) -> None:
    """One promise in a line, and below it the rows that break it; `slugs` are the communities' names by number."""
    from rich.text import Text

    mark = ("BROKEN", "bold red") if result["count"] else ("fine  ", "green")
    console().print(Text.assemble(mark, f"  {result['name']}  {result['words']}"))
    for row in result["offences"]:
        say(f"            {describe_offence(row, slugs)}")
    if result["count"] > len(result["offences"]):
        say(f"            and {result['count'] - len(result['offences'])} more")
    for note in result["notes"]:
        say(f"            {note}")


def describe_offence(row: dict[str, Any], slugs: dict[str, str]) -> str:
    """A row that breaks a promise in one line, with its community named once: by its slug, or by its number."""
    subject, number = str(row["subject"]), str(row["community_id"] or "")
    place = slugs.get(number, number)
    if number and number in subject:
        subject = subject.replace(number, place)
    elif number:
        subject = f"{subject} in {place}"
    return f"{subject}: {row['detail']}"


def run_import_places(installation: Installation, *, file: Path, community: str) -> None:
    """`localex places import`."""
    with application(installation):
        from localex.communities.queries import get_by_slug
        from localex.lib.errors import LocalExError
        from localex.places.services import import_places

        try:
            with progress("Importing places") as report:
                result = import_places(community_id=get_by_slug(slug=community).id, path=file, progress=report)
        except LocalExError as error:
            raise StartError(" ".join(filter(None, [error.message, error.kept])), ExitCode.FAILED) from error
    changes = f"{result.added} new, {result.updated} updated, {result.retired} retired"
    say(f"{community}: {result.active} places ({changes}), {result.postcode_count} postcodes.")


def run_staff(installation: Installation, *, email: str) -> None:
    """`localex staff`."""
    import typer

    if sys.stdin.isatty():
        password = str(typer.prompt("Password (at least 12 characters)", hide_input=True, confirmation_prompt=True))
    else:
        password = sys.stdin.readline().rstrip("\n")
    with application(installation):
        from django.conf import settings
        from django.core.exceptions import ValidationError
        from django.core.validators import validate_email

        from localex.members.services import appoint_staff

        try:
            validate_email(email)
            appoint_staff(email=email, password=password)
        except ValidationError as error:
            raise StartError(" ".join(error.messages), ExitCode.FAILED) from error
        path = settings.LOCALEX.staff_path
    say(f"{email} may sign in at /{path}/ and found a community there.")
