"""Backups: a base backup a day and the log of every change since, encrypted, and what brings a town back from them.

`engine` is the API: make_backup, list_backups, verify_backup, restore, apply_retention. `receiver` ships the log and
new pictures all the time. Nothing here imports Django, so a broken application can still be backed up and restored.

What lies in a store (see `stores`), each object compressed, encrypted and authenticated (see `sealed`):

    backups/ID/manifest.json.age            what the backup is made of; without it the backup does not count
    backups/ID/base-00001.tar.zst.age       the base backup of pg_basebackup in parts
    backups/ID/files.jsonl.zst.age          every file of the data directory and the pack that holds it
    files/TIME-ID.tar.zst.age               packs of pictures, seals and secrets; shared by backups
    wal/SYSTEM/SEGMENT.zst.age              the write-ahead log; `.partial` while the segment is being written
    wal/SYSTEM/newest.json.age              up to when the log is complete
"""
