"""The configuration that a new PostgreSQL cluster gets. It is written once; an operator may then change it."""

import os

POSTGRESQL_CONF = """\
# PostgreSQL of this LocalEx installation. LocalEx wrote this file once and does not change it again: edit it, or put
# your own settings in files that end in .conf in the folder conf.d, which is read last and wins.
# Every setting is explained at https://www.postgresql.org/docs/18/runtime-config.html

# -- Connections ------------------------------------------------------------------------------------------------------
# Nothing listens on the network. The folder of the socket is given on the command line and only its owner may enter it.
listen_addresses = ''
unix_socket_permissions = 0700
password_encryption = scram-sha-256
# Two to four web workers (parts.worker_count) and one job worker with pools of at most 8,
# migrations, backups and a person with psql, with room.
max_connections = 60
superuser_reserved_connections = 3
# A client whose machine or process is gone is noticed within 10 s, so that its locks are freed.
client_connection_check_interval = 10s

# -- Memory: the whole installation is meant to stay below 600 MB ------------------------------------------------------
# The operating system caches files as well; a quarter of a small machine's memory is not better than this.
shared_buffers = {shared_buffers_mb}MB
effective_cache_size = {cache_mb}MB
# Per sort or hash of a query. List pages are limited, so 8 MB is enough, and 60 connections cannot eat the machine.
work_mem = 8MB
maintenance_work_mem = 64MB
# Planning with compiled code costs more than it brings to queries that take a few milliseconds.
jit = off
# No huge pages on small machines: do not fail, do not try.
huge_pages = off

# -- Write-ahead log: a booked credit survives a power cut -----------------------------------------------------------
fsync = on
full_page_writes = on
synchronous_commit = on
# `replica` is what base backups, the WAL archive and a standby need; switching later would need a restart.
wal_level = replica
max_wal_senders = 4
max_replication_slots = 4
# Checkpoints every 15 minutes or 512 MB of log: few enough to write little, and a crash is recovered in seconds.
checkpoint_timeout = 15min
max_wal_size = 512MB
min_wal_size = 64MB
# Where each hot page is kept: SSDs read at random about as fast as in sequence.
random_page_cost = 1.1

# -- Processes --------------------------------------------------------------------------------------------------------
max_worker_processes = 4
max_parallel_workers_per_gather = 1
max_parallel_workers = 2
max_logical_replication_workers = 0
io_workers = 1
# Ledger, jobs and sessions change the same rows often: clean up early and a little at a time.
autovacuum_max_workers = 2
autovacuum_worker_slots = 4
autovacuum_naptime = 30s
autovacuum_vacuum_scale_factor = 0.05
autovacuum_analyze_scale_factor = 0.05

# -- Limits: nothing waits for ever (the application sets tighter ones per connection) ---------------------------------
idle_in_transaction_session_timeout = 60s
lock_timeout = 30s

# -- Language and time: the same on every machine ---------------------------------------------------------------------
timezone = 'UTC'
log_timezone = 'UTC'
datestyle = 'iso, ymd'
default_text_search_config = 'pg_catalog.simple'

# -- Log: to the supervisor, which keeps logs/postgres.log and limits its size -----------------------------------------
log_destination = 'stderr'
logging_collector = off
log_line_prefix = '%m [%p] %q%u@%d '
log_checkpoints = off
log_lock_waits = on
# What members typed stands in statements and in the details of errors. The settings that keep both out of the log are
# given on the command line, so that they also hold for databases that an older LocalEx made.

include_dir = 'conf.d'
"""

# The driver puts values into the text of a statement, so no statement may be logged, neither a failed one nor a slow
# one; the detail of an error repeats the row ("Key (email)=(...) already exists").
PRIVATE_LOG = {
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}

# What continuous backups need, also of databases that an older LocalEx made. The name sorts first in conf.d, so that an
# operator's own file wins.
# Also for a server outside, see backup/receiver.py.
MAX_SLOT_MB = 1024
BACKUP_CONF_NAME = "00-localex-backup.conf"
BACKUP_CONF = f"""\
# Written by LocalEx. Do not edit: put your own settings into a file of another name in this folder, which then wins.

# The log is kept for the backups while these cannot be reached, but it must never fill the disk: beyond this it is let
# go, the next base backup begins at once, and nobody who trades notices. (No archive_timeout: the unfinished segment is
# shipped as it is, see backup/receiver.py.)
max_slot_wal_keep_size = {MAX_SLOT_MB}MB
"""

PG_HBA_CONF = """\
# Who may connect to this LocalEx installation: only through the socket, only with a password (SCRAM).
# TYPE  DATABASE     USER  METHOD
local   all          all   scram-sha-256
local   replication  all   scram-sha-256
"""


def postgresql_conf() -> str:
    """The file postgresql.conf for this machine's memory."""
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024**2
    # At least 64 MB, at most 128 MB: more belongs to an operator who measured.
    shared_mb = 64 if memory_mb < 2048 else 128
    return POSTGRESQL_CONF.format(shared_buffers_mb=shared_mb, cache_mb=max(256, memory_mb // 4))
