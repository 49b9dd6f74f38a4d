"""A store keeps whole objects or none; what is in them is sealed."""

import contextlib
import io
import tempfile
from pathlib import Path

import pytest

from localex.backup.errors import BackupDamaged, BackupError, Busy, StoreGone, WrongKey
from localex.backup.keys import CONFIRMED, FILE, Keys
from localex.backup.marker import MARKER
from localex.backup.sealed import read_small, seal, seal_compressed, unpacking, unseal
from localex.backup.stores import DRAFT_PREFIX, FolderStore, Stored, find_store
from localex.embedded.directory import DataDirectory


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    (tmp_path / "secrets").mkdir()
    return Keys.prepare(tmp_path / "secrets")


def put(store: FolderStore, name: str, data: bytes) -> None:
    with store.writing(name) as file:
        file.write(data)


def test_an_object_appears_when_it_is_whole(store: FolderStore) -> None:
    with store.writing("a/b/one") as file:
        file.write(b"first half")
        assert store.list() == []
        assert store.size("a/b/one") is None
        file.write(b", second half")

    assert store.list("a/") == [Stored("a/b/one", 23)]
    with store.open("a/b/one") as read:
        assert read.read() == b"first half, second half"


def test_an_interrupted_object_leaves_nothing(store: FolderStore) -> None:
    put(store, "one", b"old")
    with contextlib.suppress(KeyboardInterrupt), store.writing("one") as file:
        file.write(b"new")
        raise KeyboardInterrupt

    with store.open("one") as read:
        assert read.read() == b"old"
    assert not list(store.root.rglob(f"{DRAFT_PREFIX}*"))


def test_drafts_of_dead_writers_go_and_those_of_living_ones_stay(store: FolderStore) -> None:
    put(store, "files/one", b"x")
    dead = store.root / "files" / f"{DRAFT_PREFIX}4194305-aa"
    dead.write_bytes(b"half")
    with store.writing("files/two") as file:
        file.write(b"y")
        store.clean_drafts()

    assert not dead.exists()
    assert [entry.name for entry in store.list()] == ["files/one", "files/two"]


def test_names_stay_inside(store: FolderStore) -> None:
    for name in ("../outside", "/etc/passwd", "a/../../b", ""):
        with pytest.raises(BackupError, match="is no name"):
            put(store, name, b"x")


def test_a_missing_object_is_named_and_deleting_it_is_fine(store: FolderStore) -> None:
    with pytest.raises(BackupDamaged, match="a/one is missing"):
        store.open("a/one")
    store.delete("a/one")
    put(store, "a/one", b"x")
    store.delete("a/one")
    assert store.list() == []
    assert not (store.root / "a").exists()


def test_prefixes_may_end_within_a_name(store: FolderStore) -> None:
    for name in ("wal/1/newest-1", "wal/1/newest-2", "wal/2/newest-1", "walnut"):
        put(store, name, b"x")

    assert [entry.name for entry in store.list("wal/1/newest-")] == ["wal/1/newest-1", "wal/1/newest-2"]


def test_one_holder_at_a_time(store: FolderStore) -> None:
    with store.holding("backup"):
        with store.holding("receiving-1"):
            pass
        with pytest.raises(Busy), store.holding("backup"):
            pass
    with store.holding("backup"):
        pass


def test_a_known_store_without_its_marker_takes_nothing(tmp_path: Path) -> None:
    """Whoever asks: the folder is not even made again."""
    directory = DataDirectory(tmp_path / "data")
    directory.secrets.mkdir(parents=True)
    keys = Keys.prepare(directory.secrets)
    mounted = find_store(directory, tmp_path / "disk")
    with mounted.writing("one") as file:
        file.write(b"x")
    assert keys.fingerprint in (tmp_path / "disk" / MARKER).read_text()
    (tmp_path / "disk").rename(tmp_path / "away")

    for store in (mounted, find_store(directory, tmp_path / "disk")):
        with pytest.raises(StoreGone, match="accept-store"), store.writing("two") as file:
            file.write(b"y")
        with pytest.raises(StoreGone), store.holding("backup"):
            pass
        assert not (tmp_path / "disk").exists()
    # Another place is none that was known; the same one is known again when it is back, or when a person says so.
    with find_store(directory, tmp_path / "other").writing("two") as file:
        file.write(b"y")
    (tmp_path / "away").rename(tmp_path / "disk")
    with mounted.writing("two") as file:
        file.write(b"y")
    (tmp_path / "disk" / MARKER).unlink()
    with pytest.raises(StoreGone):
        mounted.check_known()
    mounted.accept()
    mounted.check_known()


