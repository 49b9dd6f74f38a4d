"""The other commands: help, check, doctor, places import."""

import gzip
import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from localex.cli.app import EXIT_CODES
from localex.embedded import roles
from localex.embedded.directory import RESTORING
from localex.embedded.errors import ExitCode
from tests.cli.conftest import Run, run_command
from tests.servers import Servers, forge_credits

COMMANDS = (
    ("up",),
    ("demo",),
    ("migrate",),
    ("check",),
    ("doctor",),
    ("upgrade",),
    ("drill",),
    ("staff",),
    ("places", "import"),
)


@pytest.mark.parametrize("words", COMMANDS)
def test_each_command_explains_itself(words: tuple[str, ...]) -> None:
    done = run_command(*words, "--help")
    assert done.returncode == 0
    assert "Example" in done.stdout
    assert f"localex {' '.join(words)}" in done.stdout


def test_which_version_this_is() -> None:
    done = run_command("--version")
    assert (done.returncode, done.stdout) == (0, f"LocalEx {version('localex')}\n")
    assert "--version" in run_command("--help").stdout
    assert "Neighbours trade things" in run_command("--help").stdout


def test_the_help_names_every_command_and_exit_code() -> None:
    shown = run_command("--help").stdout
    assert all(words[0] in shown for words in COMMANDS)
    documented = {int(number) for number in re.findall(r"\b(\d+) [a-zA-Z]", EXIT_CODES)}
    assert documented == {int(code) for code in ExitCode}


def test_the_documents_name_every_exit_code() -> None:
    text = (Path(__file__).parents[2] / "docs" / "running.md").read_text()
    documented = [int(number) for number in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)]
    assert documented == sorted(ExitCode)


def test_wrong_usage() -> None:
    assert run_command("up", "--port", "99999999").returncode == ExitCode.USAGE
    assert run_command("fly").returncode == ExitCode.USAGE


def test_check_has_a_line_for_each_invariant(localex: Run, database: str) -> None:
    done = localex(database, "check")
    assert done.returncode == 0, done.stderr
    lines = [line.split()[:2] for line in done.stdout.splitlines()]
    assert lines[:8] == [["fine", f"I{number}"] for number in range(1, 9)]


def test_check_finds_a_credit_from_nowhere(localex: Run, database: str, servers: Servers) -> None:
    forge_credits(servers, database)
    done = localex(database, "check")
    assert done.returncode == ExitCode.FAILED
    assert "BROKEN  I1" in done.stdout
    assert "The ledger is not in order." in done.stderr


@pytest.mark.parametrize("command", ["drill", "upgrade"])
def test_what_needs_an_installation_says_so(tmp_path: Path, command: str) -> None:
    done = run_command(command, "--data-dir", str(tmp_path / "none"), DATABASE_URL="", REDIS_URL="")
    assert done.returncode == ExitCode.NOT_RUNNING
    assert "There is no installation" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "none").exists()


def test_check_without_an_installation(tmp_path: Path) -> None:
    done = run_command("check", "--data-dir", str(tmp_path / "none"), DATABASE_URL="")
    assert done.returncode == ExitCode.NOT_RUNNING
    assert "There is no installation" in done.stderr
    assert not (tmp_path / "none").exists()


def test_doctor_on_a_healthy_machine(localex: Run, database: str) -> None:
    done = localex(database, "doctor", "--port", "1")
    assert done.returncode in {ExitCode.OK, ExitCode.FAILED}
    for line in ("fine  Python", "fine  Python packages", "fine  DATABASE_URL: answers", "fine  Migrations: all done"):
        assert line in done.stdout
    assert "note  Backups: No restore was proven here yet." in done.stdout
    assert "Nothing is wrong." not in done.stdout


def test_doctor_names_what_is_missing_for_the_worst_day(localex: Run, database: str, servers: Servers) -> None:
    detail = {"store": "/mnt/here", "same_disk": True, "key_confirmed": False}
    with servers.connect(roles.OWNER, database) as owner:
        owner.execute(
            "INSERT INTO operations_status (name, at, detail) VALUES ('backup', now(), %s)", [json.dumps(detail)]
        )
    shown = localex(database, "doctor", "--port", "1").stdout
    for words in (
        "Backups: Nobody has confirmed a copy of the backup key",
        "Backups: The backups lie on the same disk",
        "Backups: No restore has ever been proven here",
    ):
        assert words in shown


def test_doctor_calls_a_failed_drill_broken(localex: Run, database: str, servers: Servers) -> None:
    """Until the next one passes: a drill that was proven before helps nobody."""
    detail = {"store": "/mnt/there", "same_disk": False, "key_confirmed": True}
    with servers.connect(roles.OWNER, database) as owner:
        owner.execute(
            "INSERT INTO operations_status (name, at, detail) VALUES ('backup', now(), %s)", [json.dumps(detail)]
        )

    def drilled(ok: bool) -> str:
        found = json.dumps({"store": "/mnt/there", "restored_to": "2026-11-23T03:00:00+00:00"})
        with servers.connect(roles.OWNER, database) as owner:
            owner.execute(
                "INSERT INTO operations_run (kind, started_at, finished_at, ok, detail)"
                " VALUES ('drill', clock_timestamp(), clock_timestamp(), %s, %s)",
                [ok, found],
            )
        done = localex(database, "doctor", "--port", "1")
        assert (done.returncode == ExitCode.FAILED) == ("wrong" in done.stdout)
        return done.stdout

    assert "The last restore drill failed" not in drilled(True)
    failed = drilled(False)
    assert "wrong Backups: The last restore drill failed: the backups may be of no use." in failed
    assert "Run `localex drill` and read what it says." in failed.replace("\n", " ")
    assert "Nothing is broken" not in failed
    assert "The last restore drill failed" not in drilled(True)


