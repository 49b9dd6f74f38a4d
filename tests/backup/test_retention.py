"""Old backups go, and never anything that a kept one needs."""

import io
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from localex.backup import engine
from localex.backup.errors import BackupError, Busy
from localex.backup.manifest import Manifest, object_name
from localex.backup.receiver import Receiver
from localex.backup.results import Pruned
from localex.backup.retention import choose_kept
from localex.backup.sealed import seal
from localex.backup.stores import FolderStore
from localex.embedded.processes import wait_until
from tests.backup.conftest import Backed
from tests.backup.town import PATIENCE_SECONDS, Town, read_postings, restore

AT_ONCE = timedelta(seconds=-1)


def daily(manifest: Manifest, days: int) -> list[Manifest]:
    """A backup at three o'clock on each of the last days."""
    last = datetime(2026, 11, 23, 3, tzinfo=UTC)
    moments = [last - timedelta(days=day) for day in range(days)]
    return [replace(manifest, backup_id=f"{moment:%Y%m%d}", stopped_at=moment) for moment in moments]


def test_days_weeks_and_months_are_kept(backed: Backed) -> None:
    kept = sorted(choose_kept(daily(backed.manifest, 400), daily=7, weekly=4, monthly=6))

    # A Monday: this week has one day, the others end on Sundays; each month ends on its last day.
    assert kept == [
        *("20260630", "20260731", "20260831", "20260930", "20261031", "20261108", "20261115"),
        *("20261117", "20261118", "20261119", "20261120", "20261121", "20261122", "20261123"),
    ]


def test_the_newest_of_a_day_is_kept(backed: Backed) -> None:
    day = datetime(2026, 11, 23, 3, tzinfo=UTC)
    two = [
        replace(backed.manifest, backup_id=name, stopped_at=day) for name in ("20261123T030000Z", "20261123T150000Z")
    ]

    assert choose_kept(two, daily=7, weekly=4, monthly=6, young=AT_ONCE) == {"20261123T150000Z"}


def test_what_is_younger_than_two_days_stays(backed: Backed) -> None:
    """A backup that somebody makes by hand takes away no hour that could be restored."""
    last = datetime(2026, 11, 23, 3, tzinfo=UTC)
    hours = (0, 1, 47, 48, 49, 50)
    made = [
        replace(backed.manifest, backup_id=f"{100 - hour}", stopped_at=last - timedelta(hours=hour)) for hour in hours
    ]

    assert choose_kept(made, daily=0, weekly=0, monthly=0) == {"100", "99", "53", "52"}


def test_the_newest_of_all_is_kept_whatever_the_rules(backed: Backed) -> None:
    assert choose_kept(daily(backed.manifest, 3), daily=0, weekly=0, monthly=0, young=AT_ONCE) == {"20261123"}
    assert choose_kept(daily(backed.manifest, 1), daily=0, weekly=0, monthly=0) == {"20261123"}
    assert choose_kept([], daily=1, weekly=1, monthly=1) == set()


def test_pruning_keeps_every_second_since_the_oldest_kept(own_store: FolderStore, town: Town, place: Path) -> None:
    first = engine.list_backups(own_store, town.keys)[0]
    with town.receiving(own_store):
        town.fill_segment()
        second = town.backup(own_store)
        between = town.post("after the second backup")
        town.fill_segment()
    before = own_store.list()

    dry = engine.apply_retention(own_store, town.keys, daily=1, weekly=0, monthly=0, young=AT_ONCE, is_dry_run=True)
    assert own_store.list() == before
    done = engine.apply_retention(own_store, town.keys, daily=1, weekly=0, monthly=0, young=AT_ONCE)

    assert dry == done
    assert done.backups == (first.backup_id,)
    gone = {entry.name for entry in before} - {entry.name for entry in own_store.list()}
    assert gone == set(done.objects)
    assert any(name.startswith("wal/") for name in gone)
    assert done.bytes_freed == sum(entry.size for entry in before if entry.name in gone)
    assert engine.verify_backup(own_store, town.keys).findings == ()
    assert [found.backup_id for found in engine.list_backups(own_store, town.keys)] == [second.backup_id]
    restore(own_store, town, place / "new", to=between)
    assert read_postings(place / "new")[-1] == "after the second backup"
    # The second backup needs the pictures that the first one brought.
    assert (place / "new" / "media" / "pictures" / "house.webp").exists()
    again = engine.apply_retention(own_store, town.keys, daily=1, weekly=0, monthly=0, young=AT_ONCE)
    assert again.objects == ()


