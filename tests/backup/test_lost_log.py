"""A log that is gone altogether has no gap that could be seen; the younger backups say how far it must reach."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from localex.backup import engine
from localex.backup.errors import BackupDamaged
from localex.backup.following import find_lost, find_younger
from localex.backup.keys import FILE
from localex.backup.manifest import Manifest
from localex.backup.restoring import choose
from localex.backup.retention import apply_retention
from localex.backup.stores import FolderStore
from localex.embedded.errors import ExitCode
from tests.backup.test_hostile_store import localex
from tests.backup.town import Town, copy_store, read_postings, restore


@dataclass(frozen=True)
class Two:
    """A store with two backups and all of the log between them and after."""

    store: FolderStore
    older: Manifest
    newer: Manifest


@pytest.fixture(scope="module")
def kept(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Two:
    """To be copied. A store of its own from the first backup on: what other tests received went to theirs."""
    store = FolderStore(tmp_path_factory.mktemp("two") / "store")
    older = town.backup(store)
    with town.receiving(store):
        town.fill_segment()
        town.fill_segment()
        newer = town.backup(store)
        town.post("after the newer backup")
        town.fill_segment()
    return Two(store, older, newer)


@pytest.fixture
def two(kept: Two, place: Path) -> Two:
    return Two(copy_store(kept.store, place / "two"), kept.older, kept.newer)


def drop_log(two: Two) -> None:
    shutil.rmtree(two.store.root / "wal" / two.older.system_identifier)


def test_a_whole_log_leads_from_one_backup_to_the_other(two: Two, town: Town) -> None:
    for manifest in (two.older, two.newer):
        found = engine.verify_backup(two.store, town.keys, manifest.backup_id)
        assert (found.findings, found.notes, found.is_alone) == ((), (), False)


def test_a_log_that_is_gone_is_missed_by_the_older_backup(two: Two, town: Town) -> None:
    drop_log(two)

    (finding,) = engine.verify_backup(two.store, town.keys, two.older.backup_id).findings
    newest = engine.verify_backup(two.store, town.keys)

    lost = find_lost(two.store, town.keys, two.older, two.newer)
    assert len(lost) > 1
    assert f"{len(lost)} segments from {lost[0]} to {lost[-1]} are missing" in finding.words
    assert two.newer.backup_id in finding.words
    # The newest may just have been made, so it is sound; what lacks before it is said as well.
    assert (newest.is_sound, newest.is_alone) == (True, True)
    assert [two.older.backup_id in note for note in newest.notes] == [True]


def test_the_older_moment_is_never_taken_for_the_latest(two: Two, town: Town, place: Path) -> None:
    drop_log(two)

    with pytest.raises(BackupDamaged, match="does not lead to the newest moment"):
        engine.restore(two.store, town.keys, backup_id=two.older.backup_id, into=place / "new")
    assert not (place / "new").exists()
    # What was asked for by its time is there, and so is the newest that is left.
    moment = two.older.stopped_at
    assert choose(two.store, town.keys, backup_id=two.older.backup_id, to=moment)[0] == two.older
    found = restore(two.store, town, place / "new")
    assert (found.manifest, found.is_alone) == (two.newer, True)
    assert "after the newer backup" not in read_postings(place / "new")


@pytest.mark.parametrize("index", [0, 1, -1])
def test_every_segment_between_two_backups_is_needed(two: Two, town: Town, index: int) -> None:
    """Also when everything behind it is gone, so that no segment after the gap shows it."""
    drop_log(two)
    names = find_lost(two.store, town.keys, two.older, two.newer)
    source = [entry.name for entry in two.store.list("wal/")]
    assert source == []
    folder = two.store.root / "wal" / two.older.system_identifier
    folder.mkdir(parents=True)
    for name in names:
        if name != names[index]:
            (folder / f"{name}.zst.age").write_bytes(b"x")

    assert find_lost(two.store, town.keys, two.older, two.newer) == [names[index]]


@pytest.mark.slow
def test_people_read_which_moments_are_left(two: Two, town: Town, place: Path) -> None:
    drop_log(two)

    older = localex(town, two.store, "verify", two.older.backup_id)
    newest = localex(town, two.store, "verify")
    listed = localex(town, two.store, "backup", "list")
    back = localex(town, two.store, "restore", "--into", str(place / "new"))

    assert older.returncode == ExitCode.BACKUP_DAMAGED
    assert "BROKEN  Of the log from backup" in older.stdout
    assert newest.returncode == ExitCode.OK
    for done in (newest, back):
        assert "WARNING: Only its own moment, " in done.stdout
    assert "without a gap" not in newest.stdout
    assert listed.stdout.count("can be restored, a backup's own moment: no log follows it.") == 2
    assert (town.directory.secrets / FILE).exists()


def test_what_retention_takes_away_is_not_missed(two: Two, town: Town) -> None:
    """It keeps all of the log since the oldest backup that stays."""
    with town.receiving(two.store):
        town.fill_segment()
        third = town.backup(two.store)
        town.fill_segment()
    segments = len(two.store.list("wal/"))
    apply_retention(two.store, town.keys, daily=0, weekly=0, monthly=0, young=third.stopped_at - two.newer.stopped_at)

    assert engine.list_backups(two.store, town.keys) == [two.newer, third]
    assert len(two.store.list("wal/")) < segments
    for manifest in (two.newer, third):
        found = engine.verify_backup(two.store, town.keys, manifest.backup_id)
        assert (found.findings, found.notes) == ((), ())


def test_backups_of_other_timelines_and_databases_say_nothing_about_the_log(two: Two) -> None:
    changed = [{"timeline": 2}, {"system_identifier": "7"}, {"start_lsn": two.older.start_lsn}]
    others = [Manifest(**{**vars(two.newer), **change}) for change in changed]
    assert find_younger(two.older, [two.older, *others]) is None
    assert find_younger(two.older, [two.older, *others, two.newer]) == two.newer