def test_doctor_says_what_is_wrong_and_how_to_mend_it(localex: Run, servers: Servers) -> None:
    secret = servers.cluster.secrets.read("app_password")
    done = localex("nowhere", "doctor", "--host", "192.0.2.1", EMAIL_URL="smtp://user:hidden@127.0.0.1:1")
    assert done.returncode == ExitCode.FAILED
    assert "wrong DATABASE_URL: does not answer" in done.stdout
    assert "unset DATABASE_URL to use the own one" in done.stdout
    assert "wrong EMAIL_URL" in done.stdout
    assert "192.0.2.1 is not an address of this machine" in done.stdout
    assert "things are wrong" in done.stdout
    assert secret not in done.stdout
    assert "hidden" not in done.stdout
    assert "Traceback" not in done.stderr


def test_doctor_changes_nothing(tmp_path: Path) -> None:
    done = run_command("doctor", "--data-dir", str(tmp_path / "none"), DATABASE_URL="", REDIS_URL="")
    assert "made on the first start" in done.stdout
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("word", ["up", "doctor", "check"])
def test_every_command_says_how_an_unfinished_restore_goes_on(tmp_path: Path, word: str) -> None:
    (tmp_path / "back").mkdir()
    (tmp_path / "back" / RESTORING).write_text("{}")
    done = run_command(word, "--data-dir", str(tmp_path / "back"), DATABASE_URL="", REDIS_URL="")
    said = done.stdout + done.stderr
    assert done.returncode == (ExitCode.FAILED if word == "doctor" else ExitCode.DAMAGED)
    assert "has not finished, so this is no town yet" in said
    assert f"`localex restore --into {tmp_path / 'back'}` with the same --to, --store and --key" in said
    assert "localex up" not in said
    assert "Nothing is wrong" not in said


@pytest.mark.parametrize("word", ["doctor", "check"])
def test_a_folder_of_other_things_is_no_place_for_a_town(tmp_path: Path, word: str) -> None:
    (tmp_path / "passwd").write_text("x")
    done = run_command(word, "--data-dir", str(tmp_path), DATABASE_URL="", REDIS_URL="")
    assert done.returncode == (ExitCode.FAILED if word == "doctor" else ExitCode.NOT_WRITABLE)
    assert "holds other files and is no data directory" in done.stdout + done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["passwd"]


def test_places_of_a_community_that_is_not_there(localex: Run, database: str, tmp_path: Path) -> None:
    extract = tmp_path / "empty.osm.gz"
    extract.write_bytes(gzip.compress(b'<osm version="0.6"></osm>'))
    done = localex(database, "places", "import", str(extract), "--community", "atlantis")
    assert done.returncode == ExitCode.FAILED
    assert "There is no community with this name." in done.stderr
    assert localex(database, "places", "import", "no-such-file", "--community", "x").returncode == ExitCode.USAGE


def test_places_come_into_their_community(localex: Run, database: str, servers: Servers) -> None:
    founding = (
        "import django; django.setup();"
        "from localex.communities.services import create_community;"
        "from localex.lib.geo import Point;"
        "create_community(slug='krems', name='Krems', area_name='Krems', country='AT', timezone='Europe/Vienna',"
        " centre=Point(48.41, 15.61))"
    )
    environment = {**os.environ, **servers.environment(database)}
    subprocess.run([sys.executable, "-c", founding], env=environment, check=True)
    extract = Path(__file__).parents[2] / "src" / "localex" / "demo" / "data" / "krems.osm.gz"
    done = localex(database, "places", "import", str(extract), "--community", "krems")
    assert done.returncode == 0, done.stderr
    assert re.search(r"krems: \d+ places \(\d+ new, 0 updated, 0 retired\), \d+ postcodes\.", done.stdout)


@pytest.mark.parametrize(("password", "is_fine"), [("three warm winter evenings", True), ("q7-q7-q7", False)])
def test_staff_may_sign_in_at_the_staff_pages(
    localex: Run, database: str, servers: Servers, password: str, is_fine: bool
) -> None:
    done = localex(database, "staff", "Me@town.example", stdin=f"{password}\n")
    assert done.returncode == (ExitCode.OK if is_fine else ExitCode.FAILED), done.stderr
    with servers.connect(roles.OWNER, database) as owner:
        rows = owner.execute("SELECT email, is_staff, is_superuser FROM members_user").fetchall()
    assert rows == ([("me@town.example", True, True)] if is_fine else [])
    assert ("12 characters" in done.stderr) is not is_fine
    assert password not in done.stdout + done.stderr
