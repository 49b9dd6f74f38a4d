"""What a lost disk costs: how much is lost (RPO), how long it takes to have it back (RTO); how long a backup takes.

RPO: rows are written every 100 ms while the backup part runs; then PostgreSQL and the backup part are killed with -9
and their directory is taken away. What the store and the key bring back is compared with what was written: the age of
the newest row that came back, at the moment of the kill. It is repeated at other moments of the shipping round; the
worst counts. RTO: a database of LOCALEX_BENCH_MB (300) megabytes is restored from the store and started, in seconds per
GB. The backup of the demo town is made while that town runs, with its pictures.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from running_town import running_town, say_figure

from localex.backup import engine
from localex.backup.keys import Keys
from localex.backup.site import Site
from localex.backup.stores import FolderStore
from localex.embedded import roles
from localex.embedded.cluster import Cluster
from localex.embedded.directory import DataDirectory
from localex.embedded.installation import Installation
from localex.embedded.processes import wait_until
from localex.embedded.secret_files import SecretFiles

RPO_GOAL_SECONDS = 60.0
RTO_GOAL_SECONDS_PER_GB = 300.0
TOWN_GOAL_SECONDS = 30.0
ROUNDS = int(os.environ.get("LOCALEX_BENCH_ROUNDS", "3"))
MEGABYTES = int(os.environ.get("LOCALEX_BENCH_MB", "300"))
WRITE_EVERY_SECONDS = 0.1
PATIENCE_SECONDS = 120
GB = 1_000_000_000
OUTSIDE = ("LOCALEX_", "DATABASE_", "REDIS_", "EMAIL_", "DJANGO_")


class Town:
    """An own PostgreSQL with one table, its backups in a folder elsewhere, and a copy of the key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = FolderStore(folder / "store")
        self.directory = DataDirectory(folder / "data")
        self.directory.prepare()
        SecretFiles(self.directory.secrets).prepare(is_first_start=True)
        self.cluster = Cluster.of(self.directory)
        self.cluster.initialise()
        self.cluster.start()
        self.cluster.create_roles()
        self.keys = Keys(Keys.prepare(self.directory.secrets).secret)
        with self.cluster.connect(roles.OWNER) as owner:
            owner.execute("CREATE TABLE trade (id bigint PRIMARY KEY, at timestamptz NOT NULL, words text NOT NULL)")

    def backup(self) -> float:
        """Seconds of one complete backup."""
        begun = time.perf_counter()
        engine.make_backup(Site.of(Installation.at(self.directory.root, {})), self.store, self.keys)
        return time.perf_counter() - begun

    def keeper(self) -> "subprocess.Popen[bytes]":
        """The backup part as `localex up` starts it; it ships, and makes no backup of its own here."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(OUTSIDE)}
        variables = {"LOCALEX_DATA_DIR": str(self.directory.root), "LOCALEX_BACKUP_DIR": str(self.store.root)}
        command = [sys.executable, "-m", "localex.backup.keeper", "86400"]
        return subprocess.Popen(command, env={**clean, **variables}, stdout=subprocess.DEVNULL)

    def lose(self, keeper: "subprocess.Popen[bytes]") -> None:
        """The machine dies and its disk with it."""
        for process in (keeper.pid, self.postmaster):
            os.kill(process, 9)
        keeper.wait()
        self.cluster.stop()
        shutil.rmtree(self.directory.root)

    @property
    def postmaster(self) -> int:
        """The process of PostgreSQL."""
        return int((self.directory.postgres / "postmaster.pid").read_text().splitlines()[0])

    def newest_row(self, restored: Path) -> tuple[int, datetime]:
        """How many rows came back, and the time of the newest."""
        cluster = Cluster.of(DataDirectory(restored))
        cluster.start()
        try:
            with cluster.connect(roles.OWNER) as owner:
                row = owner.execute("SELECT count(*), max(at) FROM trade WHERE id > 0").fetchone()
        finally:
            cluster.stop()
        assert row is not None
        return row


def write_rows(town: Town, stop: threading.Event) -> None:
    """One committed row every 100 ms until the database is gone."""
    import psycopg

    number = 0
    try:
        with town.cluster.connect(roles.OWNER) as owner:
            while not stop.wait(WRITE_EVERY_SECONDS):
                number += 1
                owner.execute("INSERT INTO trade VALUES (%s, clock_timestamp(), 'a lamp')", [number])
    except psycopg.Error:
        return


def measure_loss(folder: Path, wait_seconds: float) -> tuple[float, float, int]:
    """Age in seconds of the newest row that came back, seconds of the restore, and how many rows came back."""
    town = Town(folder)
    town.backup()
    keeper, stop = town.keeper(), threading.Event()
    writer = threading.Thread(target=write_rows, args=(town, stop))
    writer.start()
    try:
        if not wait_until(lambda: bool(town.store.list("wal/")), seconds=PATIENCE_SECONDS):
            raise SystemExit("The backup part ships nothing.")
        time.sleep(wait_seconds)
        killed_at = datetime.now(UTC)
        town.lose(keeper)
    finally:
        stop.set()
        writer.join()
        keeper.kill()
    restored = engine.restore(town.store, town.keys, into=folder / "restored")
    count, newest = town.newest_row(folder / "restored")
    return (killed_at - newest).total_seconds(), restored.seconds, count


def measure_restore(folder: Path) -> tuple[float, float, float]:
    """Seconds of the backup and of the restore, and the GB that were restored."""
    town = Town(folder)
    # Half of it text that repeats, half of it noise that nothing can compress.
    rows = MEGABYTES * 1_000_000 // 1100
    with town.cluster.connect(roles.OWNER) as owner:
        owner.execute(
            "INSERT INTO trade SELECT -id, now(), repeat('a lamp ', 70) || "
            "(SELECT string_agg(md5(id::text || part), '') FROM generate_series(1, 16) part) "
            "FROM generate_series(1, %s) id",
            [rows],
        )
    backup_seconds = town.backup()
    town.cluster.stop()
    shutil.rmtree(town.directory.root)
    begun = time.perf_counter()
    restored = engine.restore(town.store, town.keys, into=folder / "restored")
    count, _ = town.newest_row(folder / "restored")
    if count:
        raise SystemExit("Rows came back that nobody wrote.")
    return backup_seconds, time.perf_counter() - begun, restored.manifest.base_bytes / GB


def measure_town(folder: Path) -> tuple[float, float]:
    """Seconds of a backup of the demo town while it runs, and its megabytes."""
    with running_town() as town:
        installation = Installation.at(town.data_dir, {})
        keys = Keys.prepare(installation.directory.secrets)
        begun = time.perf_counter()
        manifest = engine.make_backup(Site.of(installation), FolderStore(folder / "town"), keys)
        return time.perf_counter() - begun, (manifest.base_bytes + manifest.file_bytes) / 1_000_000


def main() -> None:
    """Measure, and print the figures last."""
    place = Path(tempfile.mkdtemp(prefix="localex-bench-"))
    place.chmod(0o755)  # for the database's unprivileged user, when this runs as root
    losses = []
    try:
        for number in range(ROUNDS):
            folder = place / f"loss-{number}"
            folder.mkdir(mode=0o755)
            # Other moments of the shipping round of 30 seconds, the last one just before the next.
            age, seconds, count = measure_loss(folder, 9.0 + number * 10.0)
            losses.append(age)
            print(f"lost disk {number + 1}: newest of {count} rows was {age:.1f} s old; restored in {seconds:.1f} s")
            shutil.rmtree(folder)
        (place / "size").mkdir(mode=0o755)
        backup_seconds, restore_seconds, gigabytes = measure_restore(place / "size")
        print(
            f"{gigabytes * 1000:.0f} MB: backup {backup_seconds:.1f} s ({backup_seconds / gigabytes:.0f} s per GB), "
            f"restore and start {restore_seconds:.1f} s"
        )
        town_seconds, town_mb = measure_town(place)
        print(f"demo town: {town_mb:.0f} MB")
    finally:
        shutil.rmtree(place, ignore_errors=True)
    say_figure("backup-rpo", max(losses), "s", "<=", RPO_GOAL_SECONDS)
    say_figure("restore-rto", restore_seconds / gigabytes, "s/GB", "<=", RTO_GOAL_SECONDS_PER_GB)
    say_figure("backup-demo-town", town_seconds, "s", "<=", TOWN_GOAL_SECONDS)


if __name__ == "__main__":
    main()
