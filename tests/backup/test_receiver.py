"""What the receiver does when the database has let the log go; the rest is tested with a real one."""

from pathlib import Path
from typing import Any

import pytest

from localex.backup.errors import StoreFull
from localex.backup.keys import Keys
from localex.backup.receiver import Receiver
from localex.backup.site import Site
from localex.backup.stores import FolderStore
from localex.embedded.directory import DataDirectory
from localex.embedded.users import ServerUser

SEGMENT = "000000010000000000000001"


class Lost:
    """A connection to a database whose slot is lost."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def execute(self, statement: str, *words: Any) -> "Lost":
        self.statements.append(statement)
        return self

    def fetchone(self) -> Any:
        return ("lost", None)


class Ships:
    """Stands for the shipper: takes the finished segment, or finds the store full."""

    def __init__(self, folder: Path, error: Exception | None) -> None:
        self._folder = folder
        self._error = error

    def ship_complete(self) -> int:
        if self._error:
            raise self._error
        (self._folder / SEGMENT).unlink()
        return 1


@pytest.fixture
def receiver(tmp_path: Path) -> Receiver:
    site = Site(DataDirectory(tmp_path), "postgresql:///nowhere", ServerUser())
    (tmp_path / "wal").mkdir()
    (tmp_path / "wal" / SEGMENT).write_bytes(b"finished")
    (tmp_path / "wal" / f"{SEGMENT[:-1]}2.partial").write_bytes(b"not finished")
    return Receiver(site, FolderStore(tmp_path / "store"), Keys("unused"))


def test_what_was_fetched_before_a_gap_is_shipped(receiver: Receiver, tmp_path: Path) -> None:
    connection: Any = Lost()
    shipper: Any = Ships(tmp_path / "wal", None)

    receiver._ensure_slot(connection, shipper)

    assert receiver.state.segments == 1
    assert receiver.state.has_gap
    assert list((tmp_path / "wal").iterdir()) == []
    assert any("pg_create_physical_replication_slot" in statement for statement in connection.statements)


def test_it_waits_here_while_the_store_takes_nothing(receiver: Receiver, tmp_path: Path) -> None:
    connection: Any = Lost()
    shipper: Any = Ships(tmp_path / "wal", StoreFull("There is no space left."))

    with pytest.raises(StoreFull):
        receiver._ensure_slot(connection, shipper)

    assert (tmp_path / "wal" / SEGMENT).exists()
    assert not any("drop" in statement for statement in connection.statements)
