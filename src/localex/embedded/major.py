"""Another major version of PostgreSQL: everything out of the old cluster with its own programs, into a new one.

`python -m localex.embedded.major dump DATA_DIR FOLDER` with the LocalEx that brings the old PostgreSQL, then
`python -m localex.embedded.major load FOLDER NEW_DATA_DIR` with the one that brings the new. LocalEx must not run on
either. Nothing in the old database is changed; its server is started for the dump and stopped again.
docs/operators/upgrade.md says what else to copy.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from localex.embedded import roles
from localex.embedded.binaries import postgres_bin
from localex.embedded.cluster import Cluster
from localex.embedded.directory import DataDirectory, DirectoryLock
from localex.embedded.errors import ExitCode, StartError
from localex.embedded.processes import merged_environment

if TYPE_CHECKING:
    import psycopg

ROLES, DATABASE = "roles.sql", "localex.dump"


def dump(cluster: Cluster, programs: Path, folder: Path, *, database: str = roles.DATABASE) -> None:
    """Write the roles and one database of a running cluster to `folder`. Raises StartError with the program's words."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    superuser = cluster.url(roles.SUPER, database)
    _run(programs / "pg_dumpall", superuser, "--roles-only", "--file", str(folder / ROLES))
    _run(programs / "pg_dump", superuser, "--format=custom", "--file", str(folder / DATABASE))


def load(cluster: Cluster, programs: Path, folder: Path, *, database: str = roles.DATABASE) -> None:
    """Make the roles and the database of a dump in a running, new cluster, which has the old one's secrets.

    Owners, rights, guards and every row are as they were; statistics are gathered anew. Raises StartError.
    """
    cluster.create_roles()
    with cluster.connect(roles.SUPER, "postgres") as superuser:
        _create_missing_roles(superuser, (folder / ROLES).read_text())
        roles.create_database(superuser, database)
    address = cluster.url(roles.SUPER, database)
    _run(programs / "pg_restore", address, "--exit-on-error", "--single-transaction", str(folder / DATABASE))
    with cluster.connect(roles.SUPER, database) as superuser:
        superuser.execute("ANALYZE")


def _create_missing_roles(superuser: "psycopg.Connection[Any]", text: str) -> None:
    """Roles that migrations made (the ledger's), and who is a member of which; a role that is there stays as it is."""
    found = {row[0] for row in superuser.execute("SELECT rolname FROM pg_roles")}
    for line in text.splitlines():
        words = line.rstrip(";").replace('"', "").split()
        is_missing_role = words[:2] in (["CREATE", "ROLE"], ["ALTER", "ROLE"]) and words[2] not in found
        if is_missing_role or words[:1] == ["GRANT"]:
            superuser.execute(line.encode())


def _run(program: Path, url: str, *words: str) -> None:
    """Run one of PostgreSQL's programs; the password goes by the environment, never on a command line."""
    password = unquote(urlsplit(url).password or "")
    address = url.replace(f":{urlsplit(url).password}@", "@", 1)
    done = subprocess.run(
        [str(program), "--dbname", address, "--no-password", *words],
        env=merged_environment({"PGPASSWORD": password, "LC_ALL": "C"}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StartError(f"{program.name} failed: {done.stderr.strip()[-600:]}", ExitCode.FAILED)


def _check(directory: DataDirectory, what: str) -> None:
    """Raise StartError when there is nothing to dump, or no place to load; nothing is changed."""
    if what == "load" and not (directory.root / "secrets" / "super_password").exists():
        raise StartError(f"Copy the folder secrets of the old directory to {directory.root} first.", ExitCode.DAMAGED)
    cluster = Cluster.of(directory)
    cluster.check_version()
    if what == "load" and cluster.is_initialised:
        raise StartError(f"There is a database in {directory.root} already. Nothing was changed.", ExitCode.FAILED)
    if what == "dump" and not cluster.is_initialised:
        raise StartError(f"There is no database in {directory.root}. Nothing was changed.", ExitCode.DAMAGED)


def main(words: list[str]) -> None:
    """Read the command line described above and act on it."""
    if len(words) != 3 or words[0] not in ("dump", "load"):
        sys.exit(__doc__)
    what, source, target = words
    directory = DataDirectory(Path(source if what == "dump" else target))
    folder = Path(target if what == "dump" else source).absolute()
    _check(directory, what)
    # For a dump this makes only what a restart of the machine may have taken, such as the folder of the socket.
    directory.prepare()
    lock = DirectoryLock(directory)
    lock.acquire()
    cluster = Cluster.of(directory)
    try:
        if what == "load":
            cluster.initialise()
        programs = postgres_bin(directory.server_user, directory.engine)
        cluster.start()
        (dump if what == "dump" else load)(cluster, programs, folder)
    except StartError:
        if what == "load":
            cluster.stop()
            shutil.rmtree(directory.postgres, ignore_errors=True)
        raise
    finally:
        cluster.stop()
        lock.release()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except StartError as error:
        sys.exit(error.message)
