"""`localex ledger ...` and what `localex check` does when something is wrong."""

import json
import re
from pathlib import Path

from localex.cli.commands import describe_offence
from localex.cli.ledger import ledger
from localex.embedded import roles
from localex.embedded.errors import ExitCode
from tests.cli.conftest import Run, run_command
from tests.credits.books import Books
from tests.processes import run_python
from tests.servers import Servers

SCRIPT = Path(__file__).parents[2] / "docs" / "verify_entry.py"


def new_books(servers: Servers, database: str) -> Books:
    books = Books(servers, database)
    books.open()
    return books


def test_each_command_explains_itself() -> None:
    for command in ledger.registered_commands:
        name = str(command.name or command.callback.__name__)  # type: ignore[union-attr]
        done = run_command("ledger", name, "--help")
        assert done.returncode == 0
        assert f"localex ledger {name}" in done.stdout


def test_from_a_seal_to_a_proof_on_another_machine(
    localex: Run, database: str, servers: Servers, tmp_path: Path
) -> None:
    books = new_books(servers, database)
    here = {"LOCALEX_DATA_DIR": str(tmp_path / "site")}
    assert "Nothing is sealed yet." in localex(database, "ledger", "seals", **here).stdout
    posting = books.grant(books.member(), 250)
    early = localex(database, "ledger", "prove", str(posting), **here)
    assert early.returncode == ExitCode.FAILED
    assert "not sealed yet" in early.stderr
    listed = localex(database, "ledger", "seals", "--now", **here).stdout
    digest = re.search(r"1  until \S+ \S+ UTC +14 rows  ([0-9a-f]{64})\n", listed)
    assert digest
    ((account,),) = books.run("SELECT account_id FROM ledger.accounts WHERE posted > 0")
    proof = tmp_path / "proof.json"
    assert localex(database, "ledger", "prove", f"{account}/1", "--out", str(proof), **here).returncode == 0
    printed = localex(database, "ledger", "prove", str(posting), **here).stdout
    assert json.loads(printed) == json.loads(proof.read_text())
    for words in (["--digest", digest[1]], ["--seal", str(tmp_path / "site" / "seals" / "1.json")]):
        done = run_python("-I", SCRIPT, proof, *words)
        assert (done.returncode, done.stdout[:6]) == (0, "PROVEN")
    nowhere = localex(database, "ledger", "prove", f"{account}/9", **here)
    assert nowhere.returncode == ExitCode.FAILED
    assert f"There is no line 9 in an account {account}." in nowhere.stderr
    assert "staff pages" in nowhere.stderr
    assert localex(database, "ledger", "prove", "nonsense", **here).returncode == ExitCode.USAGE


def test_stop_and_resume(localex: Run, database: str, servers: Servers) -> None:
    books = new_books(servers, database)
    assert "Postings go on everywhere." in localex(database, "ledger", "status").stdout
    assert localex(database, "ledger", "stop", str(books.id), "--why", "A look is needed.").returncode == 0
    status = localex(database, "ledger", "status")
    assert status.returncode == ExitCode.FAILED
    assert f"{books.id}: A look is needed." in status.stdout
    assert localex(database, "ledger", "stop", "nowhere", "--why", "x").returncode == ExitCode.FAILED
    resumed = localex(database, "ledger", "resume", str(books.id), "--why", "It was nothing.")
    assert (resumed.returncode, "Credits move again." in resumed.stdout) == (0, True), resumed.stderr
    assert "It was not stopped." in localex(database, "ledger", "resume", str(books.id), "--why", "Again.").stdout


def test_a_check_that_fails_names_the_rows_and_stops_postings(localex: Run, database: str, servers: Servers) -> None:
    books = new_books(servers, database)
    books.grant(books.member())
    with books.connect(roles.SUPER) as superuser:
        superuser.execute("ALTER TABLE ledger.balance DISABLE TRIGGER refuse_outside")
        superuser.execute("UPDATE ledger.balance SET posted = 7 WHERE balance_id < 9 AND posted > 0")
        superuser.execute("ALTER TABLE ledger.balance ENABLE ALWAYS TRIGGER refuse_outside")
    for words in (["check", "--since-last-seal"], ["check", "--full"]):
        done = localex(database, *words)
        assert done.returncode == ExitCode.FAILED
        assert "BROKEN  I1" in done.stdout
        # Each thing once, in words, with the unit.
        assert f" community {books.id}: its balances sum to -93\n" in done.stdout
        assert "Amounts are hundredths of a credit.\n" in done.stdout
        assert "promise" not in done.stdout + done.stderr
        assert re.search(r"gift account \d in \S+: its balance is 7", done.stdout)
    assert localex(database, "ledger", "status").returncode == ExitCode.FAILED
    refused = localex(database, "ledger", "resume", str(books.id), "--why", "Let us see.")
    assert refused.returncode == ExitCode.FAILED
    assert "I1, I3" in refused.stderr
    despite = localex(database, "ledger", "resume", str(books.id), "--why", "We know.", "--despite")
    assert despite.returncode == 0


def test_a_row_names_its_community_once_and_by_its_name() -> None:
    number = "019f9c86-0000-7000-8000-000000000001"
    row = {"community_id": number, "subject": f"community {number}", "detail": "its balances sum to 300"}
    assert describe_offence(row, {number: "krems"}) == "community krems: its balances sum to 300"
    assert describe_offence(row, {}) == f"community {number}: its balances sum to 300"
    row["subject"] = "main account 7"
    assert describe_offence(row, {number: "krems"}) == "main account 7 in krems: its balances sum to 300"
    row["community_id"] = ""
    assert describe_offence(row, {}) == "main account 7: its balances sum to 300"


def test_a_database_of_another_release_is_told_to_migrate(localex: Run, database: str, servers: Servers) -> None:
    with servers.connect(roles.SUPER, database) as superuser:
        superuser.execute("ALTER VIEW ledger.seals RENAME TO seals_of_later")
    done = localex(database, "check")
    assert done.returncode == ExitCode.NEWER_VERSION
    assert "localex migrate" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_read_only_check_changes_nothing_and_status_names_the_rows(
    localex: Run, database: str, servers: Servers, tmp_path: Path
) -> None:
    books = new_books(servers, database)
    here = {"LOCALEX_DATA_DIR": str(tmp_path / "site")}
    owner = books.member()
    books.run(
        f"SELECT ledger.grant_credits(uuidv7(), '{books.id}', '{owner}', 250, 'coordinator_grant', '{owner}')",
    )
    with books.connect(roles.SUPER) as superuser:
        superuser.execute("ALTER TABLE ledger.balance DISABLE TRIGGER refuse_outside")
        superuser.execute("UPDATE ledger.balance SET posted = 7 WHERE posted > 0")
        superuser.execute("ALTER TABLE ledger.balance ENABLE ALWAYS TRIGGER refuse_outside")
    looked = localex(database, "check", "--read-only", **here)
    assert looked.returncode == ExitCode.FAILED
    assert "BROKEN  I3" in looked.stdout
    assert "Nothing was changed." in looked.stderr
    status = localex(database, "ledger", "status", **here)
    assert status.returncode == 0
    assert "No full check yet." in status.stdout
    assert f"2.50 to {owner} by {owner} in {books.id}" in status.stdout
    assert not (tmp_path / "site" / "seals").exists()

    assert localex(database, "check", **here).returncode == ExitCode.FAILED
    status = localex(database, "ledger", "status", **here)
    assert status.returncode == ExitCode.FAILED
    assert "BROKEN I3: gift account" in status.stdout
