"""Runs PostgreSQL once on a base backup until it has replayed the log, and looks whether everything is there."""

import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from localex.backup.errors import BackupDamaged, BackupError, StoreFull
from localex.backup.facts import count_rows, find_ledger_seal, find_lost_rows
from localex.backup.feeding import Feeder
from localex.backup.keys import Keys
from localex.backup.manifest import Manifest
from localex.backup.progress import Report
from localex.backup.stores import Store
from localex.backup.wal import Chain, format_lsn, parse_lsn
from localex.embedded import roles
from localex.embedded.binaries import postgres_bin
from localex.embedded.cluster import SECRET_NAMES, Cluster
from localex.embedded.directory import DataDirectory
from localex.embedded.errors import mentions_full_disk
from localex.embedded.logs import LogFile
from localex.embedded.processes import Child, merged_environment
from localex.embedded.secret_files import SecretFiles
from localex.embedded.users import launcher

SIGNAL = "recovery.signal"
NOT_REACHED = "recovery ended before configured recovery target was reached"
# What PostgreSQL writes into the history of a timeline that began at the end of the log.
NO_TARGET = "no recovery target specified"
WORK = "recovery"
# The log of a timeline and its history, whole or not.
NEW_LOG = re.compile(r"[0-9A-F]{8}([0-9A-F]{16}|\.history).*")
# See localex.credits.seals.publisher.
SEALS = "seals"
SEALS_ASIDE = "seals-given-up"
# Only the owner of the socket's folder can connect, and the passwords may be older or newer than the database.
TRUST = "local all all trust\n"
STOP_SECONDS = 600
# After an interruption nobody waits for long: a recovery that is killed goes on where it was.
INTERRUPTED_SECONDS = 10


@dataclass(frozen=True)
class Recovered:
    """What PostgreSQL had replayed when it opened, and what is in the database now."""

    end_lsn: int
    timeline: int
    segment_count: int
    row_counts: dict[str, int]
    # Published seals that were made after the time that was restored.
    seals_aside: int = 0