def test_what_went_is_named() -> None:
    objects = ("backups/20261101T030000Z/manifest.json.age", "wal/7/0001.zst.age", "wal/7/0002.partial.zst.age")
    packs = ("files/20261101T030000Z-ab.jsonl.zst.age", "files/20261101T030000Z-ab.tar.zst.age")
    assert Pruned(("20261101T030000Z",), objects + packs, 10).describe() == (
        "backup 20261101T030000Z; 2 pieces of the log from before the oldest kept backup, which no restore can use; "
        "1 pack of files that no kept backup names"
    )
    assert Pruned((), objects[1:2], 10).describe().startswith("1 piece of the log from before the oldest kept backup")


def test_packs_that_nobody_needs_go(own_store: FolderStore, town: Town) -> None:
    picture = town.directory.root / "media" / "pictures" / "gone.webp"
    picture.write_bytes(b"gone" * 100)
    first = town.backup(own_store)
    picture.unlink()
    # What was stored within the second in which a backup began may belong to it.
    time.sleep(1.1)
    second = town.backup(own_store)
    packs = {entry.name for entry in own_store.list("files/")}

    done = engine.apply_retention(own_store, town.keys, daily=1, weekly=0, monthly=0, young=AT_ONCE)

    assert first.backup_id in done.backups
    assert len(packs) - len(own_store.list("files/")) == len([name for name in done.objects if name in packs]) >= 2
    assert engine.verify_backup(own_store, town.keys, second.backup_id).findings == ()


def test_nothing_is_pruned_while_a_backup_cannot_be_read(own_store: FolderStore, town: Town, backed: Backed) -> None:
    town.backup(own_store)
    manifest = own_store.root / "backups" / backed.manifest.backup_id / "manifest.json.age"
    manifest.write_bytes(manifest.read_bytes()[:-1])

    done = engine.apply_retention(own_store, town.keys, daily=1, weekly=0, monthly=0, young=AT_ONCE)

    assert done.unreadable == (backed.manifest.backup_id,)
    assert done.objects == ()


def test_pruning_waits_for_a_backup(own_store: FolderStore, town: Town) -> None:
    with own_store.holding("backup"), pytest.raises(Busy):
        engine.apply_retention(own_store, town.keys)
    with pytest.raises(BackupError, match="cannot be negative"):
        engine.apply_retention(own_store, town.keys, daily=-1)


def test_the_store_of_another_town_is_refused(own_store: FolderStore, town: Town, backed: Backed) -> None:
    """With the same key: a copy of the manifest as another database would have written it."""
    other = replace(backed.manifest, backup_id="20260101T000000Z", system_identifier="7000000000000000000")
    seal(own_store, town.keys, object_name(other.backup_id), io.BytesIO(other.to_json()))
    before = own_store.list()

    with pytest.raises(BackupError, match="holds backups of another town"):
        town.backup(own_store)
    receiver = Receiver(town.site, own_store, town.keys, interval=0.2)
    stop = threading.Event()
    thread = threading.Thread(target=receiver.run, args=(stop,))
    thread.start()
    try:
        assert wait_until(lambda: "another town" in receiver.state.trouble, seconds=PATIENCE_SECONDS), receiver.state
    finally:
        stop.set()
        thread.join()
    assert own_store.list() == before
