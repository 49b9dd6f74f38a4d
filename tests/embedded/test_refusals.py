"""What can be wrong when an installation starts: each has its sentence and its exit code, and damages nothing."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localex.embedded import roles
from localex.embedded.cluster import Cluster
from localex.embedded.directory import DataDirectory, replace_file
from localex.embedded.errors import ExitCode, StartError
from localex.embedded.installation import Installation
from localex.embedded.processes import wait_until
from localex.embedded.secret_files import NAMES, SIGNING_KEY
from tests.embedded.running import PATIENCE_SECONDS, Up, clean_environment, end, running
from tests.processes import run_python

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount and make network namespaces")


def refused(data_dir: Path, code: ExitCode, *, port: int | None = None, **variables: str) -> str:
    """Start, expect that refusal, and return what was said."""
    up = Up(data_dir, port=port, **variables)
    try:
        words = up.output()
    finally:
        end(up)
    assert up.process.returncode == code, words
    assert "Traceback" not in words
    return words


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, to see that nothing changed."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_taken_port(data_dir: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert f"Port {port} on 127.0.0.1 is taken" in refused(data_dir, ExitCode.PORT_TAKEN, port=port)
    # Nothing was made that would keep the next start from being a first one.
    assert not (data_dir / "postgres" / "18").exists()


def test_a_directory_that_cannot_be_written(place: Path) -> None:
    (place / "file").write_text("not a folder")
    words = refused(place / "file" / "below", ExitCode.NOT_WRITABLE)
    assert "cannot be written" in words
    assert "--data-dir" in words


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_of_somebody_else(place: Path) -> None:
    place.chmod(0o500)
    assert "Permission denied" in refused(place / "x", ExitCode.NOT_WRITABLE)


def test_a_directory_with_other_things(place: Path) -> None:
    (place / "letters.txt").write_text("Dear neighbour")
    before = place.stat().st_mode
    assert "holds other files" in refused(place, ExitCode.NOT_WRITABLE)
    assert contents(place) == {"letters.txt": b"Dear neighbour"}
    assert place.stat().st_mode == before


def test_a_directory_with_names_that_we_use_too(place: Path) -> None:
    for name in ("mail", "Documents"):
        (place / name).mkdir(mode=0o750)
    before = {path: (path.stat().st_mode, path.stat().st_gid) for path in (place, *place.iterdir())}
    words = refused(place, ExitCode.NOT_WRITABLE)
    assert "holds other files" in words
    assert "Choose an empty or new directory with --data-dir" in words
    assert {path: (path.stat().st_mode, path.stat().st_gid) for path in (place, *place.iterdir())} == before


@needs_root
def test_a_directory_that_the_database_user_cannot_enter(place: Path) -> None:
    place.chmod(0o700)
    assert "PostgreSQL cannot run as root" in refused(place / "x", ExitCode.NOT_WRITABLE)


def test_a_database_of_a_newer_postgresql(data_dir: Path) -> None:
    with running(data_dir) as up:
        up.stop()
    shutil.move(data_dir / "postgres" / "18", data_dir / "postgres" / "19")
    (data_dir / "postgres" / "19" / "PG_VERSION").write_text("19\n")
    before = contents(data_dir / "postgres")
    words = refused(data_dir, ExitCode.NEWER_VERSION)
    assert "made by PostgreSQL 19" in words
    assert "start the newer LocalEx" in words
    assert contents(data_dir / "postgres") == before


def test_lost_passwords(data_dir: Path) -> None:
    with running(data_dir) as up:
        up.stop()
    (data_dir / "secrets" / "app_password").unlink()
    words = refused(data_dir, ExitCode.DAMAGED)
    assert "app_password" in words
    assert not (data_dir / "secrets" / "app_password").exists()


def test_a_wrong_setting(data_dir: Path) -> None:
    words = refused(data_dir, ExitCode.SETTINGS, LOCALEX_LOG_LEVEL="loud")
    assert "LOCALEX_LOG_LEVEL is wrong" in words
    assert "loud" not in words


def test_an_address_of_another_machine(data_dir: Path) -> None:
    words = ("up", "--data-dir", data_dir, "--host", "192.0.2.1")
    done = run_python("-m", "localex.cli", *words, environment=clean_environment())
    assert done.returncode == ExitCode.PORT_TAKEN
    assert "192.0.2.1 is not an address of this machine" in done.stderr


def test_a_full_disk_is_noticed_before_anything_starts(place: Path) -> None:
    directory = DataDirectory(place / "x")
    with pytest.raises(StartError, match="MB left") as caught:
        directory.check_space(needed_bytes=2**62)
    assert caught.value.exit_code == ExitCode.DISK_FULL
    assert not (place / "x").exists()


def test_a_disk_that_fills_while_the_database_is_made(data_dir: Path) -> None:
    """A limit on the size of files stands for the disk: the write that is too much fails in the same place."""
    done = subprocess.run(
        ["prlimit", "--fsize=4000000", sys.executable, "-m", "localex.cli", "migrate", "--data-dir", str(data_dir)],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == ExitCode.NOT_RUNNING
    DataDirectory(data_dir).prepare()
    up = Up(data_dir, prefix=("prlimit", "--fsize=4000000"))
    try:
        words = up.output()
        assert up.process.returncode == ExitCode.DISK_FULL, words
        assert "is full. Nothing was damaged" in words
    finally:
        end(up)
    assert list((data_dir / "postgres").iterdir()) == []
    with running(data_dir) as second:
        assert second.answers()


@pytest.fixture
def small_disk(place: Path) -> Iterator[Path]:
    """A disk of 160 MB, big enough for a database and easily filled."""
    folder = place / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m,mode=0755", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@needs_root
def test_a_disk_that_fills_while_the_database_runs(small_disk: Path) -> None:
    directory = DataDirectory(small_disk / "x")
    directory.prepare()
    cluster = Cluster.of(directory, {"min_wal_size": "32MB", "max_wal_size": "48MB"})
    cluster.initialise()
    cluster.start()
    filling = small_disk / "filling"
    try:
        cluster.create_roles()
        with cluster.connect(roles.OWNER) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 'before' AS word")
        free = shutil.disk_usage(small_disk).free
        filling.write_bytes(bytes(free - 100_000))
        with pytest.raises(Exception, match="No space left"), cluster.connect(roles.OWNER) as connection:
            connection.execute("CREATE TABLE big AS SELECT repeat('x', 1000) FROM generate_series(1, 100000)")
        # A file that is replaced keeps its old content.
        directory.state.write_text("{}")
        with pytest.raises(StartError) as caught:
            replace_file(directory.state, "x" * 10_000_000)
        assert caught.value.exit_code == ExitCode.DISK_FULL
        assert directory.state.read_text() == "{}"
    finally:
        filling.unlink(missing_ok=True)
        cluster.stop()
    cluster.start()
    try:
        with cluster.connect(roles.OWNER) as connection:
            assert connection.execute("SELECT word FROM kept").fetchone() == ("before",)
    finally:
        cluster.stop()


@needs_root
def test_a_full_disk_says_so(small_disk: Path) -> None:
    (small_disk / "filling").write_bytes(bytes(100_000_000))
    assert "Nothing was changed; free some space" in refused(small_disk / "x", ExitCode.DISK_FULL)


@needs_root
def test_a_machine_without_a_network(data_dir: Path) -> None:
    up = Up(data_dir, prefix=("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"))
    try:
        assert up.wait_for("Ctrl-C stops it")
        assert up.stop() == 0
    finally:
        end(up)


@needs_root
def test_as_root_the_database_runs_as_somebody_else(data_dir: Path) -> None:
    with running(data_dir) as up:
        owner = Path(f"/proc/{up.parts['postgres'].pid}").stat().st_uid
        assert owner not in {0, -1}
        assert (data_dir / "postgres" / "18").stat().st_uid == owner
        up.stop()
    assert "because they must not be root" in up.words


def test_a_path_too_long_for_a_socket(place: Path) -> None:
    data_dir = place / ("long " * 12) / ("longer " * 12)
    with running(data_dir) as up:
        assert up.answers()
        sockets = DataDirectory(data_dir).sockets
        assert not sockets.is_relative_to(data_dir)
        assert (sockets / "postgres").stat().st_mode & 0o777 == 0o700
        assert Installation.at(data_dir, {}).answers()
    shutil.rmtree(sockets)


def test_a_secret_key_that_was_taken_away_is_made_anew_and_a_password_is_not(data_dir: Path) -> None:
    """So an operator changes the key after a break-in; the passwords are known to the database as well."""
    key, password = (data_dir / "secrets" / name for name in (SIGNING_KEY, "app_password"))
    with running(data_dir) as up:
        up.stop()
    assert "Made a new secret key" not in up.words
    old = key.read_text()
    key.unlink()
    with running(data_dir) as up:
        assert up.answers()
        up.stop()
    assert "Made a new secret key: everybody signs in again" in up.words
    assert len(key.read_text()) == len(old)
    assert key.read_text() != old

    password.unlink()
    assert "has lost app_password, without which" in refused(data_dir, ExitCode.DAMAGED)


def test_secrets_are_private_and_shown_nowhere(data_dir: Path) -> None:
    with running(data_dir) as up:
        values = {name: (data_dir / "secrets" / name).read_text() for name in NAMES}
        command_lines = b"".join(path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline"))
        assert not [name for name, value in values.items() if value.encode() in command_lines]
        up.stop()
    for name in NAMES:
        assert (data_dir / "secrets" / name).stat().st_mode & 0o777 == 0o600
    said = up.words + "".join(path.read_text() for path in (data_dir / "logs").iterdir())
    assert not [name for name, value in values.items() if value in said]


def test_servers_of_your_own_are_used_instead(data_dir: Path, place: Path) -> None:
    with running(place / "other") as other:
        installation = Installation.at(place / "other", {})
        variables = {"DATABASE_URL": installation.app_url, "REDIS_URL": installation.redis_server.url()}
        up = Up(data_dir, **variables)
        try:
            assert up.wait_for("Ctrl-C stops it")
            assert wait_for_parts(up) == {"web", "worker"}
            assert up.stop() == 0
        finally:
            end(up)
        assert not (data_dir / "postgres" / "18").exists()
        assert other.answers()


def wait_for_parts(up: Up) -> set[str]:
    """The names of the parts, once the worker, which comes last, is among them."""
    assert wait_until(lambda: "worker" in up.parts, seconds=PATIENCE_SECONDS)
    return set(up.parts)
