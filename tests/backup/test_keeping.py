"""What the backup part makes of what happens to it: without any server, the engine's answers are given."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from localex.backup import engine, keeper, records
from localex.backup.drill import Line, Outcome
from localex.backup.errors import BackupError, Busy
from localex.backup.keeper import Keeper
from localex.backup.keys import Keys
from localex.backup.proof import Drilled
from localex.backup.results import Pruned
from localex.backup.site import Site
from localex.backup.stores import FolderStore
from localex.embedded.directory import DataDirectory
from localex.embedded.users import ServerUser
from tests.backup.manifests import make_manifest


class Book:
    """Stands for the table of runs."""

    def __init__(self) -> None:
        self.runs: dict[int, dict[str, Any]] = {}
        self.drills: list[Drilled] | None = None

    def begin_run(self, url: str, kind: str, *, started_at: datetime) -> int:
        self.runs[len(self.runs) + 1] = {"kind": kind}
        return len(self.runs)

    def end_run(self, url: str, number: int, *, finished_at: datetime, ok: bool, detail: dict[str, Any]) -> bool:
        assert "ok" not in self.runs[number], "ended twice"
        self.runs[number].update(ok=ok, detail=detail)
        return True

    def drop_run(self, url: str, number: int) -> bool:
        del self.runs[number]
        return True

    def list_drills(self, url: str) -> list[Drilled] | None:
        return self.drills


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> Book:
    book = Book()
    for name in ("begin_run", "end_run", "drop_run", "list_drills"):
        monkeypatch.setattr(records, name, getattr(book, name))
    return book


@pytest.fixture
def part(tmp_path: Path, book: Book, monkeypatch: pytest.MonkeyPatch) -> Keeper:
    """A keeper that runs nothing by itself, and whose backups always succeed."""
    directory = DataDirectory(tmp_path / "data")
    directory.secrets.mkdir(parents=True)
    manifest = make_manifest(datetime.now(UTC))
    made: list[Any] = []

    def make_backup(*words: Any) -> Any:
        made.append(manifest)
        return manifest

    monkeypatch.setattr(engine, "make_backup", make_backup)
    monkeypatch.setattr(engine, "list_backups", lambda *words: list(made))
    monkeypatch.setattr(engine, "apply_retention", lambda *words, **more: Pruned((), (), 0))
    monkeypatch.setattr(keeper, "list_ids", lambda store: [manifest.backup_id for manifest in made])
    site = Site(directory, "postgresql:///nowhere", ServerUser())
    return Keeper(
        site, FolderStore(tmp_path / "store"), Keys.prepare(directory.secrets), app_url="", tell=lambda line: None
    )


def codes(part: Keeper) -> set[str]:
    """The problems that it would warn of now."""
    part._warned.clear()
    part._warn(part.describe(), datetime.now(UTC))
    return set(part._warned)


def fail(error: Exception) -> Any:
    def raising(*words: Any, **more: Any) -> Any:
        raise error

    return raising


def test_a_backup_is_a_success_although_retention_is_busy(
    part: Keeper, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "apply_retention", fail(Busy("somebody else")))
    part._make_backup()
    part._prune()

    assert book.runs[1]["ok"] is True
    assert part._has_to_prune, "it is tried again"
    monkeypatch.setattr(engine, "apply_retention", lambda *words, **more: Pruned((), (), 0))
    part._prune()
    assert not part._has_to_prune
    assert "retention" not in codes(part)


def test_retention_that_stands_still_is_said(part: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    part._make_backup()
    monkeypatch.setattr(engine, "apply_retention", fail(BackupError("The folder cannot be written.")))
    part._prune()
    assert "retention" in codes(part)

    monkeypatch.setattr(engine, "apply_retention", lambda *words, **more: Pruned((), (), 0))
    monkeypatch.setattr(keeper, "list_ids", lambda store: ["20260101T000000Z"])
    part._prune()
    assert "20260101T000000Z cannot be read" in part.describe()["retention"]
    assert "retention" in codes(part)


@pytest.mark.parametrize("error", [BackupError("The disk is full."), ValueError("nobody thought of this")])
def test_every_backup_that_fails_has_an_end(
    part: Keeper, book: Book, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(engine, "make_backup", fail(error))
    with pytest.raises(type(error)):
        part._make_backup()

    assert book.runs[1]["ok"] is False
    assert str(error) in book.runs[1]["detail"]["error"]


def test_a_busy_drill_leaves_nothing_open_and_waits(part: Keeper, book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first proof too: it used to be tried every ten seconds, with a row each time."""
    part._make_backup()
    part._remember(backup_tried_at=datetime.now(UTC))
    part._look_into_store()
    monkeypatch.setattr(keeper, "run_drill", fail(Busy("another drill")))
    monkeypatch.setattr(keeper, "is_backup_due", lambda *words, **more: False)
    with pytest.raises(Busy):
        part._do_what_is_due()
    part._do_what_is_due()

    assert [run["kind"] for run in book.runs.values()] == ["backup"]
    assert not part._memory.drill_failed


@pytest.mark.parametrize("error", [BackupError("The data directory is gone."), ValueError("nobody thought of this")])
def test_every_drill_that_fails_has_an_end(
    part: Keeper, book: Book, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(keeper, "run_drill", fail(error))
    with pytest.raises(type(error)):
        part._drill()

    assert book.runs[1]["ok"] is False
    assert "drill_failed" in codes(part)


def test_a_drill_run_by_hand_clears_the_warning(part: Keeper, book: Book) -> None:
    part._remember(first_seen_at=datetime.now(UTC) - timedelta(days=9))
    assert "never_proven" in codes(part)
    now = datetime.now(UTC)
    # Another place, or what is a month old, does not.
    book.drills = [
        Drilled(now, True, "/mnt/elsewhere", now),
        Drilled(now, True, part._store.place, now - timedelta(days=31)),
    ]
    assert "old_proof" in codes(part)

    book.drills.append(Drilled(now + timedelta(seconds=1), True, part._store.place, now))
    assert not codes(part) & {"never_proven", "old_proof"}

    book.drills.append(Drilled(now + timedelta(seconds=2), False, part._store.place, None))
    assert "drill_failed" in codes(part)


def test_its_own_drill_counts_without_a_database(part: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)
    outcome = Outcome(now, [Line("Restore", True, "")], part._store.place, restored_to=now - timedelta(hours=27))
    monkeypatch.setattr(keeper, "run_drill", lambda *words: outcome)
    part._drill()
    assert "old_proof" in codes(part), "what came back is too old, although it came back just now"

    outcome.restored_to = now
    part._drill()
    assert "old_proof" not in codes(part)


def test_a_new_place_begins_anew(part: Keeper, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    part._remember(drill_passed_at=now, proven_to=now, drill_failed=True)

    def memory(folder: str) -> Any:
        return Keeper(part._site, FolderStore(tmp_path / folder), part._keys, app_url="", tell=print)._memory

    assert memory("store").drill_passed_at == now
    assert memory("other").drill_passed_at is None


def test_the_end_of_a_warning_is_said_once(part: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads the log afterwards sees how long it lasted."""
    told: list[str] = []
    monkeypatch.setattr(part, "_tell", told.append)
    now = datetime.now(UTC)
    part._warned["lag"] = (now, "The log is late.")
    part._warn(part.describe(), now)
    part._warn(part.describe(), now)
    assert told.count("No longer so: The log is late.") == 1
    assert not [line for line in told if line.startswith("No longer so") and "late" not in line]
