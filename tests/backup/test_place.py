"""Every command looks for the backups where `localex up` keeps them, and says so."""

import io
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from localex.backup.catalogue import list_backups
from localex.backup.errors import NothingToRestore, WrongKey
from localex.backup.files import scan
from localex.backup.keys import Keys
from localex.backup.manifest import object_name
from localex.backup.place import FILE, read_place
from localex.backup.restoring import choose
from localex.backup.sealed import seal
from localex.backup.stores import find_store
from localex.cli.stores import open_store
from localex.cli.up import Start, place_backups
from localex.embedded.directory import DataDirectory
from localex.embedded.installation import Installation
from localex.embedded.secret_files import SecretFiles
from tests.backup.manifests import make_manifest

UNIT = Path(__file__).parents[2] / "docs" / "operators" / "backup.md"


@pytest.fixture
def data(tmp_path: Path) -> DataDirectory:
    directory = DataDirectory(tmp_path / "data")
    directory.secrets.mkdir(parents=True)
    SecretFiles(directory.secrets).prepare(is_first_start=True)
    return directory


def with_variable(data: DataDirectory, folder: Path | None = None) -> Installation:
    """The installation in a shell with or without LOCALEX_BACKUP_DIR."""
    return Installation.at(data.root, {"LOCALEX_BACKUP_DIR": str(folder)} if folder else {})


def test_up_records_the_variable_and_goes_on_there(data: DataDirectory, tmp_path: Path) -> None:
    assert place_backups(with_variable(data)).startswith(f"Backups go to {data.root / 'backups'} (in the data")
    assert read_place(data) is None

    first, second = tmp_path / "first", tmp_path / "second"
    assert place_backups(with_variable(data, first)) == f"Backups go to {first} (LOCALEX_BACKUP_DIR; remembered)."
    assert place_backups(with_variable(data)).startswith(f"Backups go to {first} (the last LOCALEX_BACKUP_DIR")
    assert find_store(data).place == str(first)
    assert place_backups(with_variable(data, second)).startswith(f"Backups go to {second} (LOCALEX_BACKUP_DIR")
    assert find_store(data).place == str(second)


def test_the_start_says_where_the_backups_go(
    data: DataDirectory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Parts:
        def start(self, part: Any) -> None:
            started.append(part)

    started: list[Any] = []
    start = Start(with_variable(data, tmp_path / "disk"), cast("Any", Parts()), host="", port=0, is_demo=False)
    start._start_backups()
    assert len(started) == 1
    assert f"Backups go to {tmp_path / 'disk'} " in capsys.readouterr().out
    assert read_place(data) == tmp_path / "disk"


def test_a_command_in_another_shell_uses_the_recorded_place_and_only_reads_it(
    data: DataDirectory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place_backups(with_variable(data, tmp_path / "disk"))

    assert open_store(with_variable(data), None).place == str(tmp_path / "disk")
    assert f"Backups in {tmp_path / 'disk'}, where" in capsys.readouterr().err
    assert open_store(with_variable(data), tmp_path / "stick").place == str(tmp_path / "stick")
    assert capsys.readouterr().err == ""
    assert read_place(data) == tmp_path / "disk"


def test_the_place_is_in_no_backup(data: DataDirectory, tmp_path: Path) -> None:
    """A restored town ships nowhere unless it is told where."""
    place_backups(with_variable(data, tmp_path / "disk"))
    (data.root / "kept").write_text("x")
    names = {found.path for found in scan(data.root)}
    assert "kept" in names
    assert FILE not in names


def test_a_place_without_backups_names_those_that_were_used(data: DataDirectory, tmp_path: Path) -> None:
    with find_store(data, tmp_path / "disk").writing("one") as file:
        file.write(b"x")
    (tmp_path / "empty").mkdir()
    keys = Keys.prepare(data.secrets)

    with pytest.raises(NothingToRestore) as missing:
        choose(find_store(data, tmp_path / "gone"), keys, backup_id="", to=None)
    assert missing.value.message == (
        f"There is no backup in {tmp_path / 'gone'}: the folder does not exist, as when its disk is not mounted. "
        f"This town has kept backups in {tmp_path / 'disk'} (--store)."
    )
    assert find_store(data, tmp_path / "empty").describe_empty().startswith(f"There is no backup in {tmp_path}/empty. ")
    assert find_store(data, tmp_path / "disk").describe_empty() == f"There is no backup in {tmp_path / 'disk'}."


def test_a_changed_key_is_said_with_what_helps(data: DataDirectory, tmp_path: Path) -> None:
    store, keys = find_store(data, tmp_path / "disk"), Keys.prepare(data.secrets)
    manifest = make_manifest(datetime(2026, 11, 23, tzinfo=UTC))
    seal(store, keys, object_name(manifest.backup_id), io.BytesIO(manifest.to_json()))
    (tmp_path / "other").mkdir()
    with pytest.raises(WrongKey, match="was encrypted with another key") as wrong:
        list_backups(store, Keys.prepare(tmp_path / "other"))
    assert "set LOCALEX_BACKUP_DIR to a new, empty folder" in wrong.value.message
    assert f"to read what is in {tmp_path / 'disk'}" in wrong.value.message


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd's own checker")
def test_the_unit_in_the_documents_is_one(tmp_path: Path) -> None:
    found = re.search(r"```ini\n(.*?)```", UNIT.read_text(), re.DOTALL)
    assert found is not None
    unit = tmp_path / "localex.service"
    # The clone and the user of the example are not on this machine.
    unit.write_text(found[1].replace("/opt/localex/.venv/bin/localex", sys.executable))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", unit], capture_output=True, text=True, check=False
    )
    assert (done.returncode, [line for line in done.stderr.splitlines() if "localex" in line]) == (0, [])
