"""A PostgreSQL of the benchmark's own, set up exactly as an installation's, and pgbench against it.

The settings are those of `localex up`: fsync and synchronous_commit are on. It lies in build/ (or LOCALEX_BENCH_DIR),
on the disk of the checkout, because a folder in memory would make commits look cheap.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from localex.embedded import roles
from localex.embedded.binaries import postgres_bin
from localex.embedded.cluster import SECRET_NAMES
from localex.embedded.installation import Installation
from localex.embedded.logs import LogFile
from localex.embedded.secret_files import SecretFiles

ROOT = Path(__file__).parent.parent
OUTSIDE = ("LOCALEX_", "DATABASE_", "REDIS_", "EMAIL_", "DJANGO_", "PG")
NOT_REMOVED = {"LOCALEX_BENCH_DIR"}
TPS = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)
FAILED = re.compile(r"number of failed transactions: ([0-9]+)")


@dataclass(frozen=True)
class OwnCluster:
    """A running cluster with one database, and the folder for what the benchmark writes."""

    installation: Installation
    folder: Path

    def url(self, role: str = roles.APP, database: str = roles.DATABASE) -> str:
        """The address of a database for a role."""
        return self.installation.cluster.url(role, database)

    def connect(self, role: str = roles.SUPER, database: str = roles.DATABASE) -> "psycopg.Connection[Any]":
        """An autocommit connection; the superuser's unless told otherwise."""
        return self.installation.cluster.connect(role, database)

    def migrate(self) -> None:
        """Run this checkout's `localex migrate` on the database."""
        environment = {
            **os.environ,
            **{name: value for name, value in self.installation.environment(as_owner=True).items() if value},
            "REDIS_URL": "",
        }
        subprocess.run([sys.executable, "-m", "localex.cli", "migrate"], env=environment, check=True)

    def pgbench(
        self, script: str | None, *, clients: int, seconds: int, role: str = roles.APP, words: Sequence[str] = ()
    ) -> float:
        """Transactions per second of a pgbench script (None: what `words` say), with prepared statements.

        Raises SystemExit when a transaction failed, so that no figure counts refusals.
        """
        command = ["-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2)), "-T", str(seconds), *words]
        if script is not None:
            path = self.folder / "script.sql"
            path.write_text(script)
            command += ["-f", str(path)]
        done = self.run_pgbench(command, role=role)
        failed = FAILED.search(done)
        if failed is None or int(failed[1]):
            raise SystemExit(f"pgbench had failures:\n{done}")
        return float(TPS.search(done)[1])  # type: ignore[index]

    def run_pgbench(self, words: Sequence[str], *, role: str = roles.APP) -> str:
        """What pgbench prints; SystemExit with its errors when it ends badly."""
        directory = self.installation.directory
        program = postgres_bin(directory.server_user, directory.engine) / "pgbench"
        secret = SecretFiles(directory.secrets).read(SECRET_NAMES[role])
        environment = {**os.environ, "PGPASSWORD": secret, "PGHOST": str(directory.postgres_sockets)}
        environment |= {"PGUSER": role, "PGDATABASE": roles.DATABASE, "PGPORT": "5432"}
        done = subprocess.run([str(program), *words], env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"pgbench failed:\n{done.stdout}{done.stderr}")
        return done.stdout


@contextmanager
def own_cluster(*, migrated: bool = True) -> Iterator[OwnCluster]:
    """Make a cluster, start it, migrate it, and remove everything at the end."""
    for name in [name for name in os.environ if name.startswith(OUTSIDE) and name not in NOT_REMOVED]:
        del os.environ[name]
    parent = Path(os.environ.get("LOCALEX_BENCH_DIR") or ROOT / "build")
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="localex-bench-", dir=_reachable(parent)))
    folder.chmod(0o755)  # for the database's unprivileged user, when this runs as root
    installation = Installation.at(folder / "data", {})
    cluster = None
    try:
        installation.directory.prepare()
        SecretFiles(installation.directory.secrets).prepare(is_first_start=True)
        cluster = installation.cluster
        cluster.initialise()
        cluster.start(LogFile(installation.directory.logs / "postgres.log"))
        cluster.create_roles()
        made = OwnCluster(installation, folder)
        if migrated:
            made.migrate()
        yield made
    finally:
        if cluster is not None:
            cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _reachable(parent: Path) -> Path | None:
    """`parent`, or the system's own temporary folder where the database's unprivileged user cannot enter it."""
    from localex.embedded.users import find_server_user

    return parent if find_server_user(None).can_reach([parent]) else None
