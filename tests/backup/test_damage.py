"""Whatever happens to a store is noticed: by `verify` without restoring, by `restore` before anything counts."""

import hashlib
import io
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pyrage
import pytest

from localex.backup import engine
from localex.backup.errors import BackupDamaged, BackupError, WrongKey
from localex.backup.keys import Keys
from localex.backup.manifest import object_name
from localex.backup.sealed import read_small, seal
from localex.backup.stores import FolderStore
from localex.backup.wal import wal_object
from tests.backup.conftest import Backed
from tests.backup.town import Town, restore


def one(store: FolderStore, prefix: str, suffix: str) -> str:
    """The name of the last object of the log that looks like this, the first of all others."""
    found = [entry.name for entry in store.list(prefix) if re.search(suffix, entry.name)]
    return found[-1 if prefix == "wal/" else 0]


SEGMENT = r"/[0-9A-F]{24}\.zst\.age$"
KINDS = {
    "base": ("backups/", r"\.tar\.zst\.age$"),
    "index": ("backups/", r"files\.jsonl\.zst\.age$"),
    "pack": ("files/", r"\.tar\.zst\.age$"),
    "pack list": ("files/", r"\.jsonl\.zst\.age$"),
    "segment": ("wal/", SEGMENT),
    "partial segment": ("wal/", r"\.partial\.zst\.age$"),
    "newest": ("wal/", r"\.json\.age$"),
}


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def flip_last(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - 40])


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


def test_a_sound_store_is_found_sound(backed: Backed, town: Town) -> None:
    found = engine.verify_backup(backed.store, town.keys)

    assert found.findings == ()
    assert found.segment_count == 4
    assert found.newest >= backed.last


@pytest.mark.parametrize("damage", [flip, flip_last, cut, lengthen, Path.unlink])
@pytest.mark.parametrize("kind", KINDS)
def test_verify_names_every_damaged_object(
    own_store: FolderStore, town: Town, kind: str, damage: Callable[[Path], None]
) -> None:
    name = one(own_store, *KINDS[kind])
    damage(own_store.root / name)

    found = engine.verify_backup(own_store, town.keys)

    assert not found.is_sound
    subject = name.removesuffix(".zst.age").rpartition("/")[2].removesuffix(".jsonl").removesuffix(".tar")
    subject = subject.removesuffix(".partial")
    assert any(subject in finding.words for finding in found.findings), found.findings


@pytest.mark.parametrize("damage", [flip, cut])
@pytest.mark.parametrize("kind", KINDS)
def test_no_damaged_store_becomes_a_town(
    own_store: FolderStore, town: Town, place: Path, kind: str, damage: Callable[[Path], None]
) -> None:
    damage(own_store.root / one(own_store, *KINDS[kind]))

    with pytest.raises(BackupDamaged):
        restore(own_store, town, place / "new")

    assert not (place / "new" / "secrets").exists()
    assert not (place / "new" / "localex.lock").exists()


@pytest.mark.parametrize("damage", [flip, cut])
def test_a_damaged_manifest_is_named(
    own_store: FolderStore, backed: Backed, town: Town, place: Path, damage: Callable[[Path], None]
) -> None:
    name = object_name(backed.manifest.backup_id)
    damage(own_store.root / name)

    with pytest.raises(BackupDamaged, match=name):
        engine.verify_backup(own_store, town.keys)
    with pytest.raises(BackupError):
        restore(own_store, town, place / "new")


def test_a_lost_segment_is_a_named_gap(own_store: FolderStore, town: Town, place: Path, backed: Backed) -> None:
    lost = one(own_store, "wal/", SEGMENT)
    own_store.delete(lost)
    segment = lost.rpartition("/")[2].removesuffix(".zst.age")

    found = engine.verify_backup(own_store, town.keys)

    assert [finding.words for finding in found.findings] == [
        f"The log has a gap: segment {segment} is missing in the store."
    ]
    with pytest.raises(BackupDamaged, match=segment):
        restore(own_store, town, place / "new")
    # What lies before the gap is still there, and what lies behind it is refused.
    restore(own_store, town, place / "before", to=backed.between)
    with pytest.raises(BackupDamaged, match=segment):
        restore(own_store, town, place / "behind", to=backed.last)


def test_a_lost_end_is_noticed(own_store: FolderStore, town: Town, place: Path) -> None:
    """The store says how far its log reaches, so an end that was cut off does not look like the end."""
    own_store.delete(one(own_store, "wal/", r"\.partial\.zst\.age$"))

    assert not engine.verify_backup(own_store, town.keys).is_sound
    with pytest.raises(BackupDamaged):
        restore(own_store, town, place / "new")


