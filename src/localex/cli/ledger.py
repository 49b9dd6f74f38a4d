"""`localex ledger ...`: prove entries, see seals and stops, stop and resume postings."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from localex.cli.options import DataDir, installation
from localex.cli.output import errors, progress, say
from localex.embedded.errors import ExitCode, StartError

ledger = typer.Typer(no_args_is_help=True, rich_markup_mode="rich", help="The books: proofs, seals, and stopping.")

WHERE_ENTRIES = (
    "ACCOUNT/NUMBER of an entry, both as the staff pages show them under Accounts; or the number (UUID) of a posting, "
    "which is also in the name of the file that a member downloads."
)
Community = Annotated[str, typer.Argument(help="Short name (slug) of the community, or its number (UUID).")]
Why = Annotated[str, typer.Option("--why", help="Why, in a sentence; it is kept in the ledger's audit for ever.")]


@contextmanager
def _at_work(data_dir: Path | None) -> Iterator[None]:
    """The application, with its errors as a sentence and an exit code."""
    from localex.cli.application import application
    from localex.lib.errors import LocalExError

    with errors(), application(installation(data_dir)):
        try:
            yield
        except LocalExError as error:
            raise StartError(" ".join(filter(None, [error.message, error.kept])), ExitCode.FAILED) from error


def _find_community(words: str) -> UUID:
    from localex.communities.queries import get_by_slug

    try:
        return UUID(words)
    except ValueError:
        return get_by_slug(slug=words).id


@ledger.command()
def prove(
    entry: Annotated[str, typer.Argument(help=WHERE_ENTRIES)],
    out: Annotated[Path | None, typer.Option("--out", help="File to write to, instead of standard output.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Write the proof that a posting is in the sealed books, for docs/verify_entry.py on any machine.

    It is the whole proof: it shows the accounts and balances of everybody who takes part.

    [bold]Example[/bold]

    localex ledger prove 1/2 --out proof.json
    """
    import json

    with _at_work(data_dir):
        from localex.credits import proofs
        from localex.lib.errors import NotFound

        account, _, number = entry.partition("/")
        try:
            journal_id = proofs.find_journal(account_id=int(account), seq=int(number)) if number else UUID(entry)
        except ValueError:
            raise typer.BadParameter("an entry is ACCOUNT/NUMBER, a posting a UUID") from None
        except NotFound:
            words = f"There is no line {number} in an account {account}. Give the {WHERE_ENTRIES}"
            raise StartError(words, ExitCode.FAILED) from None
        text = json.dumps(proofs.prove(journal_id=journal_id), indent=1)
    if out is None:
        say(text)
    else:
        out.write_text(text + "\n", encoding="utf-8")
        say(f"The proof is in {out}.")


@ledger.command()
def seals(
    last: Annotated[int, typer.Option("--last", min=1, max=10_000, help="How many to show.")] = 10,
    now: Annotated[bool, typer.Option("--now", help="Seal what was booked up to now first, and publish it.")] = False,
    data_dir: DataDir = None,
) -> None:
    """List the newest seals. The digest of one, kept elsewhere, proves everything that was booked before it.

    [bold]Example[/bold]

    localex ledger seals --now --last 1
    """
    with _at_work(data_dir):
        from localex.credits.health import find_last_seal
        from localex.credits.seals import list_seals

        if now:
            _seal_now()
        newest = find_last_seal()
        rows = list(list_seals(after_no=max(0, newest.seal_no - last))) if newest else []
    if not rows:
        say("Nothing is sealed yet.")
        return
    for row in rows:
        # No table: a digest that is cut to the width of a terminal is none.
        say(f"{row.seal_no:>8}  until {_utc(row.until)} UTC  {row.leaves:>7,} rows  {row.digest}")


def _seal_now() -> None:
    from localex.credits import inspection
    from localex.credits.models import CheckRun
    from localex.credits.seals import seal_everything

    seal_everything()
    inspection.inspect(scope=CheckRun.INCREMENTAL)


def _utc(microseconds: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(microseconds / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")


@ledger.command()
def status(data_dir: DataDir = None) -> None:
    """Say when the ledger was checked and sealed last, and where postings are stopped; exit code 1 if one is.

    Also the rows that a check found and none has found in order since, and what coordinators gave in the last 30 days
    (members by their pseudonyms, newest first, at most 200).

    [bold]Example[/bold]

    localex ledger status
    """
    with _at_work(data_dir):
        from localex.credits import health
        from localex.operations.ledger import list_offences

        stops = health.list_stops()
        lines = [
            _describe_check("full check", health.find_last_check(scope="full")),
            _describe_check("check of what is new", health.find_last_check(scope="incremental")),
        ]
        seal = health.find_last_seal()
        offences = list_offences(health.list_open_failures())
        given = health.list_given()
        slugs = _slugs()
    lines.append(
        f"Last seal: {seal.seal_no}, until {_when(seal.until)}, {seal.digest.hex()}" if seal else "No seal yet."
    )
    lines += [
        f"STOPPED since {_when(each.stopped_at)}: {slugs.get(each.community_id, each.community_id)}: {each.why}"
        for each in stops
    ]
    lines += [] if stops else ["Postings go on everywhere."]
    lines += [f"BROKEN {row['check']}: {row['subject']}: {row['detail']}" for row in offences]
    lines += [_describe_given(each, slugs) for each in given] or ["No coordinator gave credits in the last 30 days."]
    for line in lines:
        say(line)
    if stops:
        raise typer.Exit(ExitCode.FAILED)


def _describe_check(name: str, run: Any) -> str:
    if run is None:
        return f"No {name} yet."
    broken = ", ".join(result["name"] for result in run.results if result["count"])
    return f"Last {name}: {_when(run.finished_at)}, {'all in order' if run.ok else 'BROKEN: ' + broken}"


def _slugs() -> dict[UUID, str]:
    """The short names of the communities, as the commands take them."""
    from localex.communities.models import Community

    return dict(Community.objects.values_list("pk", "slug"))


def _describe_given(given: Any, slugs: dict[UUID, str]) -> str:
    from localex.lib.money import display

    by, place = given.actor or "nobody known", slugs.get(given.community_id, given.community_id)
    return f"Given {_when(given.at)}: {display(given.amount)} to {given.owner} by {by} in {place}"


def _when(moment: Any) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


@ledger.command()
def stop(community: Community, why: Why, data_dir: DataDir = None) -> None:
    """Let no credits move in a community ("all": anywhere) until `localex ledger resume`. Members are told why.

    [bold]Example[/bold]

    localex ledger stop krems --why "A wrong grant is being looked into."
    """
    with _at_work(data_dir):
        from localex.credits import inspection

        stopped = inspection.stop(community_id=None if community == "all" else _find_community(community), words=why)
    say(f"Stopped in {stopped} communities." if stopped != 1 else "Stopped.")


@ledger.command()
def resume(
    community: Community,
    why: Why,
    despite: Annotated[
        bool, typer.Option("--despite", help="Even though checks fail: what is broken now is known and understood.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Let credits move again in a community. Checks everything first, and refuses while something is wrong there.

    [bold]Example[/bold]

    localex ledger resume krems --why "The disk was replaced and the backup of 14:30 restored."
    """
    with _at_work(data_dir):
        from localex.credits import inspection

        with progress("Checking") as report:
            was_stopped = inspection.resume(
                community_id=_find_community(community), actor=None, words=why, despite=despite, progress=report
            )
    say("Credits move again." if was_stopped else "It was not stopped.")
