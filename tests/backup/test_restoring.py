"""A town comes back as of any second, from the store and the key alone, or not at all."""

import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from localex.backup import engine
from localex.backup.errors import BackupDamaged, BackupError, NothingToRestore, StoreFull
from localex.backup.keys import FILE, Keys
from localex.backup.manifest import LedgerSeal, object_name
from localex.backup.marker import MARKER
from localex.backup.sealed import seal
from localex.backup.stores import FolderStore
from localex.embedded.errors import ExitCode, StartError
from localex.embedded.installation import Installation
from tests.backup.conftest import Backed
from tests.backup.town import PICTURE, Town, read_postings, restore


def test_restores_to_a_second_between_two_postings(backed: Backed, town: Town, place: Path) -> None:
    found = restore(backed.store, town, place / "new", to=backed.between)

    assert found.restored_to == backed.between
    words = read_postings(place / "new")
    assert words[-1] == "between"
    assert "first" in words
    assert "second" not in words


def test_restores_the_newest_moment_from_the_store_and_the_key_alone(backed: Backed, town: Town, place: Path) -> None:
    copy = place / "key.txt"
    copy.write_bytes((town.directory.secrets / FILE).read_bytes())

    found = engine.restore(backed.store, Keys.read(copy), into=place / "new town")

    assert read_postings(place / "new town")[-1] == "the last one"
    assert found.row_counts["public.posting"] >= backed.manifest.row_counts["public.posting"] + 6
    assert (found.timeline, found.segment_count) == (2, 4)
    for name in (PICTURE, "secrets/secret_key", "secrets/app_password"):
        assert (place / "new town" / name).read_bytes() == (town.directory.root / name).read_bytes()
    assert Keys.read(place / "new town" / "secrets" / FILE, place / "new town" / "secrets").is_confirmed


def test_a_picture_that_came_after_the_backup_is_there(backed: Backed, town: Town, place: Path) -> None:
    restore(backed.store, town, place / "new")

    assert (place / "new" / "media" / "pictures" / "late.webp").read_bytes() == b"late" * 1000


def test_a_time_without_any_commit_after_it_is_the_end_of_the_log(backed: Backed, town: Town, place: Path) -> None:
    _, newest = engine.find_ranges(backed.store, town.keys)[-1]

    found = restore(backed.store, town, place / "new", to=newest)

    assert found.restored_to == newest
    assert read_postings(place / "new")[-1] == "the last one"


def test_a_backup_without_any_log_restores_to_its_own_end(
    backed: Backed, town: Town, place: Path, own_store: FolderStore
) -> None:
    for entry in own_store.list("wal/"):
        own_store.delete(entry.name)

    found = restore(own_store, town, place / "new")

    assert found.restored_to == backed.manifest.stopped_at
    assert read_postings(place / "new")[-1] == "before the backup"


@pytest.mark.parametrize("shift", [timedelta(days=-1), timedelta(days=1)])
def test_a_time_out_of_range_names_the_range(backed: Backed, town: Town, place: Path, shift: timedelta) -> None:
    with pytest.raises(NothingToRestore, match=r"Possible is any time from .* to .* UTC") as caught:
        restore(backed.store, town, place / "new", to=backed.between + shift)

    assert caught.value.exit_code == ExitCode.NOTHING_TO_RESTORE
    assert not (place / "new").exists()


def test_a_directory_that_holds_anything_is_refused(backed: Backed, town: Town, place: Path) -> None:
    (place / "mine").mkdir()
    (place / "mine" / "letter").write_text("dear")

    with pytest.raises(BackupError, match="is not empty"):
        restore(backed.store, town, place / "mine")
    with pytest.raises(BackupError, match="is not empty"):
        restore(backed.store, town, town.directory.root)

    assert [path.name for path in (place / "mine").iterdir()] == ["letter"]


