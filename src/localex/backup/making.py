"""Makes one backup. Its manifest comes last: whatever stops this before, nothing counts."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import localex
from localex.backup.base import Base, store_base
from localex.backup.catalogue import check_system, list_backups, list_ids
from localex.backup.facts import Facts, read_facts
from localex.backup.files import File, find_known, scan, stamp, store_index, store_new
from localex.backup.keys import Keys
from localex.backup.manifest import FOLDER, Manifest, StoredFile, object_name
from localex.backup.progress import Report, silent
from localex.backup.sealed import seal
from localex.backup.site import Site
from localex.backup.stores import Store

LOCK = "backup"


def make_backup(site: Site, store: Store, keys: Keys, report: Report = silent) -> Manifest:
    """Back the site up while it runs: database, files and secrets. Does not ask whether the key is confirmed.

    Raises Busy when a backup is being made in this store, StoreFull, BackupError with PostgreSQL's own words. Whatever
    an earlier, killed run left in the store is removed first.
    """
    with store.holding(LOCK):
        remove_unfinished(store)
        earlier = list_backups(store, keys)
        backup_id = _new_id(store)
        with site.connected() as connection, _kept_log(connection, backup_id):
            facts = read_facts(connection)
            check_system(store, earlier, facts.system_identifier)
            base = store_base(site, store, keys, backup_id, lambda done: report(done, facts.bytes_estimate, "database"))
            row = connection.execute("SELECT clock_timestamp()").fetchone()
        # After the database: a picture is there before its row is.
        known = find_known(store, keys, earlier[-1] if earlier else None)
        root = site.directory.root
        files = store_new(store, keys, root, scan(root, but=store.own_folder), known, report)
        index = store_index(store, keys, object_name(backup_id, "files.jsonl.zst.age"), files)
        manifest = _manifest(backup_id, facts, base, index, files, stopped_at=row[0] if row else facts.now, keys=keys)
        seal(store, keys, object_name(backup_id), io.BytesIO(manifest.to_json()))
        return manifest


def remove_unfinished(store: Store) -> None:
    """Remove what killed runs left. Only for the holder of the lock."""
    store.clean_drafts()
    complete = set(list_ids(store))
    for entry in store.list(f"{FOLDER}/"):
        if entry.name.split("/")[1] not in complete:
            store.delete(entry.name)


def _new_id(store: Store) -> str:
    """The time; a second backup within the same second gets a letter."""
    found, taken = stamp(), set(list_ids(store))
    while found in taken:
        found += "x"
    return found


@contextmanager
def _kept_log(connection: Any, backup_id: str) -> Iterator[None]:
    """Keep the log that the base backup needs until it is read; the slot ends with the connection at the latest."""
    name = f"localex_base_{hashlib.sha256(backup_id.encode()).hexdigest()[:12]}"
    connection.execute("SELECT pg_create_physical_replication_slot(%s, true, true)", [name])
    yield
    connection.execute("SELECT pg_drop_replication_slot(%s)", [name])


def _manifest(
    backup_id: str, facts: Facts, base: Base, index: StoredFile, files: list[File], *, stopped_at: Any, keys: Keys
) -> Manifest:
    return Manifest(
        backup_id=backup_id,
        started_at=facts.now,
        stopped_at=stopped_at,
        start_lsn=base.start_lsn,
        stop_lsn=base.stop_lsn,
        timeline=base.timeline,
        system_identifier=facts.system_identifier,
        segment_size=facts.segment_size,
        localex_version=localex.__version__,
        schema_fingerprint=facts.schema_fingerprint,
        postgres_version=facts.postgres_version,
        database=facts.database,
        key_fingerprint=keys.fingerprint,
        base=base.parts,
        files_index=index,
        base_bytes=base.tar_bytes,
        file_bytes=sum(file.size for file in files),
        file_count=len(files),
        postgres_manifest_sha256=base.postgres_manifest_sha256,
        row_counts=facts.row_counts,
        ledger_seal=facts.ledger_seal,
    )
