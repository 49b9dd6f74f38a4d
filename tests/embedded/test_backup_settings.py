"""What continuous backups need of PostgreSQL reaches every database, and an operator may still decide otherwise."""

from pathlib import Path
from typing import Any

from localex.embedded import roles
from localex.embedded.cluster import Cluster
from localex.embedded.directory import DataDirectory
from localex.embedded.postgres_settings import BACKUP_CONF_NAME


def settings_of(cluster: Cluster) -> tuple[Any, ...]:
    """archive_timeout and max_slot_wal_keep_size, as the running server has them."""
    cluster.start()
    try:
        with cluster.connect(roles.SUPER, "postgres") as superuser:
            row = superuser.execute(
                "SELECT current_setting('archive_timeout'), current_setting('max_slot_wal_keep_size')"
            ).fetchone()
    finally:
        cluster.stop()
    assert row is not None
    return row


def test_new_and_older_databases_have_them_and_an_operator_may_change_them(data_dir: Path) -> None:
    directory = DataDirectory(data_dir)
    directory.prepare()
    cluster = Cluster.of(directory)
    cluster.initialise()
    assert settings_of(cluster) == ("0", "1GB")
    # A database of the first release has no such file, and its operator wrote one of his own.
    folder = directory.postgres / "conf.d"
    (folder / BACKUP_CONF_NAME).unlink()
    (folder / "mine.conf").write_text("archive_timeout = 30s\n")
    assert settings_of(cluster) == ("30s", "-1")
    cluster.initialise()
    assert settings_of(cluster) == ("30s", "1GB")