def put_an_older_partial_back(store: FolderStore, town: Town) -> datetime:
    """Exchange the end of the log for what it was before; returns a time that lay behind that, of a last posting."""
    for _ in range(5):
        with town.receiving(store):
            town.post("in the older copy")
        name = one(store, "wal/", r"\.partial\.zst\.age$")
        older = (store.root / name).read_bytes()
        with town.receiving(store):
            moment = town.post("after the older copy was taken")
        # Unless the segment was finished meanwhile, which takes 16 MB of log.
        if one(store, "wal/", r"\.partial\.zst\.age$") == name:
            (store.root / name).write_bytes(older)
            return moment
    raise AssertionError("the segment was finished five times")


@pytest.mark.parametrize("is_latest", [True, False])
def test_an_older_partial_segment_is_noticed(own_store: FolderStore, town: Town, place: Path, is_latest: bool) -> None:
    """Authentic, under the right name, but from before: the replayed log ends too early, also for a time after that."""
    moment = put_an_older_partial_back(own_store, town)

    with pytest.raises(BackupDamaged, match="something at its end was lost"):
        restore(own_store, town, place / "new", to=None if is_latest else moment)


def test_a_wrong_key_is_said_to_be_wrong(backed: Backed, place: Path) -> None:
    (place / "secrets").mkdir()
    other = Keys.prepare(place / "secrets")

    for use in (
        lambda: engine.list_backups(backed.store, other),
        lambda: engine.verify_backup(backed.store, other),
        lambda: engine.restore(backed.store, other, into=place / "new"),
    ):
        with pytest.raises(WrongKey):
            use()
    assert not (place / "new").exists()


def test_what_others_encrypted_to_the_same_key_is_refused(own_store: FolderStore, town: Town, backed: Backed) -> None:
    """The public half is no secret: it closes, and it must not be able to vouch."""
    name = object_name(backed.manifest.backup_id)
    forged = pyrage.encrypt(backed.manifest.to_json(), [town.keys.recipient])

    for tail in (b"", bytes(32), hashlib.sha256(forged).digest()):
        (own_store.root / name).write_bytes(forged + tail)
        with pytest.raises(BackupDamaged, match=r"changed, cut or exchanged|cannot be decrypted"):
            engine.verify_backup(own_store, town.keys)


def find_words(store: FolderStore, town: Town, backup_id: str) -> str:
    """What verify has to say."""
    try:
        found = engine.verify_backup(store, town.keys, backup_id)
    except BackupDamaged as error:
        return error.message
    assert not found.is_sound
    return " ".join(finding.words for finding in found.findings)


def test_objects_cannot_take_each_others_places(own_store: FolderStore, town: Town, place: Path) -> None:
    """Authentic objects under other names: a part of another backup, a manifest, a segment."""
    town.post("for the second backup")
    second = town.backup(own_store)
    first = engine.list_backups(own_store, town.keys)[0]

    swapped = [
        (object_name(second.backup_id), object_name(first.backup_id)),
        (second.base[0].name, first.base[0].name),
        (second.files_index.name, first.files_index.name),
    ]
    for source, target in swapped:
        kept = (own_store.root / target).read_bytes()
        (own_store.root / target).write_bytes((own_store.root / source).read_bytes())
        words = find_words(own_store, town, first.backup_id)
        assert target.removesuffix(".tar.zst.age") in words or "manifest" in words
        (own_store.root / target).write_bytes(kept)
    segments = [entry.name for entry in own_store.list("wal/") if entry.name.endswith(".zst.age")]
    (own_store.root / segments[0]).write_bytes((own_store.root / segments[1]).read_bytes())
    # Only the first backup needs that segment.
    assert not engine.verify_backup(own_store, town.keys, first.backup_id).is_sound


def test_a_part_sealed_again_by_the_owner_is_not_the_manifests(own_store: FolderStore, town: Town) -> None:
    """Even with the key: the manifest binds its parts by SHA-256."""
    manifest = engine.list_backups(own_store, town.keys)[0]
    content = read_small(own_store, town.keys, manifest.base[0].name)
    seal(own_store, town.keys, manifest.base[0].name, io.BytesIO(content))

    found = engine.verify_backup(own_store, town.keys)

    assert [finding.name for finding in found.findings] == [manifest.base[0].name]


def test_a_segment_of_another_database_is_refused(own_store: FolderStore, town: Town, backed: Backed) -> None:
    """Sealed under the right name, but with the log of something else in it."""
    from localex.backup.sealed import read_small_compressed, seal_compressed

    name = one(own_store, "wal/", SEGMENT)
    content = bytearray(read_small_compressed(own_store, town.keys, name))
    content[24:32] = bytes(8)
    seal_compressed(own_store, town.keys, name, io.BytesIO(bytes(content)))
    for entry in own_store.list("wal/"):
        assert entry.name.startswith(wal_object(backed.manifest.system_identifier, "")[:-8])

    found = engine.verify_backup(own_store, town.keys)

    assert any("no segment of this database's log" in finding.words for finding in found.findings)
