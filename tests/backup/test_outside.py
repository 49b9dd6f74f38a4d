"""A PostgreSQL outside is backed up by a role that may replicate and read, and do nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest

from localex.backup import engine
from localex.backup.errors import BackupError
from localex.backup.site import Site
from localex.backup.stores import FolderStore
from localex.embedded import roles
from localex.embedded.installation import Installation
from tests.backup.town import Town, read_postings, restore

pytestmark = pytest.mark.slow


def test_a_role_that_may_replicate_and_read_is_enough(town: Town, place: Path) -> None:
    with town.cluster.connect(roles.SUPER) as connection:
        connection.execute("CREATE ROLE backup_only LOGIN REPLICATION PASSWORD 'only for this test'")
        connection.execute(f"GRANT CONNECT ON DATABASE {roles.DATABASE} TO backup_only")
        connection.execute("GRANT pg_monitor, pg_read_all_data TO backup_only")
    url = f"postgresql://backup_only:only%20for%20this%20test@/{roles.DATABASE}"
    outside = replace(
        town, outside_url=f"{url}?host={str(town.cluster.sockets).replace(' ', '%20').replace('%f', '%25f')}"
    )
    store = FolderStore(place / "store")

    outside.backup(store)
    with outside.receiving(store):
        outside.post("seen from outside")

    assert engine.verify_backup(store, town.keys).findings == ()
    restore(store, town, place / "new")
    assert read_postings(place / "new")[-2:] == ["seen from outside", "the last one"]


def test_a_server_outside_without_such_a_role_is_refused(place: Path) -> None:
    installation = Installation.at(place / "data", {"DATABASE_URL": "postgresql://app@db.example/localex"})

    with pytest.raises(BackupError, match="set LOCALEX_BACKUP_URL"):
        Site.of(installation)


def test_a_database_that_is_not_there_is_said_to_be_gone(town: Town, place: Path) -> None:
    gone = replace(town, outside_url=f"postgresql://somebody@/nowhere?host={place}")

    with pytest.raises(BackupError, match="The database cannot be reached"):
        gone.backup(FolderStore(place / "store"))