class Recovery:
    """One recovery of the database in `directory` (the draft of an installation) until `to` (None: the end)."""

    def __init__(
        self,
        directory: DataDirectory,
        store: Store,
        keys: Keys,
        *,
        manifest: Manifest,
        chain: Chain,
        to: datetime | None,
        report: Report,
    ) -> None:
        self._directory = directory
        self._store = store
        self._keys = keys
        self._manifest = manifest
        self._chain = chain
        self._to = to
        self._report = report
        self._work = directory.root / WORK
        self._log = LogFile(directory.logs / "restore.log")
        self._segment_count = 0

    def run(self) -> Recovered:
        """Recover, check, stop. May be called again after it was killed at any point.

        Raises BackupDamaged, or BackupError with PostgreSQL's own words.
        """
        self._resume()
        # When nothing was committed between the time that was asked for and the end of the log, the end is that time;
        # `_look` makes sure that it is the end.
        if not self._start(self._to) and not self._start(None):
            raise self._failure()
        try:
            found = self._look()
        except psycopg.Error as error:
            # As when the disk fills up behind PostgreSQL's back; its log says why.
            raise self._failure() from error
        finally:
            self._cluster.stop(STOP_SECONDS)
        self._check_pages()
        shutil.rmtree(self._work, ignore_errors=True)
        return found

    def _resume(self) -> None:
        """Let PostgreSQL recover again when an earlier run was stopped after it had called the recovery over.

        It takes its signal away before it writes the history of the new timeline, and both before the checkpoint from
        which the next start goes on. Stopped between these, by a full disk or a kill, it would open an older state, or
        one behind the time that was asked for, and say nothing.
        """
        data, timeline = self._directory.postgres, self._chain.timeline
        Cluster.of(self._directory).end_leftover()
        if (data / SIGNAL).exists() or self._read_timeline() > timeline:
            return
        for path in (data / "pg_wal").iterdir():
            if NEW_LOG.fullmatch(path.name) and int(path.name[:8], 16) > timeline:
                path.unlink()
        note_recovery(data, self._directory.server_user.own)

    def _read_timeline(self) -> int:
        """The timeline of the checkpoint from which PostgreSQL would go on."""
        user, data = self._directory.server_user, self._directory.postgres
        program = postgres_bin(user, self._directory.engine) / "pg_controldata"
        done = subprocess.run(
            [*launcher(user, 9), str(program), "-D", str(data)],
            env=merged_environment({"LC_ALL": "C"}),
            capture_output=True,
            text=True,
            check=False,
            cwd=data,
        )
        found = re.search(r"^Latest checkpoint's TimeLineID: +(\d+)$", done.stdout, re.MULTILINE)
        if found is None:
            raise BackupDamaged(f"The restored database does not say who it is.\n{(done.stdout + done.stderr)[-2000:]}")
        return int(found[1])

    def _start(self, to: datetime | None) -> bool:
        """Start PostgreSQL and wait until it is open; False when the log ended before `to`."""
        shutil.rmtree(self._work, ignore_errors=True)
        feeder = Feeder(self._store, self._keys, self._manifest, self._chain, self._work / "log")
        user = self._directory.server_user
        self._work.mkdir(mode=0o700)
        user.own(self._work)
        hba = self._work / "pg_hba.conf"
        hba.write_text(TRUST)
        user.own(hba)
        command = feeder.prepare(self._directory.postgres, user)
        self._cluster = Cluster.of(self._directory, self._settings(command, hba, to))
        self._cluster.end_leftover()
        self._log.write(b"\n--- restore ---\n")
        with feeder:
            child = Child(self._cluster.command(), self._log)
            try:
                self._await(child, feeder)
            except BaseException:
                child.stop(INTERRUPTED_SECONDS)
                raise
        self._segment_count = feeder.fed
        if child.poll() is None:
            self._cluster.adopt(child)
            return True
        if feeder.error:
            raise feeder.error
        if NOT_REACHED in self._log.tail():
            return False
        raise self._failure()

    def _await(self, child: Child, feeder: Feeder) -> None:
        total = len(self._chain.segments) * self._manifest.segment_size
        while child.poll() is None and not self._cluster.is_ready(child.pid):
            self._report(min(feeder.fed * self._manifest.segment_size, total), total, "replaying the log")
            time.sleep(0.05)

    def _settings(self, command: str, hba: Path, to: datetime | None) -> dict[str, str]:
        settings = {
            "restore_command": command,
            "recovery_target_timeline": str(self._chain.timeline),
            "recovery_target_action": "promote",
            # Nobody looks meanwhile, and the recovery then does not insist on as many connections as before.
            "hot_standby": "off",
            "hba_file": str(hba),
            # One big checkpoint at the end instead of many on the way.
            "max_wal_size": "4GB",
        }
        if to is not None:
            # Reading ahead would stumble over damage that lies behind the time that was asked for.
            settings["recovery_prefetch"] = "off"
            settings["recovery_target_time"] = to.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f+00")
            settings["recovery_target_inclusive"] = "on"
        return settings

    def _failure(self) -> BackupError:
        words = self._log.tail()
        if mentions_full_disk(words):
            return StoreFull(f"There is no space left in {self._directory.root}. Free some and restore again.")
        lines = "\n".join([line for line in words.splitlines() if line.strip()][-8:])
        return BackupDamaged(f"PostgreSQL could not recover from this backup. Its own words follow.\n{lines}")

    def _look(self) -> Recovered:
        """Compare the open database with what the manifest and the log promise."""
        self._report(0, None, "checking")
        timeline, end_lsn, is_whole_log = self._find_end()
        if is_whole_log and end_lsn < self._chain.newest.lsn:
            raise BackupDamaged(
                f"The log ends at {format_lsn(end_lsn)}, and the store says that it reaches "
                f"{format_lsn(self._chain.newest.lsn)}: something at its end was lost."
            )
        with self._cluster.connect(roles.SUPER, self._manifest.database) as connection:
            counts = count_rows(connection)
            lost = find_lost_rows(self._manifest.row_counts, counts)
            if lost:
                had = self._manifest.row_counts[lost[0]]
                raise BackupDamaged(f"{lost[0]} has {counts.get(lost[0], 0)} rows, and the backup had {had}.")
            self._check_seal(connection)
            aside = self._put_seals_aside(connection)
            self._set_passwords(connection)
            connection.execute("CHECKPOINT")
        return Recovered(end_lsn, timeline, self._segment_count, counts, aside)

    def _check_seal(self, connection: "psycopg.Connection[Any]") -> None:
        """The ledger's seal of the manifest must be there with the same digest."""
        expected = self._manifest.ledger_seal
        if expected is None:
            return
        newest = find_ledger_seal(connection)
        row = connection.execute("SELECT digest FROM ledger.seals WHERE seal_no = %s", [expected.seal_no]).fetchone()
        if newest is None or row is None or bytes(row[0]).hex() != expected.digest:
            raise BackupDamaged(f"The ledger's seal {expected.seal_no} is not the one that the backup had.")

    def _put_seals_aside(self, connection: "psycopg.Connection[Any]") -> int:
        """Take published seals away that the restored ledger has not reached; returns how many there are.

        They belong to what was given up by restoring an earlier time. Beside the new life's seals of the same numbers
        they would look like forgeries, and the ledger would stop itself; thrown away they could not be asked about.
        """
        newest = find_ledger_seal(connection)
        last = newest.seal_no if newest else 0
        aside = self._directory.root / SEALS_ASIDE
        for path in (self._directory.root / SEALS).glob("*.json"):
            if path.stem.isdigit() and int(path.stem) > last:
                aside.mkdir(mode=0o700, exist_ok=True)
                path.replace(aside / path.name)
        return sum(1 for _ in aside.glob("*.json"))

    def _set_passwords(self, connection: "psycopg.Connection[Any]") -> None:
        """The files in `secrets` win: they may be older or newer than the database."""
        from psycopg import sql

        secrets = SecretFiles(self._directory.secrets)
        secrets.prepare(is_first_start=True)
        found = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        for role, name in SECRET_NAMES.items():
            if role in found:
                verifier = connection.pgconn.encrypt_password(
                    secrets.read(name).encode(), role.encode(), b"scram-sha-256"
                )
                words = (sql.Identifier(role), sql.Literal(verifier.decode()))
                connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(*words))

    def _find_end(self) -> tuple[int, int, bool]:
        """The timeline of the opened database, the LSN where it left the one before, whether at the log's end.

        PostgreSQL wrote it down itself, so it is known as well when this was killed after the database had opened.
        """
        histories = sorted((self._directory.postgres / "pg_wal").glob("*.history"))
        if not histories:
            raise BackupError("PostgreSQL opened the database without a new timeline. Restore again.")
        lines = [line.split("\t") for line in histories[-1].read_text().splitlines() if line[:1].isdigit()]
        return int(histories[-1].stem, 16), parse_lsn(lines[-1][1]), lines[-1][2].startswith(NO_TARGET)

    def _check_pages(self) -> None:
        """Look at the checksum of every page of the stopped database."""
        self._report(0, None, "checking every page")
        user, data = self._directory.server_user, self._directory.postgres
        program = postgres_bin(user, self._directory.engine) / "pg_checksums"
        done = subprocess.run(
            [*launcher(user, 9), str(program), "--check", "-D", str(data)],
            env=merged_environment({"LC_ALL": "C"}),
            capture_output=True,
            text=True,
            check=False,
            cwd=data,
        )
        if done.returncode:
            words = (done.stdout + done.stderr).strip()
            raise BackupDamaged(f"Pages of the restored database are damaged.\n{words[-2000:]}")


def note_recovery(data: Path, own: Any) -> None:
    """Tell PostgreSQL that it begins with a recovery; done once, before a first start."""
    path = data / SIGNAL
    path.touch(mode=0o600)
    own(path)
