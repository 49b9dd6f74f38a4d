"""Packs of pictures, large and small, damaged in each way: named by verify, by restore and by a drill."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from localex.backup import engine, files
from localex.backup.drill import run_drill
from localex.backup.errors import BackupDamaged
from localex.backup.stores import FolderStore
from localex.embedded.directory import DataDirectory
from localex.embedded.errors import ExitCode
from tests.backup.town import Town, restore


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-17])


def append(path: Path) -> None:
    path.write_bytes(path.read_bytes() + bytes(100))


DAMAGES = [flip, cut, append, Path.unlink]
# Of one picture: less than a chunk of age, and far more than every buffer on the way.
SIZES = [10, 3_000_000]


def add_pack(store: FolderStore, town: Town, place: Path, size: int) -> str:
    """Store a pack of three pictures that do not compress; returns its object's name."""
    before = set(files.list_packs(store))
    (place / "more" / "media").mkdir(parents=True)
    for number in range(3):
        (place / "more" / "media" / f"{number}.webp").write_bytes(os.urandom(size))
    files.store_new(store, town.keys, place / "more", files.scan(place / "more"), {})
    (pack,) = set(files.list_packs(store)) - before
    return f"files/{pack}.tar.zst.age"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_pack_is_named(
    own_store: FolderStore, town: Town, place: Path, damage: Callable[[Path], None], size: int
) -> None:
    name = add_pack(own_store, town, place, size)
    assert engine.verify_backup(own_store, town.keys).is_sound
    damage(own_store.root / name)

    found = engine.verify_backup(own_store, town.keys)

    assert [name in finding.words for finding in found.findings] == [True], found.findings
    with pytest.raises(BackupDamaged, match=name) as caught:
        restore(own_store, town, place / "new")
    assert caught.value.exit_code == ExitCode.BACKUP_DAMAGED


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_drill_of_a_damaged_pack_has_an_outcome(
    own_store: FolderStore, town: Town, place: Path, damage: Callable[[Path], None]
) -> None:
    name = add_pack(own_store, town, place, SIZES[1])
    damage(own_store.root / name)
    directory = DataDirectory(place / "data")
    directory.prepare()

    outcome = run_drill(directory, own_store, town.keys)

    assert not outcome.ok
    assert name in outcome.summary()["words"]
    assert not (directory.root / ".drill").exists()


def test_whatever_goes_wrong_in_a_drill_is_its_outcome(own_store: FolderStore, town: Town, place: Path) -> None:
    directory = DataDirectory(place / "data")
    directory.prepare()

    def restoring(*_words: object, **_more: object) -> engine.Restored:
        raise ZeroDivisionError("nobody foresaw this")

    outcome = run_drill(directory, own_store, town.keys, restore=restoring)

    assert outcome.summary()["words"] == "Restore: ZeroDivisionError: nobody foresaw this"
