"""Somebody else can write to the folder of the backups: whatever lies there, nothing hangs, and it is said in words."""

import io
import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from localex.backup import engine
from localex.backup.errors import BackupDamaged
from localex.backup.files import MAX_LINE_BYTES, read_index
from localex.backup.keys import FILE
from localex.backup.manifest import Manifest, object_name
from localex.backup.marker import MARKER, MAX_MARKER_BYTES, read_marker
from localex.backup.sealed import seal_compressed
from localex.backup.stores import LOCK_PREFIX, FolderStore
from localex.embedded.errors import ExitCode
from tests.backup.conftest import Backed
from tests.backup.manifests import make_manifest
from tests.backup.town import PATIENCE_SECONDS, Town
from tests.embedded.running import clean_environment
from tests.processes import run_python


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def link_to_zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_to_another(path: Path) -> None:
    path.with_name("elsewhere").write_bytes(b"x")
    path.symlink_to(path.with_name("elsewhere"))


KINDS: dict[Callable[[Path], None], str] = {make_pipe: "a pipe", link_to_zeros: "a link", link_to_another: "a link"}


def localex(town: Town, store: FolderStore, *words: str) -> "subprocess.CompletedProcess[str]":
    """The command in a process of its own, with an end."""
    key = town.directory.secrets / FILE
    return run_python(
        *("-m", "localex.cli", *words, "--store", store.root, "--key", key),
        environment=clean_environment(COLUMNS="200"),
        timeout_seconds=PATIENCE_SECONDS,
    )


@pytest.mark.slow
@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_a_manifest_that_is_no_file_is_named(
    own_store: FolderStore, backed: Backed, town: Town, make: Callable[[Path], None]
) -> None:
    name = object_name(backed.manifest.backup_id)
    (own_store.root / name).unlink()
    make(own_store.root / name)

    done = localex(town, own_store, "verify")

    assert done.returncode == ExitCode.BACKUP_DAMAGED, done.stderr
    assert f"{name} is {KINDS[make]} and no file" in done.stderr
    assert "Traceback" not in done.stderr
    # Like every backup that cannot be read, it keeps retention from taking anything away.
    assert engine.apply_retention(own_store, town.keys).unreadable == (backed.manifest.backup_id,)


@pytest.mark.parametrize("prefix", ["backups/", "files/", "wal/"])
def test_other_objects_that_are_no_files_are_named(own_store: FolderStore, town: Town, prefix: str) -> None:
    names = [entry.name for entry in own_store.list(prefix) if "manifest" not in entry.name]
    for name in names:
        (own_store.root / name).unlink()
        make_pipe(own_store.root / name)
    assert [entry.name for entry in own_store.list(prefix) if entry.size == 0] == names

    words = " ".join(finding.words for finding in engine.verify_backup(own_store, town.keys).findings)

    assert "a pipe" in words or "0 bytes instead of" in words


@pytest.mark.slow
def test_names_that_localex_never_writes_do_not_count_and_are_never_printed(
    own_store: FolderStore, backed: Backed, town: Town
) -> None:
    before = own_store.list()
    for strange in (b"\xff\xfe", b"20990101T000000Z\x1b[2J", b"20990101T000000Z\nsound", b" ", b"-"):
        folder = os.fsencode(own_store.root / "backups") + b"/" + strange
        os.mkdir(folder)
        for name in (b"manifest.json.age", b"\xff.age", b"\x1b[31m.age"):
            with open(folder + b"/" + name, "wb") as file:
                file.write(b"x")

    assert own_store.list() == before
    for words in (("verify",), ("backup", "list")):
        done = localex(town, own_store, *words)
        assert done.returncode == ExitCode.OK, done.stderr
        assert backed.manifest.backup_id in done.stdout
        assert "Traceback" not in done.stderr
    refused = localex(town, own_store, "verify", "20990102T000000Z\x1b[2J")
    assert refused.returncode == ExitCode.NOTHING_TO_RESTORE
    assert "\x1b[2J" not in refused.stderr
    assert "20990102T000000Z\\x1b[2J" in refused.stderr


def test_what_an_archive_calls_its_files_is_said_plainly(own_store: FolderStore, town: Town) -> None:
    """Encrypted by anybody, since the key to encrypt with is no secret: names are read before they are proven."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("\x1b[2J\x1b]0;owned\x07"))
    pack = next(entry.name for entry in own_store.list("files/") if entry.name.endswith(".tar.zst.age"))
    seal_compressed(own_store, town.keys, pack, io.BytesIO(target.getvalue()))

    (found,) = engine.verify_backup(own_store, town.keys).findings

    assert "\\x1b[2J" in found.words
    assert found.words.isprintable()


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_the_marker_and_the_locks_are_files(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / f"{LOCK_PREFIX}backup")
    with pytest.raises(BackupDamaged, match="and no file"), FolderStore(tmp_path).holding("backup"):
        pass
    (tmp_path / "elsewhere").unlink(missing_ok=True)
    make(tmp_path / MARKER)
    assert read_marker(tmp_path) == ""


def test_a_marker_is_small(tmp_path: Path) -> None:
    (tmp_path / MARKER).write_text('{"store": "ab"}')
    assert read_marker(tmp_path) == "ab"
    (tmp_path / MARKER).write_text('{"store": "ab"}' + " " * MAX_MARKER_BYTES)
    assert read_marker(tmp_path) == ""


@pytest.mark.parametrize("text", [b"x" * (MAX_LINE_BYTES * 4), b'["a", 1, 1, 1, "", ""]\n' * 3])
def test_a_list_of_files_is_not_read_beyond_what_it_can_be(
    own_store: FolderStore, town: Town, backed: Backed, text: bytes
) -> None:
    name = "backups/one/files.jsonl.zst.age"
    index = seal_compressed(own_store, town.keys, name, io.BytesIO(text))
    made = make_manifest(backed.last)
    manifest = Manifest(**{**vars(made), "files_index": index, "file_count": 2})

    with pytest.raises(BackupDamaged, match="too long"):
        list(read_index(own_store, town.keys, manifest))