def test_too_little_space_is_said_before_anything(
    backed: Backed, town: Town, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from localex.backup import restoring

    monkeypatch.setattr(restoring, "NEEDED_FREE_BYTES", 1 << 60)
    with pytest.raises(StoreFull, match="MB left and the restore needs"):
        restore(backed.store, town, place / "new")

    assert not (place / "new").exists()


@pytest.mark.parametrize(
    "where", ["town", "deep in town", "half-restored", "store", "other store", "link", "dead link"]
)
def test_wrong_places_are_refused_and_nothing_is_left(
    backed: Backed, town: Town, place: Path, own_store: FolderStore, where: str
) -> None:
    (place / "half").mkdir()
    (place / "half" / "restoring.json").write_text("{}")
    (place / "other").mkdir()
    (place / "other" / MARKER).write_text("{}")
    (place / "empty").mkdir()
    (place / "link").symlink_to(place / "empty")
    (place / "dead").symlink_to(place / "nowhere")
    into = {
        "town": town.directory.root / "back",
        "deep in town": town.directory.root / "media" / "back" / "again",
        "half-restored": place / "half" / "back",
        "store": own_store.root / "backups" / "new",
        "other store": place / "other" / "new",
        "link": place / "link",
        "dead link": place / "dead",
    }[where]
    before = sorted(path for root in (place, into.parent) for path in root.rglob("*") if "postgres" not in path.parts)

    with pytest.raises(BackupError, match=r"Nothing was changed"):
        restore(own_store, town, into)

    after = sorted(path for root in (place, into.parent) for path in root.rglob("*") if "postgres" not in path.parts)
    assert after == before


def test_a_place_that_the_server_cannot_enter_is_left_as_it_was(
    backed: Backed, town: Town, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Noticed after the directory was claimed."""
    from localex.embedded.users import ServerUser

    (place / "there").mkdir()
    monkeypatch.setattr(ServerUser, "can_reach", lambda *_words: False)
    for into in (place / "a" / "b", place / "there"):
        with pytest.raises(StartError, match="cannot be written"):
            restore(backed.store, town, into)
    assert [path.name for path in place.rglob("*")] == ["there"]


def test_a_half_restored_directory_is_no_town(backed: Backed, town: Town, place: Path) -> None:
    """What a restore leaves that was killed early: refused by every command, and the same restore goes on."""
    (place / "new" / "restoring").mkdir(parents=True)
    (place / "new" / "restoring.json").write_text("{")

    with pytest.raises(StartError, match=r"A restore into .* has not finished"):
        Installation.at(place / "new", {}).directory.prepare()

    restore(backed.store, town, place / "new")
    assert read_postings(place / "new")[-1] == "the last one"


def test_a_restored_town_is_backed_up_and_restored_again(
    backed: Backed, town: Town, place: Path, own_store: FolderStore
) -> None:
    """The second life has a timeline of its own, and both lives lie in the same store."""
    restore(own_store, town, place / "second", to=backed.between)
    installation = Installation.at(place / "second", {})
    with installation.database():
        second = Town(installation.directory, installation.cluster, town.keys)
        with second.receiving(own_store):
            second.post("in the second life")

    found = engine.restore(own_store, town.keys, into=place / "third")

    words = read_postings(place / "third")
    assert "in the second life" in words
    assert "second" not in words
    assert found.timeline == 3


@pytest.mark.parametrize("moved", [["postgres"], ["postgres", "secrets", "localex.lock"], []])
def test_a_restore_killed_while_it_moves_things_up_goes_on(
    backed: Backed, town: Town, place: Path, moved: list[str]
) -> None:
    """The state between the renames: some of it is in its place, and the mark is still there."""
    new = place / "new"
    restore(backed.store, town, new)
    (new / "restoring").mkdir()
    for name in moved:
        (new / name).rename(new / "restoring" / name)
    if not moved:
        (new / "restoring").rmdir()
    request = f"{backed.manifest.system_identifier} {backed.manifest.backup_id} latest"
    (new / "restoring.json").write_text(json.dumps({"request": request, "phase": "recovered"}))

    with pytest.raises(StartError, match="has not finished"):
        Installation.at(new, {}).directory.prepare()
    with pytest.raises(BackupError, match="Another restore into"):
        restore(backed.store, town, new, to=backed.between)
    restore(backed.store, town, new)

    assert read_postings(new)[-1] == "the last one"


def test_seals_of_what_was_given_up_are_put_aside(backed: Backed, town: Town, place: Path) -> None:
    """They would look like forgeries beside the seals of the new life."""
    earlier = restore(backed.store, town, place / "earlier", to=backed.between)
    newest = restore(backed.store, town, place / "newest")

    assert (earlier.seals_aside, newest.seals_aside) == (1, 0)
    assert [path.name for path in (place / "earlier" / "seals").iterdir()] == ["1.json"]
    assert [path.name for path in (place / "earlier" / "seals-given-up").iterdir()] == ["2.json"]
    assert sorted(path.name for path in (place / "newest" / "seals").iterdir()) == ["1.json", "2.json"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ledger_seal": LedgerSeal(1, "00" * 32)}, "seal 1 is not the one"),
        ({"row_counts": {"ledger.entry": 1_000_000}}, "ledger.entry has 0 rows, and the backup had 1000000"),
    ],
)
def test_a_database_that_is_not_what_the_manifest_says_is_no_town(
    backed: Backed, town: Town, place: Path, own_store: FolderStore, change: dict[str, Any], words: str
) -> None:
    manifest = replace(backed.manifest, **change)
    seal(own_store, town.keys, object_name(manifest.backup_id), io.BytesIO(manifest.to_json()))

    with pytest.raises(BackupDamaged, match=words):
        restore(own_store, town, place / "new")

    with pytest.raises(StartError, match="has not finished"):
        Installation.at(place / "new", {}).directory.prepare()
