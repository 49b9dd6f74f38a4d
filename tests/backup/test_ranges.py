"""The times that are said to be possible are those that can be restored, to the microsecond."""

import io
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from localex.backup import engine
from localex.backup.catalogue import Stretch, find_ranges
from localex.backup.errors import NothingToRestore
from localex.backup.keys import Keys
from localex.backup.manifest import object_name
from localex.backup.restoring import choose
from localex.backup.sealed import seal
from localex.backup.stores import FolderStore
from localex.backup.wal import Newest, newest_object, segment_name, wal_object
from tests.backup.conftest import Backed
from tests.backup.manifests import SEGMENT_SIZE, SYSTEM, make_manifest
from tests.backup.town import Town, read_postings, restore

BEGUN = datetime(2026, 11, 23, 1, 56, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def make_store(place: Path, chance: random.Random) -> tuple[FolderStore, Keys]:
    """One to four backups; the log is shipped up to somewhere, perhaps with a segment lost."""
    (place / "secrets").mkdir(parents=True)
    store, keys = FolderStore(place / "store"), Keys.prepare(place / "secrets")
    seconds = sorted(chance.sample(range(10, 120), chance.randint(1, 4)))
    # A segment a second.
    for number, second in enumerate(seconds):
        at = BEGUN + timedelta(seconds=second, microseconds=chance.randrange(1_000_000))
        manifest = make_manifest(at, backup_id=f"20261123T{number:06}Z", stop_lsn=second * SEGMENT_SIZE + 500)
        seal(store, keys, object_name(manifest.backup_id), io.BytesIO(manifest.to_json()))
    shipped = chance.choice([0, seconds[0] + 1, chance.randint(5, 130), 130])
    if shipped:
        lost = chance.choice([0, chance.randint(5, 130)])
        for second in range(5, shipped + 1):
            if second != lost:
                with store.writing(wal_object(SYSTEM, segment_name(1, second, SEGMENT_SIZE))) as file:
                    file.write(b"x")
        newest = Newest(1, (shipped + 1) * SEGMENT_SIZE, BEGUN + timedelta(seconds=shipped, microseconds=999_999))
        seal(store, keys, newest_object(SYSTEM, 1), io.BytesIO(newest.to_json()))
    return store, keys


def try_to_choose(store: FolderStore, keys: Keys, moment: datetime) -> tuple[str, bool]:
    """The words of a refusal; and whether what was chosen has a gap on the way that is not known to be needed."""
    try:
        manifest, chain = choose(store, keys, backup_id="", to=moment)
    except NothingToRestore as error:
        return error.message, False
    assert manifest.stopped_at <= moment <= chain.newest.at
    return "", bool(chain.missing) and moment != manifest.stopped_at


@pytest.mark.parametrize("seed", range(12))
def test_every_promised_moment_is_accepted_and_no_other(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    store, keys = make_store(tmp_path, chance)
    ranges = find_ranges(store, keys)
    edges = [edge for pair in ranges for edge in pair]
    moments = [edge + shift for edge in edges for shift in (-TICK, timedelta(), TICK)]
    moments += [BEGUN + timedelta(seconds=chance.uniform(0, 140)) for _ in range(30)]

    for moment in moments:
        is_promised = any(first <= moment <= last for first, last in ranges)
        words, has_gap = try_to_choose(store, keys, moment)
        # Before a gap it is tried, without a promise.
        assert is_promised == (not words and not has_gap), (moment, ranges)
        assert not words or all(f"{edge:%H:%M:%S.%f}" in words for edge in edges)


def test_the_gaps_of_the_log_are_named_between_what_can_be_restored(tmp_path: Path) -> None:
    """Backups at 10, 20, 50 and 80 s, a segment a second, number 30 lost; the log of 80 s is not shipped."""
    (tmp_path / "secrets").mkdir()
    store, keys = FolderStore(tmp_path / "store"), Keys.prepare(tmp_path / "secrets")
    at = {second: BEGUN + timedelta(seconds=second) for second in (10, 20, 50, 60, 80)}
    for second in (10, 20, 50, 80):
        manifest = make_manifest(at[second], backup_id=f"20261123T0000{second}Z", stop_lsn=second * SEGMENT_SIZE + 500)
        seal(store, keys, object_name(manifest.backup_id), io.BytesIO(manifest.to_json()))
    for second in set(range(5, 61)) - {30}:
        with store.writing(wal_object(SYSTEM, segment_name(1, second, SEGMENT_SIZE))) as file:
            file.write(b"x")
    newest = Newest(1, 61 * SEGMENT_SIZE, at[60])
    seal(store, keys, newest_object(SYSTEM, 1), io.BytesIO(newest.to_json()))

    assert engine.find_stretches(store, keys) == [
        Stretch(at[10], at[20], segment_name(1, 30, SEGMENT_SIZE)),
        Stretch(at[50], at[60]),
        Stretch(at[80], at[80]),
    ]
    words, _ = try_to_choose(store, keys, at[80] + TICK)
    assert f"The log has a gap, segment {segment_name(1, 30, SEGMENT_SIZE)}" in words


def test_the_edges_of_each_range_are_restored(town: Town, place: Path) -> None:
    """A base backup whose log was not shipped yet reaches its own end only, and what is before it is a hole."""
    # A store of its own from the first backup on: what other tests received went to theirs.
    store = FolderStore(place / "store")
    first = town.backup(store)
    with town.receiving(store):
        town.post("before the hole")
    before = town.post("in the hole")
    second = town.backup(store)
    first_range, second_range = engine.find_ranges(store, town.keys)

    assert second_range == (second.stopped_at, second.stopped_at)
    assert first_range[0] == first.stopped_at
    assert first_range[1] < before
    with pytest.raises(NothingToRestore, match=r"any time from .*, or from .* UTC\."):
        restore(store, town, place / "hole", to=second.stopped_at - TICK)
    for number, moment in enumerate((first_range[1], second_range[0])):
        assert restore(store, town, place / f"{number}", to=moment).restored_to == moment
    assert read_postings(place / "1")[-1] == "in the hole"
    # With the log shipped there is no hole.
    with town.receiving(store):
        town.post("shipped")
    assert len(engine.find_ranges(store, town.keys)) == 1
    restore(store, town, place / "filled", to=second.stopped_at - TICK)
    assert "in the hole" in read_postings(place / "filled")


def test_a_backup_that_is_named_reaches_what_its_own_log_reaches(
    own_store: FolderStore, backed: Backed, town: Town, place: Path
) -> None:
    manifest = backed.manifest
    with pytest.raises(NothingToRestore):
        choose(own_store, town.keys, backup_id=manifest.backup_id, to=manifest.stopped_at - TICK)
    chosen, _ = choose(own_store, town.keys, backup_id=manifest.backup_id, to=backed.between)
    assert chosen == backed.manifest
