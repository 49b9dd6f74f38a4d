"""Whoever feeds a recovery must never go away without a word: PostgreSQL would wait for minutes."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from localex.backup import feeding
from localex.backup.errors import BackupDamaged
from localex.backup.feeding import Feeder
from localex.backup.keys import Keys
from localex.backup.stores import FolderStore
from localex.backup.wal import Chain, Newest
from localex.embedded.processes import wait_until
from localex.embedded.users import ServerUser
from tests.backup.manifests import make_manifest

NAME = "000000010000000000000001"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (BackupDamaged("The segment is damaged."), "The segment is damaged."),
        (OSError(5, "Input/output error"), "could not be fetched"),
        (ValueError("nobody thought of this"), "ValueError: nobody thought of this"),
    ],
)
def test_any_error_ends_the_recovery_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def unseal(*_words: Any) -> None:
        raise error

    monkeypatch.setattr(feeding, "unseal_compressed", unseal)
    chain = Chain(1, {NAME: f"wal/7/{NAME}.zst.age"}, {}, (), Newest(1, 0, datetime.now(UTC)))
    feeder = Feeder(
        FolderStore(tmp_path / "store"), Keys("unused"), make_manifest(datetime.now(UTC)), chain, tmp_path / "log"
    )
    feeder.prepare(tmp_path, ServerUser())

    with feeder:
        (tmp_path / "log" / "want" / NAME).touch()
        assert wait_until((tmp_path / "log" / "failed").exists, seconds=20)

    assert feeder.error is not None
    assert words in feeder.error.message
