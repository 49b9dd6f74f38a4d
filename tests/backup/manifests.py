"""Manifests of backups that nobody made."""

from datetime import datetime, timedelta

from localex.backup.manifest import Manifest, StoredFile

SEGMENT_SIZE = 1 << 24
SYSTEM = "7"


def make_manifest(stopped_at: datetime, *, backup_id: str = "20261123T030000Z", stop_lsn: int = 100) -> Manifest:
    """A backup of 60 MB that took two seconds and 100 bytes of the log; `stop_lsn` is at least that."""
    return Manifest(
        backup_id=backup_id,
        started_at=stopped_at - timedelta(seconds=2),
        stopped_at=stopped_at,
        start_lsn=stop_lsn - 100,
        stop_lsn=stop_lsn,
        timeline=1,
        system_identifier=SYSTEM,
        segment_size=SEGMENT_SIZE,
        localex_version="0.2.0",
        schema_fingerprint="",
        postgres_version="18.4",
        database="localex",
        key_fingerprint="",
        base=(),
        files_index=StoredFile("", 0, ""),
        base_bytes=60_000_000,
        file_bytes=0,
        file_count=0,
        postgres_manifest_sha256="",
        row_counts={},
    )