@pytest.mark.parametrize("size", [0, 1, 31, 32, 65_535, 65_536, 65_537, 3_000_000])
def test_sealed_objects_come_back(store: FolderStore, keys: Keys, size: int) -> None:
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)

    stored = seal(store, keys, "one", io.BytesIO(data))

    assert read_small(store, keys, "one", stored) == data
    assert store.size("one") == stored.size
    seal_compressed(store, keys, "two", io.BytesIO(data))
    with unpacking(store, keys, ["two"]) as source:
        assert source.read() == data


def test_a_sealed_object_is_no_plain_text(store: FolderStore, keys: Keys) -> None:
    seal(store, keys, "one", io.BytesIO(b"a neighbour's address" * 100))

    stored = (store.root / "one").read_bytes()
    assert stored.startswith(b"age-encryption.org/v1")
    assert b"neighbour" not in stored


def test_the_taker_of_a_damaged_object_is_told(store: FolderStore, keys: Keys) -> None:
    seal(store, keys, "one", io.BytesIO(b"x" * 200_000))
    path = store.root / "one"
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[:100], b"", whole + b"x", b"y" + whole[1:], whole[:-1] + bytes([whole[-1] ^ 1])):
        path.write_bytes(damaged)
        with pytest.raises(BackupDamaged, match="one"):
            unseal(store, keys, "one", io.BytesIO())


def test_a_key_is_made_once_and_read_in_the_form_of_age(keys: Keys, tmp_path: Path) -> None:
    again = Keys.prepare(tmp_path / "secrets")

    assert again.secret == keys.secret
    assert (tmp_path / "secrets" / FILE).stat().st_mode & 0o777 == 0o600
    assert again.fingerprint == keys.fingerprint
    assert keys.secret not in repr(keys)


def test_a_copy_is_confirmed_by_its_last_characters(keys: Keys) -> None:
    assert not keys.is_confirmed
    with pytest.raises(BackupError, match="not the last 8 characters"):
        keys.confirm_typed("12345678")
    assert not keys.is_confirmed

    keys.confirm_typed(f" {keys.secret[-8:].lower()}\n")

    assert keys.is_confirmed


def test_the_key_is_no_copy_of_itself(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "secrets").mkdir(parents=True)
    keys = Keys.prepare(data / "secrets")
    (tmp_path / "link").symlink_to(data / "secrets" / FILE)
    (tmp_path / "same").hardlink_to(data / "secrets" / FILE)
    (data / "copy").write_text(keys.secret)
    for path in (data / "secrets" / FILE, tmp_path / "link", tmp_path / "same", data / "copy"):
        with pytest.raises(BackupError, match="is no copy"):
            keys.confirm_copy(path)
        assert not keys.is_confirmed


def test_a_copy_on_another_disk_is_taken_without_a_word(tmp_path: Path) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("this machine has one file system")
    (tmp_path / "data" / "secrets").mkdir(parents=True)
    keys = Keys.prepare(tmp_path / "data" / "secrets")
    with tempfile.NamedTemporaryFile("w", dir=memory) as file:
        file.write(keys.secret)
        file.flush()
        assert keys.confirm_copy(Path(file.name))


def test_a_copy_is_confirmed_by_the_file(tmp_path: Path) -> None:
    (tmp_path / "data" / "secrets").mkdir(parents=True)
    keys = Keys.prepare(tmp_path / "data" / "secrets")
    (tmp_path / "other").mkdir()
    other = Keys.prepare(tmp_path / "other")
    with pytest.raises(WrongKey, match="holds another key"):
        keys.confirm_copy(tmp_path / "other" / FILE)
    assert not keys.is_confirmed

    copy = tmp_path / "away" / "copy.txt"
    copy.parent.mkdir()
    copy.write_text(f"# mine\n{keys.secret}\n")
    assert not keys.confirm_copy(copy), "on the disk of the original"

    assert keys.is_confirmed
    # A confirmation is one of that key only.
    (tmp_path / "other" / CONFIRMED).write_text(f"{keys.fingerprint}\n")
    assert not other.is_confirmed


@pytest.mark.parametrize("text", ["", "no key", "AGE-SECRET-KEY-1QQQQ", "AGE-SECRET-KEY-1A AGE-SECRET-KEY-1B"])
def test_what_is_no_key_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text)

    with pytest.raises(WrongKey):
        Keys.read(tmp_path / "key")
